package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Attention as the function body of ONNX's operator has it, with rows that the mask leaves nothing of: their softmax is
 * no number, and zeros are chosen in its place.
 */
class MaskedRowsTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final int TOKENS = 3;
    private static final int SIZE = 8;

    private static Tensor one(DataType type, double value) {
        Tensor tensor = Tensor.allocate(ARENA, type, Shape.of(1));
        tensor.set(0, value);
        return tensor;
    }

    private static String cast(GraphBuilder b, String value, int to) {
        return b.add("Cast", List.of(value), Attributes.NONE.with("to", to));
    }

    /** @param type of the operands, and the softmax's, as ONNX numbers them */
    private static Map<String, Tensor> run(Backend backend, DataType type, int typeNumber, int precision, boolean guarded,
            Map<String, Tensor> inputs) {
        GraphBuilder b = inputs(type);
        String infinity = b.constant("infinity", one(DataType.F32, Double.NEGATIVE_INFINITY));
        String zero = b.constant("zero", one(DataType.F32, 0));
        String scale = b.constant("scale", one(type, Math.sqrt(1 / Math.sqrt(SIZE))));
        String given = b.add("Where", "mask", zero, infinity);
        String padded = b.add("Pad", given, b.constant("pads", Tensor.ofLongs(ARENA, Shape.of(2), 0, 0)),
                b.add("CastLike", infinity, given), b.constant("axis", Tensor.ofLongs(ARENA, Shape.of(1), -1)));
        String bias = cast(b, padded, typeNumber);
        String keys = b.add("Transpose", List.of("k"), Attributes.NONE.with("perm", new long[] {0, 1, 3, 2}));
        String scores = b.add("MatMul", b.add("Mul", "q", scale), b.add("Mul", keys, scale));
        String softmax = b.add("Softmax", cast(b, b.add("Add", cast(b, scores, typeNumber), bias), precision));
        String probabilities = cast(b, softmax, typeNumber);
        if (guarded) {
            String largest = b.add("ReduceMax", bias, b.constant("last", Tensor.ofLongs(ARENA, Shape.of(1), -1)));
            String none = b.add("Equal", largest, b.add("CastLike", infinity, bias));
            probabilities = b.add("Where", none, b.add("CastLike", zero, probabilities), probabilities);
        }
        String y = b.add("MatMul", probabilities, "v");
        b.output(y).output(probabilities);
        try (PreparedNetwork network = Network.of(b.build()).prepare(backend)) {
            Map<String, Tensor> outputs = network.run(inputs, ARENA);
            return Map.of("y", outputs.get(y), "p", outputs.get(probabilities));
        }
    }

    private static GraphBuilder inputs(DataType type) {
        GraphBuilder b = Graph.builder("attention", 24);
        for (String name : List.of("q", "k", "v")) {
            b.input(ValueInfo.of(name, type, Shape.of(1, 2, TOKENS, SIZE)));
        }
        return b.input(ValueInfo.of("mask", DataType.BOOL, Shape.of(TOKENS, TOKENS)));
    }

    @Test
    void rowsWithoutAnyKeyAreZero() {
        for (DataType type : List.of(DataType.F32, DataType.F16, DataType.BF16)) {
            int number = type == DataType.F32 ? 1 : type == DataType.F16 ? 10 : 16;
            Map<String, Tensor> inputs = new HashMap<>();
            for (String name : List.of("q", "k", "v")) {
                Tensor random = TestGraphs.random(new Random(name.hashCode()), 1, 1, 2, TOKENS, SIZE);
                Tensor tensor = Tensor.allocate(ARENA, type, random.shape());
                for (long i = 0; i < random.shape().elements(); i++) {
                    tensor.set(i, random.get(i));
                }
                inputs.put(name, tensor);
            }
            Tensor mask = Tensor.allocate(ARENA, DataType.BOOL, Shape.of(TOKENS, TOKENS));
            for (long i : new long[] {3, 4, 5, 6}) {
                mask.setLong(i, 1);
            }
            inputs.put("mask", mask);
            for (int precision : new int[] {number, 1, 11}) {
                for (Backend backend : List.of(Backend.SCALAR, Backend.NATIVE)) {
                    Map<String, Tensor> guarded = run(backend, type, number, precision, true, inputs);
                    Map<String, Tensor> bare = run(backend, type, number, precision, false, inputs);
                    for (long i = 0; i < 2 * TOKENS * TOKENS; i++) {
                        long row = i / TOKENS % TOKENS;
                        double p = guarded.get("p").get(i);
                        // Nothing is left of the first row, one key of the last one.
                        assertTrue(row == 0 || row == 2 && i % TOKENS > 0 ? p == 0 : p > 0, type + " " + i + ": " + p);
                        assertEquals(row == 0 ? Double.NaN : p, bare.get("p").get(i));
                    }
                    for (long i = 0; i < 2 * TOKENS * SIZE; i++) {
                        double value = guarded.get("y").get(i);
                        assertTrue(i / SIZE % TOKENS == 0 ? value == 0 : Double.isFinite(value), type + ": " + value);
                    }
                }
            }
        }
    }
}
