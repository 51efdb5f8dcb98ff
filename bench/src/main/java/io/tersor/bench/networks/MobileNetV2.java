package io.tersor.bench.networks;

import io.tersor.model.Graph;

/**
 * MobileNetV2 of width 1.0: input {@code image} f32 [n, 3, 224, 224], output {@code logits} [n, 1000]; 3.5 million
 * parameters, 300 million multiply-adds an image. Inverted residual blocks: a 1x1 convolution that widens, a depthwise
 * 3x3 one, a 1x1 one that narrows and has no activation; batch normalization after each, ReLU6.
 *
 * <p>Architecture: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (CVPR 2018). Weights are
 * uniform with He's variance; the normalizations scale by what keeps activations in range.
 */
public final class MobileNetV2 {
    /** Expansion, output channels, blocks and stride of the first block of each stage. */
    private static final int[][] STAGES = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1},
        {6, 160, 3, 2}, {6, 320, 1, 1}};
    /** The input of a widening layer was not cut off at zero: its square is twice what He's variance expects. */
    private static final float UNCUT = 0.7f;

    private final Layers layers;

    private MobileNetV2(long seed) {
        this.layers = new Layers("mobilenet-v2", seed);
    }

    /** Returns the network with the weights of the given seed. */
    public static Graph build(long seed) {
        return new MobileNetV2(seed).build();
    }

    private Graph build() {
        layers.image(224);
        String x = relu6(layers.convolution("image", 3, 32, 3, 2, 1, 1f));
        int channels = 32;
        for (int[] stage : STAGES) {
            for (int block = 0; block < stage[2]; block++) {
                x = block(x, channels, stage[0], stage[1], block == 0 ? stage[3] : 1);
                channels = stage[1];
            }
        }
        x = relu6(layers.convolution(x, channels, 1280, 1, 1, 1, UNCUT));
        layers.classifier(x, 1280, 1000);
        return layers.graph().build();
    }

    private String block(String src, int ic, int expansion, int oc, int stride) {
        int width = ic * expansion;
        boolean residual = stride == 1 && ic == oc;
        String x = expansion == 1 ? src : relu6(layers.convolution(src, ic, width, 1, 1, 1, UNCUT));
        x = relu6(layers.convolution(x, width, width, 3, stride, width, 1f));
        x = layers.convolution(x, width, oc, 1, 1, 1, residual ? 0.5f : 1f);
        return residual ? layers.graph().add("Add", x, src) : x;
    }

    private String relu6(String src) {
        return layers.graph().add("Clip", src, layers.scalar(0), layers.scalar(6));
    }
}
