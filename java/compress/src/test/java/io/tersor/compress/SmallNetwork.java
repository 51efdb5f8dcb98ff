package io.tersor.compress;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;

/** Builds small networks with seeded weights, whose names are those of the layers: w1, b1, w2, ... */
final class SmallNetwork {
    static final Arena ARENA = Arena.ofAuto();

    final GraphBuilder builder = Graph.builder("small", 17);
    private final Random random = new Random(5);
    private int layer;

    static Tensor random(Random random, long... dims) {
        Tensor tensor = Tensor.allocate(ARENA, DataType.F32, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, random.nextGaussian());
        }
        return tensor;
    }

    String input(long... dims) {
        Dim[] extents = new Dim[dims.length + 1];
        extents[0] = Dim.of("n");
        for (int axis = 0; axis < dims.length; axis++) {
            extents[axis + 1] = Dim.of(dims[axis]);
        }
        builder.input(ValueInfo.of("x", DataType.F32, extents));
        return "x";
    }

    private String weights(long... dims) {
        builder.initializer("w" + ++layer, random(random, dims));
        return "w" + layer;
    }

    private String bias(long... dims) {
        builder.initializer("b" + layer, random(random, dims));
        return "b" + layer;
    }

    String conv(String from, int ic, int oc, int kernel, int groups) {
        int pad = kernel / 2;
        return builder.add("Conv", List.of(from, weights(oc, ic / groups, kernel, kernel), bias(oc)),
                Attributes.NONE.with("group", groups).with("pads", new long[] {pad, pad, pad, pad}));
    }

    String gemm(String from, int k, int n) {
        return builder.add("Gemm", List.of(from, weights(n, k), bias(n)), Attributes.NONE.with("transB", 1));
    }

    String matMul(String from, int k, int n) {
        String product = builder.add("MatMul", from, weights(k, n));
        return builder.add("Add", product, bias(n));
    }

    String relu(String from) {
        return builder.add("Relu", from);
    }

    Graph build(String output) {
        return builder.output(output).build();
    }

    /**
     * w1 3 -> 8, w2 8 -> 16, w3 16 -> 8 added to what w1 gives, w4 depthwise, w5 1x1 8 -> 12, w6 its 12 x 4 pixels -> 10,
     * w7 10 -> 5; input [n, 3, 4, 4].
     */
    static Graph residual() {
        SmallNetwork net = new SmallNetwork();
        String stem = net.relu(net.conv(net.input(3, 4, 4), 3, 8, 3, 1));
        String branch = net.conv(net.relu(net.conv(stem, 8, 16, 3, 1)), 16, 8, 3, 1);
        String sum = net.relu(net.builder.add("Add", branch, stem));
        String deep = net.relu(net.conv(sum, 8, 8, 3, 8));
        String wide = net.relu(net.conv(deep, 8, 12, 1, 1));
        String pooled = net.builder.add("MaxPool", List.of(wide), Attributes.NONE
                .with("kernel_shape", new long[] {2, 2}).with("strides", new long[] {2, 2}));
        String hidden = net.relu(net.gemm(net.builder.add("Flatten", pooled), 48, 10));
        return net.build(net.matMul(hidden, 10, 5));
    }

    /** Runs a network of one input and one output on the scalar backend. */
    static float[] run(Graph graph, Tensor input) {
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            return network.run(input, ARENA).toFloats();
        }
    }
}
