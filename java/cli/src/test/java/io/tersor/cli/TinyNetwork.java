package io.tersor.cli;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Files of a small classifier with random weights, images for it, and its own answers as their labels. */
record TinyNetwork(Path model, Path images, Path labels) {
    static final int IMAGES = 24;
    static final int CLASSES = 3;

    static TinyNetwork write(Path folder) {
        TinyNetwork files = new TinyNetwork(folder.resolve("tiny.onnx"), folder.resolve("images.npy"),
                folder.resolve("labels.npy"));
        try (Arena arena = Arena.ofShared()) {
            Graph graph = graph(arena);
            graph.save(files.model);
            Tensor images = random(arena, new Random(7), IMAGES, 2, 8, 8);
            Npy.write(files.images, images);
            Tensor labels = Tensor.allocate(arena, DataType.S64, Shape.of(IMAGES));
            try (PreparedNetwork network = Network.of(graph).prepare()) {
                float[] scores = network.run(images, arena).toFloats();
                for (int i = 0; i < IMAGES; i++) {
                    labels.setLong(i, largest(scores, i * CLASSES));
                }
            }
            Npy.write(files.labels, labels);
        }
        return files;
    }

    private static int largest(float[] scores, int from) {
        int best = 0;
        for (int k = 1; k < CLASSES; k++) {
            best = scores[from + k] > scores[from + best] ? k : best;
        }
        return best;
    }

    private static Graph graph(Arena arena) {
        Random random = new Random(3);
        GraphBuilder builder = Graph.builder("tiny", 17)
                .input(ValueInfo.of("image", DataType.F32, Dim.of("n"), Dim.of(2), Dim.of(8), Dim.of(8)))
                .initializer("w", random(arena, random, 4, 2, 3, 3)).initializer("b", random(arena, random, 4))
                .initializer("fc", random(arena, random, CLASSES, 4 * 64))
                .initializer("c", random(arena, random, CLASSES));
        builder.node(Node.of("conv", "Conv", List.of("image", "w", "b"), List.of("x"),
                Attributes.NONE.with("pads", new long[] {1, 1, 1, 1})));
        builder.node(Node.of("relu", "Relu", List.of("x"), List.of("y"), Attributes.NONE));
        builder.node(Node.of("flatten", "Flatten", List.of("y"), List.of("z"), Attributes.NONE));
        builder.node(Node.of("gemm", "Gemm", List.of("z", "fc", "c"), List.of("scores"),
                Attributes.NONE.with("transB", 1)));
        return builder.output(ValueInfo.of("scores", DataType.F32, Dim.of("n"), Dim.of(CLASSES))).build();
    }

    static Tensor random(Arena arena, Random random, long... dims) {
        Tensor tensor = Tensor.allocate(arena, DataType.F32, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, random.nextFloat() * 2 - 1);
        }
        return tensor;
    }
}
