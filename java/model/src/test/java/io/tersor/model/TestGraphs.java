package io.tersor.model;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;

/** Small networks with seeded weights. */
public final class TestGraphs {
    private TestGraphs() {}

    /** Returns normally distributed values. */
    public static Tensor random(Random random, double scale, long... dims) {
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), DataType.F32, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, random.nextGaussian() * scale);
        }
        return tensor;
    }

    /** Returns values between two bounds. */
    public static Tensor uniform(Random random, double low, double high, long... dims) {
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), DataType.F32, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, low + random.nextDouble() * (high - low));
        }
        return tensor;
    }

    /** Adds a convolution with batch normalization. */
    static String convNorm(GraphBuilder builder, Random random, String x, int ic, int oc, int kernel, int stride,
            int groups) {
        int pad = kernel / 2;
        String w = builder.constant("w", random(random, 1 / Math.sqrt(kernel * kernel * ic / (double) groups), oc,
                ic / groups, kernel, kernel));
        String y = builder.add("Conv", List.of(x, w), Attributes.NONE.with("group", groups)
                .with("pads", new long[] {pad, pad, pad, pad}).with("strides", new long[] {stride, stride}));
        return builder.add("BatchNormalization", y, builder.constant("scale", uniform(random, 0.5, 1.5, oc)),
                builder.constant("bias", random(random, 0.2, oc)), builder.constant("mean", random(random, 0.2, oc)),
                builder.constant("var", uniform(random, 0.5, 1.5, oc)));
    }

    /**
     * Returns a residual network in little: batch norms, a shortcut, depthwise, pooling, clip, flatten, dropout, Gemm;
     * input x [n, 3, 13, 11], output y [n, 10].
     */
    public static Graph residual() {
        Random random = new Random(42);
        GraphBuilder b = Graph.builder("residual", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(3), Dim.of(13), Dim.of(11)));
        String stem = b.add("Relu", convNorm(b, random, "x", 3, 16, 3, 1, 1));
        String pooled = b.add("MaxPool", List.of(stem), Attributes.NONE.with("kernel_shape", new long[] {3, 3})
                .with("strides", new long[] {2, 2}).with("pads", new long[] {1, 1, 1, 1}));
        String left = b.add("Relu", convNorm(b, random, pooled, 16, 24, 3, 2, 1));
        left = convNorm(b, random, left, 24, 24, 3, 1, 24);
        String right = convNorm(b, random, pooled, 16, 24, 1, 2, 1);
        String sum = b.add("Relu", b.add("Add", left, right));
        String low = b.constant("lo", Tensor.ofFloats(Arena.ofAuto(), Shape.of(), 0f));
        String high = b.constant("hi", Tensor.ofFloats(Arena.ofAuto(), Shape.of(), 2f));
        String clipped = b.add("Clip", convNorm(b, random, sum, 24, 32, 1, 1, 1), low, high);
        String mean = b.add("GlobalAveragePool", clipped);
        String flat = b.add("Dropout", b.add("Flatten", b.add("Identity", mean)));
        b.node(Node.of("fc", "Gemm", List.of(flat, b.constant("fc.w", random(random, 0.3, 10, 32)),
                b.constant("fc.b", random(random, 0.3, 10))), List.of("y"), Attributes.NONE.with("transB", 1)));
        return b.output("y").build();
    }

    /** Returns a depthwise convolution of 31 x 31 taps with batch normalization; input x [n, 16, 64, 64]. */
    static Graph largeKernels() {
        GraphBuilder b = Graph.builder("large-kernels", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(16), Dim.of(64), Dim.of(64)));
        return b.output(convNorm(b, new Random(43), "x", 16, 16, 31, 1, 16)).build();
    }

    /** Returns the value of a run of one input and one output as floats. */
    static float[] run(Graph graph, NetworkOptions options, Tensor input) {
        try (PreparedNetwork network = Network.of(graph).prepare(options); Arena arena = Arena.ofConfined()) {
            return network.run(input, arena).toFloats();
        }
    }
}
