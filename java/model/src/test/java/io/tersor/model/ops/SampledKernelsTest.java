package io.tersor.model.ops;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What kernels of weighted sums, integers and planes give is what plain Java does. */
class SampledKernelsTest {
    private static final Attributes NONE = Attributes.NONE;

    private static Tensor random(long seed, double low, double high, long... dims) {
        Random random = new Random(seed);
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), DataType.F32, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, low + (high - low) * random.nextDouble());
        }
        return tensor;
    }

    private static Tensor integers(DataType type, long seed, int bound, long... dims) {
        Random random = new Random(seed);
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), type, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.setLong(i, type == DataType.BOOL ? random.nextInt(2) : random.nextInt(2 * bound) - bound);
        }
        return tensor;
    }

    private static void check(String operator, Attributes attributes, String kernel, double tolerance,
            List<Integer> constants,
            Tensor... inputs) {
        PlainReference.check(Node.of("node", operator, List.of(), List.of("y"), attributes), kernel, tolerance,
                constants,
                Backend.NATIVE, inputs);
    }

    @Test
    void grids() {
        for (String mode : List.of("linear", "nearest", "cubic")) {
            for (String padding : List.of("zeros", "border", "reflection")) {
                for (long corners = 0; corners < 2; corners++) {
                    Attributes attributes = NONE.with("mode", mode).with("padding_mode", padding)
                            .with("align_corners", corners);
                    check("GridSample", attributes, "native/interpolate", 1e-5, List.of(), random(1, -2, 2, 2, 5, 7, 9),
                            random(2, -1.3, 1.3, 2, 4, 6, 2));
                    check("GridSample", attributes, "native/interpolate", 1e-5, List.of(), random(1, -2, 2, 1, 1, 1, 3),
                            random(2, -1.3, 1.3, 1, 2, 3, 2));
                }
            }
        }
    }

    @Test
    void regions() {
        Tensor regions = Tensor.ofFloats(Arena.ofAuto(), Shape.of(4, 4), 1, 2, 9, 7, -3, -2, 30, 40, 4, 4, 4, 4, 0.3f,
                5,
                6.7f, 5.5f);
        Tensor images = Tensor.ofLongs(Arena.ofAuto(), Shape.of(4), 1, 0, 1, 0);
        for (long ratio = 0; ratio < 3; ratio++) {
            for (String coordinates : List.of("half_pixel", "output_half_pixel")) {
                check("RoiAlign", NONE.with("output_height", 3).with("output_width", 2).with("sampling_ratio", ratio)
                        .with("spatial_scale", 0.7f).with("coordinate_transformation_mode", coordinates),
                        "native/interpolate", 1e-5, List.of(), random(3, -2, 2, 2, 6, 8, 9), regions, images);
            }
        }
    }

    @Test
    void resizes() {
        for (String mode : List.of("linear", "cubic")) {
            for (float[] scales : new float[][] {{1, 1, 2, 2}, {1, 1, 0.5f, 3}, {1, 1, 0.7f, 0.4f}, {1, 2, 1, 1.5f}}) {
                check("Resize", NONE.with("mode", mode), "native/interpolate", 1e-5, List.of(1, 2),
                        random(4, -2, 2, 2, 3, 11, 17), random(0, 0, 1, 0),
                        Tensor.ofFloats(Arena.ofAuto(), Shape.of(4), scales));
            }
        }
    }

    @Test
    void integersAndMasks() {
        for (DataType type : List.of(DataType.S32, DataType.S64)) {
            for (String operator : List.of("Add", "Sub", "Mul", "Div", "Mod", "Equal", "Less", "GreaterOrEqual")) {
                check(operator, NONE, "native/", 0, List.of(), integers(type, 5, 9, 3, 1, 40), integers(type, 6, 9, 7,
                        40));
            }
            check("Max", NONE, "native/max", 0, List.of(), integers(type, 5, 9, 3, 1, 40), integers(type, 6, 9, 7, 40),
                    integers(type, 7, 9, 1));
            check("Clip", NONE, "native/", 0, List.of(), integers(type, 5, 9, 3, 40), integers(type, 6, 5),
                    integers(type, 8, 5));
        }
        for (String operator : List.of("And", "Or", "Xor")) {
            check(operator, NONE, "native/", 0, List.of(), integers(DataType.BOOL, 5, 1, 3, 1, 40),
                    integers(DataType.BOOL, 6, 1, 7, 40));
        }
        check("Not", NONE, "native/", 0, List.of(), integers(DataType.BOOL, 5, 1, 3, 41));
        Tensor some = random(9, -1, 1, 3, 41);
        some.set(7, Double.NaN);
        some.set(8, Double.POSITIVE_INFINITY);
        check("IsNaN", NONE, "native/", 0, List.of(), some);
    }

    @Test
    void planes() {
        for (String operator : List.of("MaxPool", "AveragePool")) {
            for (long stride = 1; stride < 4; stride++) {
                Attributes attributes = NONE.with("kernel_shape", new long[] {3, 3}).with("strides",
                        new long[] {stride, stride}).with("pads", new long[] {1, 1, 1, 1});
                check(operator, attributes, "native/", 1e-6, List.of(), random(10, -2, 2, 2, 3, 17, 21));
            }
            check(operator, NONE.with("kernel_shape", new long[] {5, 4}), "native/reduce", 1e-6, List.of(),
                    random(10, -2, 2, 2, 3, 5, 4));
            check(operator, NONE.with("kernel_shape", new long[] {4}), "native/", 1e-6, List.of(),
                    random(10, -2, 2, 2, 3, 19));
        }
        check("GlobalMaxPool", NONE, "native/reduce", 0, List.of(), random(11, -2, 2, 2, 3, 7, 5));
    }

    @Test
    void manyOperands() {
        for (String operator : List.of("Sum", "Mean", "Max", "Min")) {
            check(operator, NONE, "native/", 1e-6, List.of(), random(12, -2, 2, 3, 1, 5), random(13, -2, 2, 1),
                    random(14, -2, 2, 4, 5), random(15, -2, 2, 3, 4, 1));
        }
    }

    @Test
    void halves() {
        for (DataType type : List.of(DataType.F16, DataType.BF16)) {
            Tensor a = Tensor.allocate(Arena.ofAuto(), type, Shape.of(3, 40));
            Tensor b = Tensor.allocate(Arena.ofAuto(), type, Shape.of(40));
            Random random = new Random(4);
            for (int i = 0; i < 120; i++) {
                a.set(i, random.nextGaussian());
                b.set(i % 40, random.nextGaussian());
            }
            for (String operator : List.of("Add", "Mul", "Div", "Less")) {
                check(operator, NONE, "native/cast", 0, List.of(), a, b);
            }
            check("Sqrt", NONE, "native/cast", 0, List.of(), a);
            check("Sigmoid", NONE, "native/cast", 0.01, List.of(), a);
            check("Softmax", NONE, "native/cast", 0.01, List.of(), a);
        }
    }

    @Test
    void parts() {
        Tensor x = random(16, -2, 2, 5, 3, 17);
        Node node = Node.of("node", "Split", List.of(), List.of("a", "", "c"), NONE.with("axis", 2));
        Tensor sizes = Tensor.ofLongs(Arena.ofAuto(), Shape.of(3), 4, 3, 10);
        PlainReference.check(node, "native/move", 0, List.of(1), Backend.NATIVE, x, sizes);
        PlainReference.check(node, "java/split", 0, List.of(1), Backend.SCALAR, x, sizes);
    }

    @Test
    void concatenations() {
        check("Concat", NONE.with("axis", -1), "native/place", 0, List.of(), random(17, -2, 2, 5, 3, 17),
                random(18, -2, 2, 5, 3, 1), random(19, -2, 2, 5, 3, 0), random(20, -2, 2, 5, 3, 30));
        check("Concat", NONE.with("axis", 1), "native/place", 0, List.of(), integers(DataType.S64, 5, 9, 30, 1),
                integers(DataType.S64, 6, 9, 30, 2));
        check("Concat", NONE.with("axis", 1), "java/concat", 0, List.of(), random(17, -2, 2, 2, 30, 30),
                random(18, -2, 2, 2, 3, 30));
    }
}
