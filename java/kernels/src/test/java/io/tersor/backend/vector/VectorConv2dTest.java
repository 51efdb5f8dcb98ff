package io.tersor.backend.vector;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The convolutions of this backend against the scalar one: bit for bit for integers, closely for f32. */
@Tag("isa-tiers")
class VectorConv2dTest {
    private record Case(int n, int h, int w, int ic, int oc, int groups, Window window) {}

    private static final Case[] CASES = {
        new Case(1, 1, 1, 1, 1, 1, Window.of(1, 1)),
        new Case(2, 5, 7, 3, 8, 1, Window.of(3, 3).padding(1)),
        new Case(1, 17, 15, 3, 33, 1, Window.of(7, 7).stride(2).padding(3)),
        new Case(1, 9, 9, 64, 40, 1, Window.of(3, 3).padding(1)),
        new Case(1, 6, 8, 67, 35, 1, Window.of(1, 1)),
        new Case(2, 8, 7, 20, 12, 1, Window.of(1, 1).stride(2)),
        new Case(1, 11, 10, 5, 6, 1, Window.of(3, 2).dilation(2, 3).padding(2, 1, 0, 3)),
        new Case(1, 9, 8, 12, 18, 3, Window.of(3, 3).stride(2, 1).padding(1)),
        new Case(1, 4, 5, 36, 72, 2, Window.of(2, 2).padding(0, 1, 1, 0)),
        new Case(1, 3, 3, 2, 4, 1, Window.of(3, 3).padding(5)),
        new Case(1, 12, 9, 16, 16, 16, Window.of(3, 3).padding(1)),
        new Case(2, 9, 13, 45, 45, 45, Window.of(3, 3).stride(2).padding(1)),
        new Case(1, 10, 11, 70, 70, 70, Window.of(5, 3).dilation(2, 2).padding(3, 2, 4, 1)),
        new Case(1, 6, 6, 4, 12, 4, Window.of(3, 3).padding(1)),
        new Case(1, 2, 2, 33, 33, 33, Window.of(2, 2).padding(4)),
        // Depthwise by parts of the kernel's lines, threes of taps that stride and dilation pull apart, odd rests.
        new Case(1, 20, 17, 35, 35, 35, Window.of(31, 31).padding(15)),
        new Case(1, 30, 27, 19, 19, 19, Window.of(17, 13).stride(2).padding(6)),
        new Case(2, 9, 15, 16, 16, 16, Window.of(7, 7).stride(1, 3).padding(3)),
        new Case(1, 25, 26, 9, 9, 9, Window.of(7, 8).stride(4).dilation(2, 2).padding(7)),
        new Case(1, 31, 29, 16, 17, 1, Window.of(3, 3)),
        new Case(2, 7, 6, 100, 40, 1, Window.of(3, 3).padding(1, 0, 2, 4)),
    };

    private static Conv2d.Builder builder(Case c, DataType src, DataType dst, int variant, Arena arena,
            Random random) {
        boolean zeroPoints = (variant & 1) != 0;
        DataType type = src == F32 ? F32 : S8;
        Shape shape = Shape.of(c.oc, c.ic / c.groups, c.window.kh(), c.window.kw());
        Tensor weights = Operands.random(arena, type, shape, random);
        Conv2d.Builder builder = Conv2d.spec(src, type, dst).groups(c.groups).window(c.window)
                .source(Operands.perTensor(src, 0.05f, zeroPoints, random))
                .destination(Operands.perTensor(dst, 0.05f, zeroPoints, random));
        if (src == F32) {
            builder.weights(weights);
        } else {
            float scale = 0.01f / (float) Math.sqrt(shape.elements() / c.oc);
            builder.weights(new QuantizedTensor(weights,
                    Operands.perChannel(0, c.oc, scale, zeroPoints, random)));
        }
        if (src != F32 && (dst == S32 || variant == 1)) {
            builder.bias(Operands.random(arena, S32, Shape.of(c.oc), random));
        } else if (variant == 2) {
            builder.bias(Operands.random(arena, F32, Shape.of(c.oc), random)).activation(Activation.clip(-0.5f, 2f));
        } else if (variant == 3) {
            builder.relu();
        }
        return builder;
    }

    @Test
    void integersAgreeWithScalarBitForBit() {
        Random random = new Random(5);
        for (Case c : CASES) {
            for (DataType src : new DataType[] {U8, S8}) {
                for (DataType dst : new DataType[] {S32, F32, U8, S8}) {
                    for (int variant = 0; variant < (dst == S32 ? 2 : 4); variant++) {
                        compare(c, src, dst, variant, random);
                    }
                }
            }
        }
    }

    @Test
    void largestSumsAreExact() {
        Window window = Window.of(3, 3).padding(1);
        for (int ic : new int[] {5, 300}) {
            for (int weight : new int[] {-128, 127}) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor weights = filled(arena, S8, Shape.of(33, ic, 3, 3), weight);
                    Tensor image = filled(arena, U8, Shape.of(1, 5, 5, ic), 255);
                    Conv2d.Builder builder = Conv2d.spec(U8, S8, S32).weights(weights).window(window);
                    Tensor expected = Tensor.allocate(arena, S32, Shape.of(1, 5, 5, 33));
                    Tensor actual = Tensor.allocate(arena, S32, Shape.of(1, 5, 5, 33));
                    try (Conv2d scalar = builder.prepare(Backend.SCALAR);
                            Conv2d vector = builder.prepare(Backend.VECTOR)) {
                        scalar.run(image, expected);
                        vector.run(image, actual);
                        assertArrayEquals(expected.toLongs(), actual.toLongs(), vector.describe());
                    }
                }
            }
        }
    }

    private static Tensor filled(Arena arena, DataType type, Shape shape, int value) {
        Tensor tensor = Tensor.allocate(arena, type, shape);
        tensor.data().fill((byte) value);
        return tensor;
    }

    @Test
    void floatsAgreeWithScalarClosely() {
        Random random = new Random(6);
        for (Case c : CASES) {
            for (int variant : new int[] {0, 2, 3}) {
                compare(c, F32, F32, variant, random);
            }
        }
    }

    private static void compare(Case c, DataType src, DataType dst, int variant, Random random) {
        try (Arena arena = Arena.ofShared(); Parallelism two = Parallelism.of(2)) {
            Conv2d.Builder builder = builder(c, src, dst, variant, arena, random);
            Tensor image = Operands.random(arena, src, Shape.of(c.n, c.h, c.w, c.ic), random);
            Shape shape = builder.spec().dstShape(image.shape());
            Tensor expected = Tensor.allocate(arena, dst, shape);
            Tensor actual = Tensor.allocate(arena, dst, shape);
            Tensor parallel = Tensor.allocate(arena, dst, shape);
            try (Conv2d scalar = builder.prepare(Backend.SCALAR); Conv2d vector = builder.prepare(Backend.VECTOR);
                    Conv2d threads = builder.prepare(PrepareOptions.DEFAULT.on(Backend.VECTOR).with(two))) {
                scalar.run(image, expected);
                vector.run(image, actual);
                threads.run(image, parallel);
            }
            check(expected, actual, src, c + " " + builder.spec());
            check(expected, parallel, src, "two threads, " + c + " " + builder.spec());
        }
    }

    private static void check(Tensor expected, Tensor actual, DataType src, String reproduce) {
        if (src == F32) {
            for (long i = 0; i < expected.shape().elements(); i++) {
                assertEquals(expected.get(i), actual.get(i), 1e-4, reproduce + " at " + i);
            }
        } else if (expected.type() == F32) {
            assertArrayEquals(expected.toFloats(), actual.toFloats(), reproduce);
        } else {
            assertArrayEquals(expected.toLongs(), actual.toLongs(), reproduce);
        }
    }
}
