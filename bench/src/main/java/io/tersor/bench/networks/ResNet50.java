package io.tersor.bench.networks;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
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
    private static final int[] BLOCKS = {3, 4, 6, 3};
    private static final int EXPANSION = 4;

    private final Layers layers;
    private final GraphBuilder graph;

    private ResNet50(long seed) {
        this.layers = new Layers("resnet50", seed);
        this.graph = layers.graph();
    }

    /** Returns the network with the weights of the given seed. */
    public static Graph build(long seed) {
        return new ResNet50(seed).build();
    }

    private Graph build() {
        layers.image(224);
        String x = relu(layers.convolution("image", 3, 64, 7, 2, 1, 1f));
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
        layers.classifier(x, channels, 1000);
        return graph.build();
    }

    private String bottleneck(String src, int channels, int width, int stride) {
        String x = relu(layers.convolution(src, channels, width, 1, 1, 1, 1f));
        x = relu(layers.convolution(x, width, width, 3, stride, 1, 1f));
        x = layers.convolution(x, width, width * EXPANSION, 1, 1, 1, 0.25f);
        boolean projects = stride != 1 || channels != width * EXPANSION;
        String shortcut = projects ? layers.convolution(src, channels, width * EXPANSION, 1, stride, 1, 1f) : src;
        return relu(graph.add("Add", x, shortcut));
    }

    private String relu(String src) {
        return graph.add("Relu", src);
    }
}
