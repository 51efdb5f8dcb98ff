package io.tersor.model.pass;

import static io.tersor.model.pass.FuseAttentionTest.HEADS;
import static io.tersor.model.pass.FuseAttentionTest.SIZE;
import static io.tersor.model.pass.FuseAttentionTest.SWAP;
import static io.tersor.model.pass.FuseAttentionTest.check;
import static io.tersor.model.pass.FuseAttentionTest.number;
import static io.tersor.model.pass.FuseAttentionTest.transpose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.PreparedNetwork;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Attention as exporters write it: what becomes one kernel, and what must not. */
class ExportedAttentionTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final String FUSED = "attention_f32f32f32f32";

    private static String longs(GraphBuilder b, long... values) {
        return b.constant("longs", Tensor.ofLongs(ARENA, Shape.of(values.length), values));
    }

    private static String keys(GraphBuilder b) {
        return transpose(b, "k", 0, 2, 3, 1);
    }

    private static String softmax(GraphBuilder b, String queries, String keys) {
        return b.add("Softmax", b.add("MatMul", queries, keys));
    }

    private static String weighted(GraphBuilder b, String weights) {
        return transpose(b, b.add("MatMul", weights, transpose(b, "v", SWAP)), SWAP);
    }

    @Test
    void queriesAndKeysAreScaledBoth() {
        check((b, type) -> {
            String queries = b.add("Mul", transpose(b, "q", SWAP), number(b, type, 0.6));
            return weighted(b, softmax(b, queries, b.add("Mul", number(b, type, 0.7), keys(b))));
        }, FUSED);
    }

    @Test
    void queriesAreScaledTwiceInFrontOfMovesAndScoresOnceMore() {
        check((b, type) -> {
            String queries = transpose(b, b.add("Mul", "q", number(b, type, 0.5)), SWAP);
            String product = b.add("MatMul", b.add("Mul", queries, number(b, type, 3)), keys(b));
            String masked = b.add("Add", b.add("Div", product, number(b, type, 2)), number(b, type, 0.25));
            return weighted(b, b.add("Softmax", masked));
        }, "transpose", "transpose", "matrix_product_f32", "transpose", "mul_broadcast_f32", "div_broadcast_f32",
                "add_broadcast_f32", "softmax_f32", "matrix_product_f32", "transpose");
        check((b, type) -> {
            String queries = transpose(b, b.add("Mul", "q", number(b, type, 0.5)), SWAP);
            String product = b.add("MatMul", b.add("Mul", queries, number(b, type, 3)), keys(b));
            return weighted(b, b.add("Softmax", b.add("Div", product, number(b, type, 2))));
        }, FUSED);
    }

    /** Returns the square root of one over the square root of the last extent. */
    private static String scaleOf(GraphBuilder b, DataType type, String value) {
        String size = b.add("Slice", b.add("Shape", value), longs(b, -1), longs(b, Long.MAX_VALUE));
        String real = b.add("Cast", List.of(size), Attributes.NONE.with("to", type == DataType.F32 ? 1 : 11));
        return b.add("Sqrt", b.add("Div", number(b, type, 1), b.add("Sqrt", real)));
    }

    @Test
    void scaleFollowsFromShapes() {
        check((b, type) -> {
            String queries = b.add("Mul", transpose(b, "q", SWAP), scaleOf(b, type, "q"));
            return weighted(b, softmax(b, queries, b.add("Mul", keys(b), scaleOf(b, type, "q"))));
        }, FUSED);
    }

    @Test
    void scaleOfEachHeadStays() {
        check((b, type) -> {
            Tensor factors = Tensor.allocate(ARENA, type, Shape.of(HEADS, 1, 1));
            for (int i = 0; i < HEADS; i++) {
                factors.set(i, 0.5 + i);
            }
            return weighted(b, softmax(b, b.add("Mul", transpose(b, "q", SWAP), b.constant("f", factors)), keys(b)));
        }, "transpose", "mul_broadcast_f32", FUSED);
    }

    @Test
    void scaleInFrontOfALayerStays() {
        Graph layer = FuseAttentionTest.graph(DataType.F32, (b, type) -> {
            String weights = b.constant("w", Tensor.allocate(ARENA, type, Shape.of(SIZE, 5)));
            return b.add("Softmax", b.add("MatMul", b.add("Mul", "q", number(b, type, 0.5)), weights));
        });
        assertSame(layer, new HoistScales().apply(layer));
        Graph scores = FuseAttentionTest.graph(DataType.F32, (b, type) ->
                softmax(b, b.add("Mul", transpose(b, "q", SWAP), number(b, type, 0.5)), keys(b)));
        assertNotSame(scores, new HoistScales().apply(scores));
    }

    @Test
    void scaledQueriesWithAnotherUseStay() {
        check((b, type) -> {
            String queries = b.add("Mul", transpose(b, "q", SWAP), number(b, type, 0.6));
            return b.add("Add", b.add("MatMul", softmax(b, queries, keys(b)), transpose(b, "v", SWAP)),
                    b.add("ReduceMax", List.of(queries), Attributes.NONE.with("keepdims", 1)));
        }, "transpose", "mul_broadcast_f32", "reduce_max_f32", FUSED, "add_broadcast_f32");
    }

    /** Returns weights of scores, all of which are -infinity where there is but one key; then they are a number. */
    private static String guarded(GraphBuilder b, DataType type, double number) {
        String mask = b.add("Where", b.add("Not", FuseAttentionTest.mask(b)), number(b, type, 0),
                number(b, type, Double.NEGATIVE_INFINITY));
        String scores = b.add("MatMul", transpose(b, "q", SWAP), keys(b));
        String weights = b.add("Softmax", b.add("Add", scores, mask));
        return b.add("Where", b.add("IsNaN", weights), number(b, type, number), weights);
    }

    @Test
    void rowsWithoutKeysGiveZeros() {
        check((b, type) -> weighted(b, guarded(b, type, 0)), "java/not", "java/where", FUSED);
    }

    @Test
    void rowsWithoutKeysThatGiveSomethingElseAreNotFused() {
        check((b, type) -> weighted(b, guarded(b, type, 0.5)), "java/not", "java/where", "transpose", "transpose",
                "matrix_product_f32", "add_broadcast_f32", "softmax_f32", "java/isnan", "java/where", "transpose",
                "matrix_product_f32", "transpose");
    }

    /** Returns heads of all images, one after the other: [n * heads, length, size]. */
    private static String joined(GraphBuilder b, String value) {
        String extents = b.add("Concat", List.of(longs(b, -1), b.add("Slice", b.add("Shape", value), longs(b, 1),
                longs(b, 2)), longs(b, SIZE)), Attributes.NONE.with("axis", 0));
        return b.add("Reshape", transpose(b, value, SWAP), extents);
    }

    @Test
    void headsOfAllImagesAreOneAxis() {
        check((b, type) -> {
            String queries = b.add("Mul", joined(b, "q"), number(b, type, 0.3));
            return b.add("MatMul", softmax(b, queries, transpose(b, joined(b, "k"), 0, 2, 1)), joined(b, "v"));
        }, "transpose", "transpose", "transpose", FUSED);
    }

    /** Returns [length, n * heads, size]. */
    private static String sequenceFirst(GraphBuilder b, String value) {
        return b.add("Reshape", transpose(b, value, 1, 0, 2, 3), longs(b, 0, -1, SIZE));
    }

    @Test
    void sequencesComeFirst() {
        check((b, type) -> {
            String queries = b.add("Mul", transpose(b, sequenceFirst(b, "q"), 1, 0, 2), number(b, type, 0.3));
            String weights = softmax(b, queries, transpose(b, sequenceFirst(b, "k"), 1, 2, 0));
            return transpose(b, b.add("MatMul", weights, transpose(b, sequenceFirst(b, "v"), 1, 0, 2)), 1, 0, 2);
        }, "transpose", "transpose", "transpose", FUSED);
    }

    @Test
    void keysAreTransposedBetweenReshapes() {
        check((b, type) -> {
            String keys = transpose(b, "k", SWAP);
            String shape = b.add("Shape", keys);
            String images = b.add("Slice", shape, longs(b, 0), longs(b, 2));
            String length = b.add("Slice", shape, longs(b, 2), longs(b, 3));
            Attributes first = Attributes.NONE.with("axis", 0);
            String three = b.add("Reshape", keys, b.add("Concat", List.of(longs(b, -1), length, longs(b, SIZE)), first));
            String back = b.add("Reshape", transpose(b, three, 0, 2, 1),
                    b.add("Concat", List.of(images, longs(b, SIZE), length), first));
            return weighted(b, softmax(b, transpose(b, "q", SWAP), back));
        }, FUSED);
    }

    @Test
    void quantizationBehindTranspositions() {
        Graph graph = FuseAttentionTest.graph(DataType.F32, (b, type) -> {
            String queries = FuseAttentionTest.pair(b, transpose(b, "q", SWAP), 0.02f, 128);
            String keys = FuseAttentionTest.pair(b, b.add("Mul", keys(b), number(b, type, 0.5)), 0.015f, 120);
            String values = FuseAttentionTest.pair(b, transpose(b, "v", SWAP), 0.03f, 130);
            return transpose(b, b.add("MatMul", softmax(b, queries, keys), values), SWAP);
        });
        Map<String, Tensor> inputs = FuseAttentionTest.inputs(graph, 2, 6, 9);
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            assertArrayEquals(FuseAttentionTest.observed(graph, inputs), network.run(inputs, ARENA).get("y").toFloats(),
                    1e-4f);
            assertEquals(List.of("quantize_f32u8", "mul_broadcast_f32", "quantize_f32u8", "quantize_f32u8",
                    "attention_u8u8u8f32"), network.kernels().stream().map(step ->
                    step.kernel().replace("scalar/", "")).toList());
        }
    }
}
