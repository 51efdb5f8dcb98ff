package io.tersor.bench.networks;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Layers with seeded random weights, added to a graph one after the other. Not thread-safe. */
final class Layers {
    private static final int OPSET = 17;

    private final GraphBuilder graph;
    private final RandomWeights random;

    Layers(String name, long seed) {
        this.graph = Graph.builder(name, OPSET);
        this.random = new RandomWeights(seed);
    }

    /** Returns the graph under construction. */
    GraphBuilder graph() {
        return graph;
    }

    /** Returns the source of weights. */
    RandomWeights random() {
        return random;
    }

    /** Adds the input {@code image} f32 [n, 3, size, size]. */
    void image(int size) {
        graph.input(ValueInfo.of("image", DataType.F32, Dim.of("n"), Dim.of(3), Dim.of(size), Dim.of(size)));
    }

    /** Returns a constant of one number. */
    String scalar(float value) {
        return graph.constant("scalar", Tensor.ofFloats(random.arena(), Shape.of(), value));
    }

    /** Returns a constant of one integer. */
    String integer(long value) {
        return graph.constant("integer", Tensor.ofLongs(random.arena(), Shape.of(), value));
    }

    /** Returns a constant vector of integers. */
    String integers(long... values) {
        return graph.constant("integers", Tensor.ofLongs(random.arena(), Shape.of(values.length), values));
    }

    /**
     * Adds a convolution that keeps the image's size but for the stride, and batch normalization as trained networks
     * have it before folding.
     *
     * @param gain what the normalization scales by on average
     */
    String convolution(String src, int ic, int oc, int kernel, int stride, int groups, float gain) {
        int fanIn = ic / groups * kernel * kernel;
        String weights = graph.constant("conv.weight",
                random.he(Shape.of(oc, ic / groups, kernel, kernel), fanIn));
        int pad = kernel / 2;
        String x = graph.add("Conv", List.of(src, weights), Attributes.NONE.with("group", groups)
                .with("kernel_shape", new long[] {kernel, kernel}).with("strides", new long[] {stride, stride})
                .with("pads", new long[] {pad, pad, pad, pad}));
        return graph.add("BatchNormalization", List.of(x,
                graph.constant("bn.scale", random.around(gain, 0.2f * gain, oc)),
                graph.constant("bn.bias", random.around(0f, 0.1f, oc)),
                graph.constant("bn.mean", random.around(0f, 0.1f, oc)),
                graph.constant("bn.var", random.around(1f, 0.2f, oc))), Attributes.NONE);
    }

    /** Adds the mean of each channel and a layer of all classes, the output {@code logits} f32 [n, classes]. */
    void classifier(String src, int channels, int classes) {
        head(graph.add("Flatten", graph.add("GlobalAveragePool", src)), channels, classes);
    }

    /** Adds a layer of rows [n, width] to the output {@code logits} f32 [n, classes]. */
    void head(String src, int width, int classes) {
        String weights = graph.constant("fc.weight", random.he(Shape.of(classes, width), width));
        String bias = graph.constant("fc.bias", random.around(0f, 0.1f, classes));
        graph.node(Node.of("fc", "Gemm", List.of(src, weights, bias), List.of("logits"),
                Attributes.NONE.with("transB", 1)));
        graph.output(ValueInfo.of("logits", DataType.F32, Dim.of("n"), Dim.of(classes)));
    }

    /** Adds a product with weights [in, out] along the last axis. */
    String product(String src, int in, int out) {
        return graph.add("MatMul", src, graph.constant("weight", random.linear(Shape.of(in, out), in)));
    }

    /** Adds a product and a bias. */
    String linear(String src, int in, int out) {
        return graph.add("Add", product(src, in, out), graph.constant("bias", random.around(0f, 0.1f, out)));
    }

    /**
     * Adds attention of several heads, softmax(q k^T / sqrt(width / heads) + mask) v, on [n, sequence, width]; Vaswani
     * et al., "Attention Is All You Need" (2017).
     *
     * @param biased whether the four projections have biases
     * @param mask what is added to the scores, if anything
     */
    String attention(String src, int width, int heads, boolean biased, Optional<String> mask) {
        String query = split(project(src, width, biased), width, heads, 0, 2, 1, 3);
        String key = split(project(src, width, biased), width, heads, 0, 2, 3, 1);
        String value = split(project(src, width, biased), width, heads, 0, 2, 1, 3);
        String scores = graph.add("Mul", graph.add("MatMul", query, key),
                scalar((float) (1 / Math.sqrt((double) width / heads))));
        String masked = mask.map(added -> graph.add("Add", scores, added)).orElse(scores);
        String shares = graph.add("Softmax", List.of(masked), Attributes.NONE.with("axis", -1));
        String mixed = transpose(graph.add("MatMul", shares, value), 0, 2, 1, 3);
        return project(graph.add("Reshape", mixed, integers(0, 0, width)), width, biased);
    }

    private String project(String src, int width, boolean biased) {
        return biased ? linear(src, width, width) : product(src, width, width);
    }

    private String split(String src, int width, int heads, long... order) {
        return transpose(graph.add("Reshape", src, integers(0, 0, heads, width / heads)), order);
    }

    /** Adds a permutation of axes. */
    String transpose(String src, long... order) {
        return graph.add("Transpose", List.of(src), Attributes.NONE.with("perm", order));
    }
}
