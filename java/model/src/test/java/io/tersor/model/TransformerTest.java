package io.tersor.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Backend;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** An encoder layer as exporters write it: shapes computed in the graph, batch and length open. */
class TransformerTest {
    private static final int WIDTH = 24;
    private static final int HEADS = 3;
    private static final Arena ARENA = Arena.ofAuto();

    private static Tensor real(DataType type, Random random, double scale, long... dims) {
        Tensor tensor = Tensor.allocate(ARENA, type, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, (float) (random.nextGaussian() * scale));
        }
        return tensor;
    }

    private static String longs(GraphBuilder b, long... values) {
        return b.constant("i", Tensor.ofLongs(ARENA, Shape.of(values.length), values));
    }

    private static Graph encoder(DataType type) {
        Random random = new Random(31);
        GraphBuilder b = Graph.builder("encoder", 17);
        b.input(ValueInfo.of("tokens", DataType.S64, Dim.of("batch"), Dim.of("length")));
        b.input(ValueInfo.of("mask", DataType.BOOL, Dim.of("batch"), Dim.of("length")));
        String h = b.add("Gather", b.constant("embedding", real(type, random, 1, 50, WIDTH)), "tokens");
        String shape = b.add("Shape", "tokens");
        String split = b.add("Concat", List.of(shape, longs(b, HEADS, WIDTH / HEADS)), Attributes.NONE.with("axis", 0));
        String[] projected = new String[3];
        for (int i = 0; i < 3; i++) {
            String product = b.add("MatMul", h, b.constant("w", real(type, random, 0.3, WIDTH, WIDTH)));
            String biased = b.add("Add", b.constant("b", real(type, random, 0.1, WIDTH)), product);
            long[] order = i == 1 ? new long[] {0, 2, 3, 1} : new long[] {0, 2, 1, 3};
            projected[i] = b.add("Transpose", List.of(b.add("Reshape", biased, split)),
                    Attributes.NONE.with("perm", order));
        }
        String scores = b.add("Div", b.add("MatMul", projected[0], projected[1]),
                scalar(b, type, Math.sqrt(WIDTH / HEADS)));
        String allowed = b.add("Unsqueeze", "mask", longs(b, 1, 2));
        String masked = b.add("Where", allowed, scores, scalar(b, type, -1e4));
        String weights = b.add("Softmax", masked);
        String mixed = b.add("Transpose", List.of(b.add("MatMul", weights, projected[2])),
                Attributes.NONE.with("perm", new long[] {0, 2, 1, 3}));
        String joined = b.add("Reshape", mixed, longs(b, 0, 0, WIDTH));
        String sum = b.add("Add", h, b.add("MatMul", joined, b.constant("w", real(type, random, 0.3, WIDTH, WIDTH))));
        String normal = b.add("LayerNormalization", sum, b.constant("g", real(type, random, 1, WIDTH)),
                b.constant("b", real(type, random, 1, WIDTH)));
        String wide = b.add("MatMul", normal, b.constant("w", real(type, random, 0.3, WIDTH, 40)));
        String gelu = b.add("Mul", b.add("Mul", wide, scalar(b, type, 0.5)), b.add("Add", scalar(b, type, 1),
                b.add("Erf", b.add("Div", wide, scalar(b, type, Math.sqrt(2))))));
        String narrow = b.add("MatMul", gelu, b.constant("w", real(type, random, 0.3, 40, WIDTH)));
        String mean = b.add("ReduceMean", List.of(narrow), Attributes.NONE.with("axes", new long[] {-1}));
        b.node(Node.of("y", "Sub", List.of(narrow, mean), List.of("y"), Attributes.NONE));
        return b.output("y").build();
    }

    private static String scalar(GraphBuilder b, DataType type, double value) {
        Tensor tensor = Tensor.allocate(ARENA, type, Shape.of());
        tensor.set(0, value);
        return b.constant("c", tensor);
    }

    @Test
    void kernelsAgreeWithDoublePrecisionForEveryBatchAndLength() {
        Graph graph = encoder(DataType.F32);
        assertEquals("f32 [batch, length, 24]", graph.outputs().getFirst().describe());
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR);
                PreparedNetwork exact = Network.of(encoder(DataType.F64)).prepare(Backend.SCALAR)) {
            for (long[] extents : new long[][] {{1, 1}, {2, 7}, {3, 5}, {2, 7}}) {
                Shape shape = Shape.of(extents);
                Tensor tokens = Tensor.allocate(ARENA, DataType.S64, shape);
                Tensor mask = Tensor.allocate(ARENA, DataType.BOOL, shape);
                for (long i = 0; i < shape.elements(); i++) {
                    tokens.setLong(i, (i * 7 + 3) % 50);
                    mask.setLong(i, i % 3 == 2 ? 0 : 1);
                }
                Map<String, Tensor> inputs = Map.of("tokens", tokens, "mask", mask);
                assertArrayEquals(exact.run(inputs, ARENA).get("y").toFloats(),
                        network.run(inputs, ARENA).get("y").toFloats(), 1e-4f);
            }
        }
    }
}
