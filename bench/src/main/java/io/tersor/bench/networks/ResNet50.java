package io.tersor.bench.networks;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.List;

/**
 * ResNet-50 v1.5: input {@code image} f32 [n, 3, 224, 224], output {@code logits} [n, 1000]; 25.6 million parameters,
 * 4.09 billion multiply-adds an image. Bottleneck blocks whose 3x3 convolution carries the stride (v1.5), batch
 * normalization after each convolution as trained networks have it before folding.
 *
 * <p>Architecture: He et al., "Deep Residual Learning for Image Recognition" (CVPR 2016). Weights are uniform with He's
 * variance 2 / fan-in; the last normalization of a block scales by a quarter, so that the sums of 16 residual blocks
 * stay in range.
 */
public final class ResNet50 {
    private static final int OPSET = 17;
    private static final int[] BLOCKS = {3, 4, 6, 3};
    private static final int EXPANSION = 4;

    private final GraphBuilder graph = Graph.builder("resnet50", OPSET);
    private final RandomWeights random;

    private ResNet50(long seed) {
        this.random = new RandomWeights(seed);
    }

    /** Returns the network with the weights of the given seed. */
    public static Graph build(long seed) {
        return new ResNet50(seed).build();
    }

    private Graph build() {
        graph.input(ValueInfo.of("image", DataType.F32, Dim.of("n"), Dim.of(3), Dim.of(224), Dim.of(224)));
        String x = relu(convolution("image", 3, 64, 7, 2, 1f));
        x = graph.add("MaxPool", List.of(x), Attributes.NONE.with("kernel_shape", new long[] {3, 3})
                .with("strides", new long[] {2, 2}).with("pads", new long[] {1, 1, 1, 1}));
        int channels = 64;
        for (int stage = 0; stage < BLOCKS.length; stage++) {
            int width = 64 << stage;
            for (int block = 0; block < BLOCKS[stage]; block++) {
                int stride = stage > 0 && block == 0 ? 2 : 1;
                x = bottleneck(x, channels, width, stride);
                channels = width * EXPANSION;
            }
        }
        x = graph.add("GlobalAveragePool", x);
        x = graph.add("Flatten", x);
        String weights = graph.constant("fc.weight", random.uniform(Shape.of(1000, channels), channels));
        String bias = graph.constant("fc.bias", random.around(0f, 0.1f, 1000));
        graph.node(Node.of("fc", "Gemm", List.of(x, weights, bias), List.of("logits"),
                Attributes.NONE.with("transB", 1)));
        graph.output(ValueInfo.of("logits", DataType.F32, Dim.of("n"), Dim.of(1000)));
        return graph.build();
    }

    private String bottleneck(String src, int channels, int width, int stride) {
        String x = relu(convolution(src, channels, width, 1, 1, 1f));
        x = relu(convolution(x, width, width, 3, stride, 1f));
        x = convolution(x, width, width * EXPANSION, 1, 1, 0.25f);
        boolean projects = stride != 1 || channels != width * EXPANSION;
        String shortcut = projects ? convolution(src, channels, width * EXPANSION, 1, stride, 1f) : src;
        return relu(graph.add("Add", x, shortcut));
    }

    private String relu(String src) {
        return graph.add("Relu", src);
    }

    private String convolution(String src, int ic, int oc, int kernel, int stride, float gain) {
        int fanIn = ic * kernel * kernel;
        String weights = graph.constant("conv.weight", random.uniform(Shape.of(oc, ic, kernel, kernel), fanIn));
        int pad = kernel / 2;
        String x = graph.add("Conv", List.of(src, weights), Attributes.NONE
                .with("kernel_shape", new long[] {kernel, kernel}).with("strides", new long[] {stride, stride})
                .with("pads", new long[] {pad, pad, pad, pad}));
        return graph.add("BatchNormalization", List.of(x,
                graph.constant("bn.scale", random.around(gain, 0.2f * gain, oc)),
                graph.constant("bn.bias", random.around(0f, 0.1f, oc)),
                graph.constant("bn.mean", random.around(0f, 0.1f, oc)),
                graph.constant("bn.var", random.around(1f, 0.2f, oc))), Attributes.NONE);
    }
}
