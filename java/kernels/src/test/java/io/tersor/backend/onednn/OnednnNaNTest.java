package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.backend.scalar.ScalarBackend;
import io.tersor.kernel.Activation;
import io.tersor.kernel.BackendProvider;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Residual;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A lower bound replaces NaN also where oneDNN has no generated kernel and falls back to portable code. */
class OnednnNaNTest {
    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(Onednn.find().isPresent(), Onednn.missing());
    }

    @Test
    void boundsOfDilatedDepthwiseWindows() {
        for (Window window : List.of(Window.of(3, 2).stride(3, 2).dilation(2, 1).padding(0, 1, 2, 2),
                Window.of(3, 1).stride(3).dilation(3, 2).padding(0, 1, 3, 1), Window.of(3, 3).padding(1))) {
            Conv2dSpec spec = new Conv2dSpec(DataType.F32, DataType.F32, DataType.F32, 4, 4, window, 4,
                    QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Optional.empty(),
                    Activation.RELU);
            try (Arena arena = Arena.ofConfined()) {
                Tensor src = speckled(arena, Shape.of(2, 9, 9, 4));
                Tensor expected = Tensor.allocate(arena, DataType.F32, spec.dstShape(src.shape()));
                Tensor actual = Tensor.allocate(arena, DataType.F32, expected.shape());
                convolve(new ScalarBackend(), arena, spec, src, expected);
                convolve(new OnednnBackend(), arena, spec, src, actual);
                assertSame(expected, actual);
            }
        }
    }

    private static void convolve(BackendProvider backend, Arena arena, Conv2dSpec spec, Tensor src, Tensor dst) {
        assertEquals(Optional.empty(), backend.refusal(spec));
        try (Conv2d kernel = backend.prepare(spec, ones(arena, spec.weightsShape()), Optional.empty(),
                PrepareOptions.DEFAULT)) {
            kernel.run(src, dst);
        }
    }

    @Test
    void boundsOfRowsApartWithAResidual() {
        MatMulSpec spec = new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, 3, 7, QuantParams.IDENTITY,
                QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Optional.of(Residual.F32), Activation.RELU, 1);
        try (Arena arena = Arena.ofConfined()) {
            Tensor src = speckled(arena, Shape.of(3, 8)).permute(1, 0);
            Tensor residual = speckled(arena, Shape.of(8, 7));
            Tensor expected = Tensor.allocate(arena, DataType.F32, residual.shape());
            Tensor actual = Tensor.allocate(arena, DataType.F32, Shape.of(8, 9)).slice(1, 0, 7);
            multiply(new ScalarBackend(), arena, spec, src, residual, expected);
            multiply(new OnednnBackend(), arena, spec, src, residual, actual);
            assertSame(expected, actual);
        }
    }

    private static void multiply(BackendProvider backend, Arena arena, MatMulSpec spec, Tensor src, Tensor residual,
            Tensor dst) {
        assertEquals(Optional.empty(), backend.refusal(spec));
        try (MatMul kernel = backend.prepare(spec, ones(arena, Shape.of(3, 7)), Optional.empty(),
                PrepareOptions.DEFAULT)) {
            kernel.run(src, residual, dst);
        }
    }

    private static Tensor ones(Arena arena, Shape shape) {
        Tensor tensor = Tensor.allocate(arena, DataType.F32, shape);
        for (long i = 0; i < shape.elements(); i++) {
            tensor.set(i, 1);
        }
        return tensor;
    }

    /** Returns small integers and NaN here and there. */
    private static Tensor speckled(Arena arena, Shape shape) {
        Tensor tensor = Tensor.allocate(arena, DataType.F32, shape);
        for (long i = 0; i < shape.elements(); i++) {
            tensor.set(i, i % 23 == 7 ? Float.NaN : i * 7 % 5 - 1);
        }
        return tensor;
    }

    private static void assertSame(Tensor expected, Tensor actual) {
        boolean bounded = false;
        for (long i = 0; i < expected.shape().elements(); i++) {
            assertEquals(expected.get(i) + 0.0, actual.get(i) + 0.0, "element " + i);
            bounded |= expected.get(i) == 0;
        }
        assertTrue(bounded);
    }
}
