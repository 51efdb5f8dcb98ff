package io.tersor.bench.networks;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Operators of detection, segmentation and optical flow, of the sizes that networks have them in. */
final class VisionGraphs extends SingleNodes {
    private VisionGraphs(int opset) {
        super(opset);
    }

    /** Returns all graphs by a name that tells operator and size. */
    static Map<String, Graph> all() {
        VisionGraphs graphs = new VisionGraphs(22);
        graphs.pools();
        graphs.resizes();
        graphs.detection();
        VisionGraphs older = new VisionGraphs(18);
        older.regions();
        graphs.graphs.putAll(older.graphs);
        VisionGraphs newest = new VisionGraphs(23);
        newest.rotary();
        graphs.graphs.putAll(newest.graphs);
        return graphs.graphs;
    }

    private static Attributes window(long size, long stride, long pad) {
        return Attributes.NONE.with("kernel_shape", new long[] {size, size}).with("strides", new long[] {stride,
                stride})
                .with("pads", new long[] {pad, pad, pad, pad});
    }

    private void pools() {
        one("MaxPool", IMAGE + " 2x2 s2", DataType.F32, window(2, 2, 0), List.of(f32(IMAGE)));
        one("MaxPool", "1x256x20x20 5x5 p2", DataType.F32, window(5, 1, 2), List.of(f32(Shape.of(1, 256, 20, 20))));
        one("MaxPool", "1x64x112x112 3x3 s2", DataType.F32, window(3, 2, 1), List.of(f32(Shape.of(1, 64, 112, 112))));
        one("AveragePool", IMAGE + " 2x2 s2", DataType.F32, window(2, 2, 0), List.of(f32(IMAGE)));
        one("AveragePool", "1x512x7x7 7x7", DataType.F32, window(7, 1, 0), List.of(f32(Shape.of(1, 512, 7, 7))));
        one("MaxPool", IMAGE + " 3x3 s1 p1", DataType.F32, window(3, 1, 1), List.of(f32(IMAGE)));
        one("AveragePool", IMAGE + " 3x3 s1 p1", DataType.F32, window(3, 1, 1), List.of(f32(IMAGE)));
        one("GlobalAveragePool", IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(f32(IMAGE)));
        one("GlobalAveragePool", "1x2048x7x7", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(1, 2048, 7, 7))));
        one("GlobalMaxPool", IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(f32(IMAGE)));
        one("GlobalLpPool", IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(f32(IMAGE)));
        one("LpPool", IMAGE.toString(), DataType.F32, window(2, 2, 0), List.of(f32(IMAGE)));
        one("MaxUnpool", "1x64x28x28 2x2 s2", DataType.F32, window(2, 2, 0), List.of(f32(Shape.of(1, 64, 28, 28)),
                places()));
    }

    private Tensor places() {
        Tensor places = Tensor.allocate(arena, DataType.S64, Shape.of(1, 64, 28, 28));
        RandomGenerator random = SeededInputs.generator(4);
        for (int i = 0; i < 64 * 28 * 28; i++) {
            int row = i / 28 * 2 + random.nextInt(2);
            places.setLong(i, row * 56L + i % 28 * 2 + random.nextInt(2));
        }
        return places;
    }

    private void resizes() {
        for (String mode : List.of("linear", "cubic")) {
            for (String coordinates : List.of("half_pixel", "align_corners")) {
                one("Resize", "1x64x16x16 by 4 " + mode + " " + coordinates, DataType.F32,
                        Attributes.NONE.with("mode", mode)
                        .with("coordinate_transformation_mode", coordinates),
                        List.of(f32(Shape.of(1, 64, 16, 16)), "", floats(1, 1, 4, 4)));
            }
        }
        one("Resize", "1x19x64x128 by 8 linear", DataType.F32, Attributes.NONE.with("mode", "linear"),
                List.of(f32(Shape.of(1, 19, 64, 128)), "", floats(1, 1, 8, 8)));
        one("Resize", "1x3x640x480 to 224x224 linear", DataType.F32, Attributes.NONE.with("mode", "linear"),
                List.of(f32(Shape.of(1, 3, 640, 480)), "", "", longs(1, 3, 224, 224)));
        one("Resize", "1x56x56x64 by 2 linear", DataType.F32, Attributes.NONE.with("mode", "linear"),
                List.of(f32(Shape.of(1, 56, 56, 64)), "", floats(1, 2, 2, 1)));
        one("Resize", "1x256x20x20 by 2 nearest", DataType.F32, Attributes.NONE.with("mode", "nearest")
                .with("coordinate_transformation_mode", "asymmetric").with("nearest_mode", "floor"),
                List.of(f32(Shape.of(1, 256, 20, 20)), "", floats(1, 1, 2, 2)));
        one("Resize", "1x256x20x20 by 2 nearest half_pixel", DataType.F32, Attributes.NONE.with("mode", "nearest"),
                List.of(f32(Shape.of(1, 256, 20, 20)), "", floats(1, 1, 2, 2)));
        one("Resize", IMAGE + " by half nearest", DataType.F32, Attributes.NONE.with("mode", "nearest")
                .with("coordinate_transformation_mode", "asymmetric").with("nearest_mode", "floor"),
                List.of(f32(IMAGE), "", floats(1, 1, 0.5f, 0.5f)));
        one("Pad", IMAGE + " edge", DataType.F32, Attributes.NONE.with("mode", "edge"),
                List.of(f32(IMAGE), longs(0, 0, 1, 1, 0, 0, 1, 1)));
    }

    private void detection() {
        for (String mode : List.of("linear", "nearest", "cubic")) {
            one("GridSample", IMAGE + " " + mode, DataType.F32, Attributes.NONE.with("mode", mode),
                    List.of(f32(IMAGE), input("g", DataType.F32, Shape.of(1, 56, 56, 2))));
        }
        one("GridSample", "8x32x64x64 by 300x4", DataType.F32, Attributes.NONE.with("mode", "linear"),
                List.of(f32(Shape.of(8, 32, 64, 64)), input("g", DataType.F32, Shape.of(8, 300, 4, 2))));
        one("NonMaxSuppression", "8400 boxes 1 class", DataType.S64, Attributes.NONE,
                List.of(boxes(8400), input("s", DataType.F32, Shape.of(1, 1, 8400)), longs(300), floats(0.5f),
                        floats(0.25f)));
        one("NonMaxSuppression", "1000 boxes 80 classes", DataType.S64, Attributes.NONE,
                List.of(boxes(1000), input("s", DataType.F32, Shape.of(1, 80, 1000)), longs(100), floats(0.5f),
                        floats(0.9f)));
        one("DeformConv", "64x28x28 3x3", DataType.F32, Attributes.NONE.with("pads", new long[] {1, 1, 1, 1}),
                List.of(f32(Shape.of(1, 64, 28, 28)), normal(64, 64, 3, 3), input("o", DataType.F32, Shape.of(1, 18,
                        28, 28))));
        one("Col2Im", "1x576x784", DataType.F32, Attributes.NONE.with("pads", new long[] {1, 1, 1, 1}),
                List.of(f32(Shape.of(1, 576, 784)), longs(28, 28), longs(3, 3)));
        one("DepthToSpace", IMAGE + " CRD", DataType.F32, Attributes.NONE.with("blocksize", 2).with("mode", "CRD"),
                List.of(f32(IMAGE)));
    }

    private void regions() {
        Tensor rois = Tensor.allocate(arena, DataType.F32, Shape.of(100, 4));
        RandomGenerator random = SeededInputs.generator(6);
        for (int i = 0; i < 100; i++) {
            for (int k = 0; k < 2; k++) {
                double start = 500 * random.nextDouble();
                rois.set(4 * i + k, start);
                rois.set(4 * i + k + 2, start + 20 + 280 * random.nextDouble());
            }
        }
        for (int ratio : new int[] {2, 0}) {
            one("RoiAlign", "1x256x50x68 by 100 7x7 ratio " + ratio, DataType.F32,
                    Attributes.NONE.with("output_height", 7).with("output_width", 7)
                    .with("sampling_ratio", ratio).with("spatial_scale", 1f / 16),
                    List.of(f32(Shape.of(1, 256, 50, 68)), rois, SeededInputs.indices(arena, Shape.of(100), 1, 3)));
        }
    }

    private Tensor boxes(int count) {
        RandomGenerator random = SeededInputs.generator(5);
        Tensor boxes = Tensor.allocate(arena, DataType.F32, Shape.of(1, count, 4));
        for (int i = 0; i < count; i++) {
            double y = 600 * random.nextDouble();
            double x = 600 * random.nextDouble();
            boxes.set(4 * i, y);
            boxes.set(4 * i + 1, x);
            boxes.set(4 * i + 2, y + 10 + 100 * random.nextDouble());
            boxes.set(4 * i + 3, x + 10 + 100 * random.nextDouble());
        }
        return boxes;
    }

    private void rotary() {
        one("RotaryEmbedding", "1x12x128x64", DataType.F32, Attributes.NONE,
                List.of(f32(Shape.of(1, 12, 128, 64)), normal(1, 128, 32), normal(1, 128, 32)));
        one("RotaryEmbedding", "1x12x128x64 interleaved", DataType.F32, Attributes.NONE.with("interleaved", 1),
                List.of(f32(Shape.of(1, 12, 128, 64)), normal(1, 128, 32), normal(1, 128, 32)));
        one("RotaryEmbedding", "1x128x768 with 512 positions", DataType.F32, Attributes.NONE.with("num_heads", 12),
                List.of(f32(TOKENS), normal(512, 32), normal(512, 32), SeededInputs.indices(arena, Shape.of(1, 128),
                        512, 3)));
        one("RMSNormalization", TOKENS.toString(), DataType.F32, Attributes.NONE, List.of(f32(TOKENS), normal(768)));
    }
}
