package io.tersor.model.ops;

import static io.tersor.model.ops.OperatorsTest.assertValues;
import static io.tersor.model.ops.OperatorsTest.floats;
import static io.tersor.model.ops.OperatorsTest.longs;
import static io.tersor.model.ops.OperatorsTest.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.model.Attributes;
import io.tersor.model.TestGraphs;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Operators that the shared cases leave out; expected values are worked out by hand. */
class RareOperatorsTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final Tensor SQUARE = tensor(Shape.of(1, 1, 2, 2), 1, 2, 3, 4);

    private static Tensor tensor(Shape shape, float... values) {
        return Tensor.ofFloats(ARENA, shape, values);
    }

    private static Tensor scalar(long value) {
        return Tensor.ofLongs(ARENA, Shape.of(), value);
    }

    private static Tensor bools(int... values) {
        Tensor tensor = Tensor.allocate(ARENA, DataType.BOOL, Shape.of(values.length));
        for (int i = 0; i < values.length; i++) {
            tensor.setLong(i, values[i]);
        }
        return tensor;
    }

    @Test
    void gridSampleInterpolates() {
        Attributes corners = Attributes.NONE.with("align_corners", 1);
        Tensor grid = tensor(Shape.of(1, 1, 4, 2), 0, 0, -1, -1, 1, 0, -3, 0);
        assertValues(run("GridSample", 20, corners, SQUARE, grid), 2.5, 1, 3, 0);
        assertValues(run("GridSample", 20, corners.with("padding_mode", "border"), SQUARE, grid), 2.5, 1, 3, 2);
        assertValues(run("GridSample", 16, corners.with("padding_mode", "reflection").with("mode", "bilinear"), SQUARE,
                grid), 2.5, 1, 3, 3);
        Tensor near = tensor(Shape.of(1, 1, 1, 2), 0.2f, -0.2f);
        assertValues(run("GridSample", 20, corners.with("mode", "nearest"), SQUARE, near), 2);
        // A cubic kernel gives back a constant, and at a pixel that pixel.
        Tensor at = tensor(Shape.of(1, 1, 1, 2), 1, -1);
        assertValues(run("GridSample", 20, corners.with("mode", "cubic"), SQUARE, at), 2);
        assertThrows(TersorException.class, () -> run("GridSample", 20, corners.with("mode", "odd"), SQUARE, grid));
        assertThrows(OperandException.class, () -> run("GridSample", 20, corners, SQUARE, floats(1, 2)));
    }

    @Test
    void affineGridOfTheIdentity() {
        Tensor identity = tensor(Shape.of(1, 2, 3), 1, 0, 0, 0, 1, 0);
        assertValues(run("AffineGrid", 20, Attributes.NONE.with("align_corners", 1), identity, longs(1, 1, 2, 2)),
                -1, -1, 1, -1, -1, 1, 1, 1);
        assertValues(run("AffineGrid", 20, Attributes.NONE, identity, longs(1, 1, 2, 2)),
                -0.5, -0.5, 0.5, -0.5, -0.5, 0.5, 0.5, 0.5);
        Tensor shifted = tensor(Shape.of(1, 2, 3), 2, 0, 0.25f, 0, 1, -0.5f);
        assertValues(run("AffineGrid", 20, Attributes.NONE, shifted, longs(1, 1, 1, 2)), -0.75, -0.5, 1.25, -0.5);
    }

    /** Regions of one bin, of bins that overlap, and beyond the image. */
    @Test
    void maxRoiPoolTakesTheLargestOfEachBin() {
        Tensor ramp = tensor(Shape.of(1, 2, 3, 4), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, -1, -2, -3, -4, -5, -6, -7,
                -8, -9, -10, -11);
        Attributes two = Attributes.NONE.with("pooled_shape", new long[] {2, 2});
        // Three columns for two bins: 0 to 1 and 1 to 2.
        assertValues(run("MaxRoiPool", 22, two, ramp, tensor(Shape.of(1, 5), 0, 0, 0, 2, 1)),
                1, 2, 5, 6, 0, -1, -4, -5);
        // Halves are rounded away from zero: columns 1 to 3, rows 1 to 2.
        assertValues(run("MaxRoiPool", 1, two.with("spatial_scale", 0.5f), ramp, tensor(Shape.of(1, 5), 0, 1, 1, 5, 3)),
                6, 7, 10, 11, -5, -6, -9, -10);
        // The last two columns are outside; a region without pixels has one.
        assertValues(run("MaxRoiPool", 22, two, ramp, tensor(Shape.of(1, 5), 0, 2, 1, 5, 2)),
                7, 0, 11, 0, -6, 0, -10, 0);
        Attributes one = Attributes.NONE.with("pooled_shape", new long[] {1, 1});
        assertValues(run("MaxRoiPool", 22, one, ramp, tensor(Shape.of(1, 5), 0, 2, 1, 0, 0)), 6, -6);
        Tensor other = tensor(Shape.of(1, 5), 1, 0, 0, 1, 1);
        assertThrows(OperandException.class, () -> run("MaxRoiPool", 22, one, ramp, other));
        assertThrows(OperandException.class, () -> run("MaxRoiPool", 22, Attributes.NONE, ramp, other));
    }

    @Test
    void roiAlignAveragesARamp() {
        Tensor ramp = tensor(Shape.of(1, 1, 4, 4), 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
        Tensor roi = tensor(Shape.of(1, 4), 1, 1, 3, 3);
        Attributes two = Attributes.NONE.with("sampling_ratio", 2);
        assertValues(run("RoiAlign", 10, two, ramp, roi, longs(0)), 2);
        assertValues(run("RoiAlign", 16, two, ramp, roi, longs(0)), 1.5);
        assertThrows(OperandException.class, () -> run("RoiAlign", 16, two, ramp, roi, longs(1)));
    }

    @Test
    void einsumFollowsItsEquation() {
        Tensor a = tensor(Shape.of(2, 2), 1, 2, 3, 4);
        Tensor b = tensor(Shape.of(2, 2), 5, 6, 7, 8);
        assertValues(einsum("ij,jk->ik", a, b), 19, 22, 43, 50);
        assertValues(einsum("ij,jk", a, b), 19, 22, 43, 50);
        assertValues(einsum("ba", a), 1, 3, 2, 4);
        assertValues(einsum("ij->", a), 10);
        assertValues(einsum("...ii->...i", a), 1, 4);
        assertValues(einsum(" ...ij , ...kj -> ...ik", a, b), 17, 23, 39, 53);
        for (String wrong : new String[] {"ij,jk->iz", "ij->ij", "i,jk->jk", "ij,jk->ii", "i1,jk->k"}) {
            assertThrows(OperandException.class, () -> einsum(wrong, a, b), wrong);
        }
    }

    private static Tensor einsum(String equation, Tensor... inputs) {
        return run("Einsum", 12, Attributes.NONE.with("equation", equation), inputs);
    }

    @Test
    void determinants() {
        assertValues(run("Det", 11, Attributes.NONE, SQUARE), -2);
        assertValues(run("Det", 11, Attributes.NONE, tensor(Shape.of(3, 3), 0, 2, 0, 3, 0, 0, 0, 0, 4)), -24);
        assertValues(run("Det", 11, Attributes.NONE, tensor(Shape.of(2, 2), 1, 2, 2, 4)), 0);
    }

    @Test
    void croppingAndPaddingAroundTheCentre() {
        assertValues(run("CenterCropPad", 18, Attributes.NONE, floats(1, 2, 3, 4), longs(1)), 2);
        assertValues(run("CenterCropPad", 18, Attributes.NONE, floats(1, 2), longs(5)), 0, 1, 2, 0, 0);
        assertValues(run("CenterCropPad", 18, Attributes.NONE.with("axes", new long[] {-1}),
                tensor(Shape.of(2, 2), 1, 2, 3, 4), longs(3)), 1, 2, 0, 3, 4, 0);
    }

    @Test
    void columnsBecomeAnImage() {
        // Two blocks of 1 x 2 at columns 0 and 1 of an image of 1 x 3; the middle pixel belongs to both.
        Tensor columns = tensor(Shape.of(1, 2, 2), 1, 2, 10, 20);
        assertValues(run("Col2Im", 18, Attributes.NONE, columns, longs(1, 3), longs(1, 2)), 1, 12, 20);
        assertThrows(OperandException.class,
                () -> run("Col2Im", 18, Attributes.NONE, columns, longs(1, 4), longs(1, 2)));
    }

    @Test
    void unpooling() {
        Attributes attributes = Attributes.NONE.with("kernel_shape", new long[] {2}).with("strides", new long[] {2});
        Tensor values = tensor(Shape.of(1, 1, 2), 7, 8);
        Tensor indices = Tensor.ofLongs(ARENA, Shape.of(1, 1, 2), 1, 2);
        assertValues(run("MaxUnpool", 11, attributes, values, indices), 0, 7, 8, 0);
        assertValues(run("MaxUnpool", 11, attributes, values, indices, longs(1, 1, 5)), 0, 7, 8, 0, 0);
        assertThrows(OperandException.class, () -> run("MaxUnpool", 11, attributes, values,
                Tensor.ofLongs(ARENA, Shape.of(1, 1, 2), 1, 4)));
    }

    @Test
    void deformedConvolutions() {
        Random random = new Random(5);
        Tensor x = TestGraphs.random(random, 1, 1, 2, 4, 5);
        Tensor w = TestGraphs.random(random, 1, 3, 2, 2, 2);
        Tensor bias = floats(1, 2, 3);
        Tensor still = Tensor.allocate(ARENA, DataType.F32, Shape.of(1, 8, 3, 4));
        float[] expected = run("Conv", 19, Attributes.NONE, x, w, bias).toFloats();
        assertArrayEquals(expected, run("DeformConv", 19, Attributes.NONE, x, w, still, bias).toFloats(), 1e-5f);
        Tensor half = Tensor.allocate(ARENA, DataType.F32, Shape.of(1, 4, 3, 4));
        for (int i = 0; i < 48; i++) {
            half.set(i, 0.5);
        }
        float[] masked = run("DeformConv", 19, Attributes.NONE, x, w, still, bias, half).toFloats();
        for (int i = 0; i < masked.length; i++) {
            float b = i / 12 + 1;
            assertEquals((expected[i] - b) / 2 + b, masked[i], 1e-5f);
        }
        // One tap, moved half a pixel to the right.
        Tensor offset = tensor(Shape.of(1, 2, 1, 2), 0, 0, 0.5f, 0.5f);
        assertValues(run("DeformConv", 19, Attributes.NONE, tensor(Shape.of(1, 1, 1, 2), 2, 4),
                tensor(Shape.of(1, 1, 1, 1), 10), offset), 30, 20);
    }

    @Test
    void selections() {
        Tensor rows = tensor(Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
        assertValues(run("Compress", 11, Attributes.NONE.with("axis", 0), rows, bools(0, 1, 1)), 3, 4, 5, 6);
        assertValues(run("Compress", 11, Attributes.NONE, rows, bools(0, 1, 0, 0, 1)), 2, 5);
        assertValues(run("Unique", 11, Attributes.NONE, floats(2, 1, 1, 3, 4, 3)), 1, 2, 3, 4);
        assertValues(run("Unique", 11, Attributes.NONE.with("sorted", 0), floats(2, 1, 1, 3, 4, 3)), 2, 1, 3, 4);
        assertValues(run("Unique", 11, Attributes.NONE.with("axis", 1), tensor(Shape.of(2, 3), 5, 1, 5, 6, 0, 6)),
                1, 5, 0, 6);
        assertValues(run("ReverseSequence", 10, Attributes.NONE, rows, longs(2, 3)), 3, 6, 1, 4, 5, 2);
        assertThrows(OperandException.class, () -> run("ReverseSequence", 10, Attributes.NONE, rows, longs(2, 4)));
    }

    @Test
    void cachesAreWrittenInPlace() {
        Tensor cache = tensor(Shape.of(2, 3, 1), 1, 2, 3, 4, 5, 6);
        Tensor update = tensor(Shape.of(2, 2, 1), 10, 20, 30, 40);
        assertValues(run("TensorScatter", 24, Attributes.NONE, cache, update, longs(0, 1)), 10, 20, 3, 4, 30, 40);
        assertValues(run("TensorScatter", 24, Attributes.NONE.with("mode", "circular"), cache, update, longs(2, 0)),
                20, 2, 10, 30, 40, 6);
        assertThrows(OperandException.class,
                () -> run("TensorScatter", 24, Attributes.NONE, cache, update, longs(2, 0)));
    }

    @Test
    void overlappingBoxesAreSuppressed() {
        // The second overlaps the first by 9 / 11, the third neither.
        Tensor boxes = tensor(Shape.of(1, 3, 4), 0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 10, 1, 11);
        Tensor scores = tensor(Shape.of(1, 1, 3), 0.8f, 0.9f, 0.3f);
        assertValues(suppress(boxes, scores, 3, 0.5f), 0, 0, 1, 0, 0, 2);
        assertValues(suppress(boxes, scores, 1, 0.5f), 0, 0, 1);
        assertValues(suppress(boxes, scores, 3, 0.9f), 0, 0, 1, 0, 0, 0, 0, 0, 2);
        assertEquals(Shape.of(0, 3), suppress(boxes, scores, 0, 0.5f).shape());
    }

    private static Tensor suppress(Tensor boxes, Tensor scores, long limit, float overlap) {
        return run("NonMaxSuppression", 11, Attributes.NONE, boxes, scores, scalar(limit),
                tensor(Shape.of(), overlap), tensor(Shape.of(), 0));
    }

    @Test
    void cumulativeProducts() {
        Attributes exclusive = Attributes.NONE.with("exclusive", 1);
        assertValues(run("CumProd", 26, Attributes.NONE, floats(1, 2, 3), scalar(0)), 1, 2, 6);
        assertValues(run("CumProd", 26, exclusive, floats(1, 2, 3), scalar(0)), 1, 1, 2);
        assertValues(run("CumProd", 26, exclusive.with("reverse", 1), floats(1, 2, 3), scalar(-1)), 6, 3, 1);
        long big = (1L << 62) - 1;
        assertArrayEquals(new long[] {big, big + 1},
                run("CumSum", 14, Attributes.NONE, longs(big, 1), scalar(0)).toLongs());
    }

    @Test
    void bitsAsAnotherType() {
        assertArrayEquals(new long[] {0x3F80_0000, 0xC000_0000},
                run("BitCast", 26, Attributes.NONE.with("to", 6), floats(1, -2)).toLongs());
        assertThrows(OperandException.class, () -> run("BitCast", 26, Attributes.NONE.with("to", 7), floats(1)));
    }

    @Test
    void integersKeepTheirBits() {
        long big = (1L << 60) + 1;
        assertArrayEquals(new long[] {big}, run("TopK", 11, Attributes.NONE, longs(big - 1, big), longs(1)).toLongs());
        assertArrayEquals(new long[] {1}, run("ArgMax", 13, Attributes.NONE, longs(big - 1, big)).toLongs());
        Tensor bytes = Tensor.ofBytes(ARENA, DataType.U8, Shape.of(1, 1, 1, 2), (byte) 0, (byte) 101);
        Tensor scales = floats(1, 1, 1, 2);
        Tensor roi = Tensor.allocate(ARENA, DataType.F32, Shape.of(0));
        assertValues(run("Resize", 19, Attributes.NONE.with("mode", "linear"), bytes, roi, scales), 0, 25, 75, 101);
    }

    @Test
    void nothingCannotBeResized() {
        Tensor none = Tensor.allocate(ARENA, DataType.F32, Shape.of(0));
        Tensor empty = Tensor.allocate(ARENA, DataType.F32, Shape.of(1, 1, 0, 2));
        for (String mode : new String[] {"nearest", "linear", "cubic"}) {
            Attributes attributes = Attributes.NONE.with("mode", mode);
            assertThrows(OperandException.class,
                    () -> run("Resize", 19, attributes, empty, none, none, longs(1, 1, 3, 4)));
            assertEquals(Shape.of(1, 1, 0, 4),
                    run("Resize", 19, attributes, empty, none, floats(1, 1, 2, 2)).shape(), mode);
        }
    }

    @Test
    void dropoutThatDropsNothing() {
        Tensor training = Tensor.allocate(ARENA, DataType.BOOL, Shape.of());
        training.setLong(0, 1);
        assertValues(run("Dropout", 13, Attributes.NONE, floats(1, 2), tensor(Shape.of(), 0), training), 1, 2);
        assertThrows(OperandException.class,
                () -> run("Dropout", 13, Attributes.NONE, floats(1, 2), tensor(Shape.of(), 1), training));
    }

    @Test
    void windowsThatNoImageFillsAreRefused() {
        Attributes huge = Attributes.NONE.with("kernel_shape", new long[] {60_000, 60_000})
                .with("pads", new long[] {60_000, 60_000, 60_000, 60_000});
        assertThrows(OperandException.class, () -> run("LpPool", 18, huge, SQUARE));
    }
}
