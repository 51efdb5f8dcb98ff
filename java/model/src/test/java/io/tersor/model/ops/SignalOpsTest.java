package io.tersor.model.ops;

import static io.tersor.model.ops.OperatorsTest.assertValues;
import static io.tersor.model.ops.OperatorsTest.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.model.Attributes;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class SignalOpsTest {
    private static final Arena ARENA = Arena.ofAuto();

    private static Tensor floats(Shape shape, float... values) {
        return Tensor.ofFloats(ARENA, shape, values);
    }

    private static Tensor scalar(long value) {
        return Tensor.ofLongs(ARENA, Shape.of(), value);
    }

    @Test
    void transformsByHand() {
        Tensor signal = floats(Shape.of(1, 4, 1), 1, 2, 3, 4);
        double[] spectrum = {10, 0, -2, 2, -2, 0, -2, -2};
        assertValues(run("DFT", 17, Attributes.NONE, signal), spectrum);
        assertValues(run("DFT", 20, Attributes.NONE, signal), spectrum);
        Attributes half = Attributes.NONE.with("onesided", 1);
        assertValues(run("DFT", 20, half, signal), 10, 0, -2, 2, -2, 0);
        Tensor complex = floats(Shape.of(1, 4, 2), 10, 0, -2, 2, -2, 0, -2, -2);
        assertValues(run("DFT", 20, Attributes.NONE.with("inverse", 1), complex), 1, 0, 2, 0, 3, 0, 4, 0);
        assertValues(run("DFT", 20, half.with("inverse", 1), floats(Shape.of(1, 3, 2), 10, 0, -2, 2, -2, 0)),
                1, 2, 3, 4);
        // Cut to two points, and along the first axis.
        assertValues(run("DFT", 20, Attributes.NONE, signal, scalar(2), scalar(1)), 3, 0, -1, 0);
        assertValues(run("DFT", 20, Attributes.NONE, signal, scalar(1), scalar(0)), 1, 0, 2, 0, 3, 0, 4, 0);
        assertThrows(OperandException.class, () -> run("DFT", 20, half, complex));
        assertThrows(OperandException.class, () -> run("DFT", 20, Attributes.NONE, signal, scalar(4), scalar(2)));
    }

    @Test
    void framesAreWindowedAndTransformed() {
        Tensor signal = floats(Shape.of(1, 5, 1), 1, 2, 3, 4, 5);
        Tensor frames = run("STFT", 17, Attributes.NONE, signal, scalar(2), floats(Shape.of(2), 1, 0.5f));
        assertEquals(Shape.of(1, 2, 2, 2), frames.shape());
        assertValues(frames, 2, 0, 0, 0, 5, 0, 1, 0);
    }

    @Test
    void windows() {
        assertValues(run("HannWindow", 17, Attributes.NONE, scalar(4)), 0, 0.5, 1, 0.5);
        assertValues(run("HannWindow", 17, Attributes.NONE.with("periodic", 0), scalar(3)), 0, 1, 0);
        assertValues(run("HammingWindow", 17, Attributes.NONE, scalar(2)), 4 / 46.0, 1);
        assertValues(run("BlackmanWindow", 17, Attributes.NONE, scalar(2)), 0, 1);
    }

    @Test
    void melBandsAreTriangles() {
        Tensor bank = run("MelWeightMatrix", 17, Attributes.NONE, scalar(1), scalar(8), scalar(9),
                floats(Shape.of(), 0), floats(Shape.of(), 4.5f));
        // Below 700 Hz the scale is nearly linear: corners at bins 0, 1 and 2 of 9 * f / 9.
        assertValues(bank, 0, 1, 0, 0, 0);
        assertThrows(OperandException.class, () -> run("MelWeightMatrix", 17, Attributes.NONE, scalar(1), scalar(8),
                scalar(9), floats(Shape.of(), 0), floats(Shape.of(), 40)));
    }
}
