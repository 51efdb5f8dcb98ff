package io.tersor.model.ops;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.model.TestGraphs;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Operators on kernels against the plain ones, over shapes with odd extents and extents of one. */
class KernelAgreementTest {
    private static final long[][] IMAGES = {{1, 1, 1, 1}, {2, 3, 5, 7}, {1, 17, 1, 9}, {1, 4, 33, 16}, {3, 20, 6, 1}};

    private static Node node(String operator, Attributes attributes) {
        return Node.of("node", operator, List.of(), List.of("y"), attributes);
    }

    private static Tensor longs(long... values) {
        return Tensor.ofLongs(Arena.ofAuto(), Shape.of(values.length), values);
    }

    private static Tensor floats(float... values) {
        return Tensor.ofFloats(Arena.ofAuto(), Shape.of(values.length), values);
    }

    private static Tensor random(int seed, long... dims) {
        return TestGraphs.random(new Random(seed), 2, dims);
    }

    private static void check(Backend backend, Node node, String kernel, List<Integer> constants, Tensor... inputs) {
        PlainReference.check(node, kernel, 2e-5, constants, backend, inputs);
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void functions(Backend backend) {
        for (String operator : MapNodes.NAMES) {
            Tensor x = random(3, 3, 35);
            x.set(0, Double.NaN);
            x.set(1, Double.POSITIVE_INFINITY);
            x.set(2, -0.0);
            check(backend, node(operator, Attributes.NONE), operator.equals("Swish") ? "activation" : "_f32", List.of(),
                    x);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void gatedFunctions(Backend backend) {
        for (long[] image : IMAGES) {
            Tensor gate = random(1, image);
            gate.set(0, Double.NEGATIVE_INFINITY);
            check(backend, node("SwiGLU", Attributes.NONE), "activation", List.of(), gate, random(2, image));
            check(backend, node("SwiGLU", Attributes.NONE.with("alpha", 1.7f)), "swish", List.of(), gate,
                    random(2, image));
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void operations(Backend backend) {
        for (String operator : List.of("Min", "Max", "PRelu", "Equal", "Less", "LessOrEqual", "Greater",
                "GreaterOrEqual")) {
            for (long[] image : IMAGES) {
                check(backend, node(operator, Attributes.NONE), "_broadcast_f32", List.of(), random(1, image),
                        random(1, 1, image[1], 1, 1));
                check(backend, node(operator, Attributes.NONE), "_broadcast_f32", List.of(), random(1, image),
                        random(2, image));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void powers(Backend backend) {
        Node pow = node("Pow", Attributes.NONE);
        for (long[] image : IMAGES) {
            Tensor x = random(1, image);
            x.set(0, -0.0);
            for (float exponent : new float[] {2, 3, 0.5f, -0.5f, -1, 0, 1.7f, -3}) {
                check(backend, pow, "pow_f32", List.of(1), x, floats(exponent));
            }
            check(backend, pow, "pow_f32", List.of(1), x, longs(3));
            check(backend, pow, "pow_broadcast_f32", List.of(), x, random(2, image));
            check(backend, pow, image[1] == 1 ? "pow_f32" : "pow_broadcast_f32", List.of(1), x, random(2, image[1], 1, 1));
            // What is no float stays with the plain operator, as do bases of other types.
            check(backend, pow, "java/pow", List.of(1), x, longs((1L << 24) + 1));
            check(backend, pow, "java/pow", List.of(1), longs(2, -3), floats(3));
        }
        // One exponent of more axes than the base makes the result's shape.
        check(backend, pow, "pow_broadcast_f32", List.of(1), random(1, 5), random(2, 1, 1));
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void reductions(Backend backend) {
        for (String operator : List.of("ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare",
                "ReduceMean")) {
            for (long[] image : IMAGES) {
                for (long[] axes : new long[][] {{-1}, {1}, {1, 2}, {0, 1}, {}, {2}}) {
                    for (int keep = 0; keep < 2; keep++) {
                        check(backend, node(operator, Attributes.NONE.with("keepdims", keep)),
                                operator.equals("ReduceMean") ? "_f32" : "reduce_", List.of(1), random(4, image),
                                longs(axes));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void reductionsOfAxesApart(Backend backend) {
        for (long[] axes : new long[][] {{0, 2}, {1, 3}, {0, 3}}) {
            check(backend, node("ReduceSum", Attributes.NONE), "java/reducesum", List.of(1), random(4, 2, 3, 5, 7),
                    longs(axes));
        }
        // An axis of extent 1 between them does not part them.
        check(backend, node("ReduceSum", Attributes.NONE), "reduce_sum", List.of(1), random(4, 2, 3, 1, 7), longs(1, 3));
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void softmax(Backend backend) {
        for (String operator : List.of("Softmax", "LogSoftmax")) {
            for (long[] image : IMAGES) {
                for (int axis = -4; axis < 4; axis++) {
                    check(backend, node(operator, Attributes.NONE.with("axis", axis)), "softmax_f32", List.of(),
                            random(5, image));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void normalizations(Backend backend) {
        for (long[] image : IMAGES) {
            Tensor x = random(6, image);
            Tensor scale = random(7, image[1]);
            Tensor bias = random(8, image[1]);
            Tensor variance = TestGraphs.uniform(new Random(9), 0.5, 2, image[1]);
            check(backend, node("InstanceNormalization", Attributes.NONE), "layer_norm", List.of(1, 2), x, scale, bias);
            check(backend, node("InstanceNormalization", Attributes.NONE), "layer_norm", List.of(), x, scale, bias);
            long groups = image[1] % 2 == 0 ? 2 : 1;
            check(backend, node("GroupNormalization", Attributes.NONE.with("num_groups", groups)), "layer_norm",
                    List.of(1, 2), x, scale, bias);
            check(backend, node("BatchNormalization", Attributes.NONE), "mul_broadcast", List.of(1, 2, 3, 4), x, scale,
                    bias, random(10, image[1]), variance);
        }
    }

    private static Tensor bytes(long... dims) {
        Random random = new Random(11);
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), DataType.U8, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.setLong(i, random.nextInt(256));
        }
        return tensor;
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void transposes(Backend backend) {
        for (long[] image : new long[][] {{2, 17, 5, 7}, {1, 64, 9, 16}, {3, 1, 4, 6}, {2, 3, 1, 1}}) {
            for (long[] order : new long[][] {{0, 2, 3, 1}, {0, 3, 1, 2}, {2, 3, 0, 1}, {0, 1, 3, 2}, {3, 2, 1, 0},
                {0, 2, 1, 3}}) {
                Node node = node("Transpose", Attributes.NONE.with("perm", order));
                boolean matrices = Shapes.matrices(Shape.of(image),
                        Arrays.stream(order).mapToInt(axis -> (int) axis).toArray()).isPresent();
                String kernel = backend.label() + (matrices ? "/transpose" : "/move");
                kernel = backend == Backend.SCALAR && !matrices ? "java/transpose" : kernel;
                check(backend, node, kernel, List.of(), random(12, image));
                check(backend, node, kernel, List.of(), bytes(image));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void transposedConvolutions(Backend backend) {
        Random random = new Random(13);
        for (int seed = 0; seed < 90; seed++) {
            long groups = seed < 40 ? 1 : 2 + random.nextInt(4);
            // Of one channel each, or of some.
            boolean depthwise = seed >= 65;
            long ic = depthwise ? groups : groups * (1 + random.nextInt(9));
            long oc = depthwise ? 1 : 1 + random.nextInt(15);
            long[] kernel = {1 + random.nextInt(4), 1 + random.nextInt(4)};
            Attributes attributes = Attributes.NONE
                    .with("strides", new long[] {1 + random.nextInt(3), 1 + random.nextInt(3)})
                    .with("dilations", new long[] {1 + random.nextInt(2), 1 + random.nextInt(2)});
            attributes = groups == 1 ? attributes : attributes.with("group", groups);
            attributes = random.nextBoolean() ? attributes.with("output_padding", new long[] {0, 1})
                    : attributes.with("pads", new long[] {random.nextInt((int) kernel[0]), 0, 0,
                        random.nextInt((int) kernel[1])});
            List<Tensor> inputs = new ArrayList<>(List.of(random(seed, 1 + random.nextInt(2), ic, 2 + random.nextInt(5),
                    2 + random.nextInt(5)), random(seed + 1, ic, oc, kernel[0], kernel[1])));
            if (random.nextBoolean()) {
                inputs.add(random(seed + 2, groups * oc));
            }
            // Some of the depthwise ones are convolutions of phases.
            check(backend, node("ConvTranspose", attributes), depthwise
                            ? backend == Backend.SCALAR ? "java/convtranspose_depthwise" : "depthwise"
                            : backend == Backend.SCALAR ? "matmul" : "gemm",
                    List.of(1, 2), inputs.toArray(Tensor[]::new));
        }
    }

    @Test
    void choices() {
        Tensor mask = Tensor.allocate(Arena.ofAuto(), DataType.BOOL, Shape.of(5, 1, 7));
        for (int i = 0; i < 35; i++) {
            mask.setLong(i, i * 7 % 3 == 0 ? 1 : 0);
        }
        check(Backend.NATIVE, node("Where", Attributes.NONE), "native/select_f32", List.of(), mask, random(1, 2, 5, 3,
                7),
                random(2, 1, 7));
        check(Backend.NATIVE, node("Where", Attributes.NONE), "native/select_u8", List.of(), mask, bytes(1),
                bytes(2, 5, 3, 1));
        check(Backend.SCALAR, node("Where", Attributes.NONE), "java/where", List.of(), mask, random(1, 2, 5, 3, 7),
                random(2, 1, 7));
    }

    @Test
    void casts() {
        for (int to : new int[] {1, 3, 6, 7, 9}) {
            Tensor reals = random(16, 3, 35);
            reals.set(0, Double.NaN);
            reals.set(1, -0.0);
            Tensor integers = Tensor.allocate(Arena.ofAuto(), DataType.S64, Shape.of(3, 35));
            for (int i = 0; i < 105; i++) {
                integers.setLong(i, i * 0x1234567_8901L - (1L << 50) + (1L << i % 63));
            }
            if (to != 1) {
                check(Backend.NATIVE, node("Cast", Attributes.NONE.with("to", to)), "native/cast_f32", List.of(),
                        reals);
            }
            if (to != 7) {
                check(Backend.NATIVE, node("Cast", Attributes.NONE.with("to", to)), "native/cast_s64", List.of(),
                        integers);
                check(Backend.NATIVE, node("Cast", Attributes.NONE.with("to", to)), "native/cast_u8",
                        List.of(), bytes(4, 31));
            }
        }
        check(Backend.SCALAR, node("Cast", Attributes.NONE.with("to", 6)), "java/cast", List.of(), random(16, 3, 35));
    }

    /** Results as much larger as the strides say, in one convolution for each phase. */
    @Test
    void transposedConvolutionsByPhases() {
        Random random = new Random(15);
        for (int seed = 0; seed < 80; seed++) {
            long groups = seed < 40 ? 1 : 2 + random.nextInt(4);
            boolean depthwise = seed >= 60;
            long ic = depthwise ? groups : groups * (1 + random.nextInt(9));
            long oc = depthwise ? 1 + random.nextInt(2) : 16 + random.nextInt(5);
            long[] strides = {1 + random.nextInt(4), 1 + random.nextInt(4)};
            long[] kernel = {strides[0] + random.nextInt(4), strides[1] + random.nextInt(4)};
            long[] before = {random.nextInt((int) (kernel[0] - strides[0]) + 1),
                random.nextInt((int) (kernel[1] - strides[1]) + 1)};
            Attributes attributes = Attributes.NONE.with("strides", strides).with("group", groups).with("pads",
                    new long[] {
                before[0], before[1], kernel[0] - strides[0] - before[0], kernel[1] - strides[1] - before[1]});
            List<Tensor> inputs = new ArrayList<>(List.of(random(seed, 1 + random.nextInt(2), ic, 1 + random.nextInt(5),
                    1 + random.nextInt(5)), random(seed + 1, ic, oc, kernel[0], kernel[1])));
            if (random.nextBoolean()) {
                inputs.add(random(seed + 2, groups * oc));
            }
            check(Backend.NATIVE, node("ConvTranspose", attributes), " + native/move", List.of(1, 2),
                    inputs.toArray(Tensor[]::new));
        }
    }

    /** The plain Resize is the only one, in either layout: around an operator that leaves images as NHWC. */
    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void resizing(Backend backend) {
        for (String mode : List.of("nearest", "linear", "cubic")) {
            for (String coordinates : List.of("half_pixel", "asymmetric", "align_corners")) {
                Attributes attributes = Attributes.NONE.with("mode", mode)
                        .with("coordinate_transformation_mode", coordinates);
                ResizeLayouts.check(backend, attributes, floats(1, 1, 2, 3), random(14, 2, 3, 5, 4));
                ResizeLayouts.check(backend, attributes, floats(1, 1, 0.6f, 1), random(14, 1, 17, 5, 7));
                ResizeLayouts.check(backend, attributes, floats(1, 2, 1.5f, 1.7f), random(14, 1, 2, 3, 4));
            }
        }
    }
}
