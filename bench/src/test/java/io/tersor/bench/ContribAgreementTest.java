package io.tersor.bench;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S64;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.model.Attribute;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Operators of ONNX Runtime's domain, those that its CPU provider has, against it. */
class ContribAgreementTest {
    private static final UnaryOperator<Attributes> NONE = UnaryOperator.identity();

    @TempDir
    private Path folder;

    private final Map<String, ContribCase> cases = new LinkedHashMap<>();

    private ContribCase add(String name) {
        ContribCase one = new ContribCase();
        cases.put(name, one);
        return one;
    }

    @TestFactory
    Stream<DynamicTest> operatorsGiveWhatOnnxRuntimeGives() {
        for (DataType type : List.of(U8, S8)) {
            quantized(type);
            quantizedProducts(type);
        }
        dynamic();
        for (int bits : new int[] {2, 4, 8}) {
            blocks(bits);
        }
        optimized();
        products();
        attention();
        grouped();
        return cases.entrySet().stream().map(one -> DynamicTest.dynamicTest(one.getKey(),
                () -> compare(one.getKey(), one.getValue())));
    }

    private void compare(String name, ContribCase one) {
        Path file = folder.resolve(name + ".onnx");
        Graph graph = one.graph();
        graph.save(file);
        try (NetworkWorkload workload = new NetworkWorkload(
                Network.of(Graph.load(file)).prepare(NetworkOptions.DEFAULT), one.inputs());
                OnnxRuntimePeer peer = new OnnxRuntimePeer("onnxruntime", file, 1, one.inputs(), workload.outputs())) {
            peer.time(1);
            assertTrue(workload.steps().stream().noneMatch(step -> step.operator().startsWith("com.microsoft")));
            workload.outputs().forEach((output, tensor) -> same(output, peer.outputs().get(output), tensor));
        }
    }

    /** Levels may be a step apart, where other runtimes round twice. */
    private static void same(String output, Tensor expected, Tensor actual) {
        boolean real = expected.type().isFloating();
        for (long i = 0; i < expected.shape().elements(); i++) {
            double want = real ? expected.get(i) : expected.getLong(i);
            double got = real ? actual.get(i) : actual.getLong(i);
            assertEquals(want, got, real ? 2e-4 * Math.max(1, Math.abs(want)) : 1, output + " element " + i);
        }
    }

    private void quantized(DataType type) {
        for (String operator : new String[] {"QLinearAdd", "QLinearMul"}) {
            ContribCase c = add(operator + type);
            c.node(operator, type, 3, NONE, operand(c, c.bytes(type, 2, 4, 3), 0.02, 5, operand(c,
                    c.bytes(type, 4, 3), 0.03, 17, c.number(F32, 0.05), c.number(type, 3))));
        }
        ContribCase c = add("QLinearSigmoid" + type);
        c.node("QLinearSigmoid", type, 2, NONE, operand(c, c.bytes(type, 7, 9), 0.02, 5, c.number(F32, 1 / 256.0),
                c.number(type, 0)));
        c = add("QLinearLeakyRelu" + type);
        c.node("QLinearLeakyRelu", type, 2, a -> a.with("alpha", 0.2f), operand(c, c.bytes(type, 7, 9), 0.02, 5,
                c.number(F32, 0.02), c.number(type, 1)));
        for (int last = 0; last < 2; last++) {
            int at = last;
            c = add("QLinearGlobalAveragePool" + last + type);
            c.node("QLinearGlobalAveragePool", type, 4, a -> a.with("channels_last", at), operand(c,
                    c.bytes(type, 2, 5, 6, 4), 0.02, 5, c.number(F32, 0.01), c.number(type, 3)));
            c = add("QLinearAveragePool" + last + type);
            c.node("QLinearAveragePool", type, 4, a -> a.with("channels_last", at)
                    .with("kernel_shape", new long[] {3, 2}).with("strides", new long[] {2, 1})
                    .with("pads", new long[] {1, 1, 0, 0}), operand(c, c.bytes(type, 2, 5, 6, 4), 0.02, 5,
                    c.number(F32, 0.02), c.number(type, 3)));
        }
        c = add("QLinearConcat" + type);
        c.node("QLinearConcat", type, 3, a -> a.with("axis", 1), all(new String[] {c.number(F32, 0.05),
            c.number(type, 3)}, operand(c, c.bytes(type, 2, 4, 3), 0.02, 5, operand(c, c.bytes(type, 2, 5, 3), 0.03,
                17))));
        for (int opset = 11; opset < 14; opset += 2) {
            for (int axis = -1; axis < 2; axis += 2) {
                int version = opset;
                int along = axis;
                if (opset == 13 || axis >= 0) {
                    c = add("QLinearSoftmax" + opset + axis + type);
                    c.node("QLinearSoftmax", type, 3, a -> a.with("opset", version).with("axis", along), operand(c,
                            c.bytes(type, 3, 4, 5), 0.02, 5, c.number(F32, 1 / 256.0), c.number(type, type.min())));
                }
            }
        }
    }

    /** Returns an operand with its parameters, then others. */
    private static String[] operand(ContribCase c, String value, double scale, int zeroPoint, String... others) {
        DataType type = c.inputs().get(value).type();
        return all(new String[] {value, c.number(F32, scale), c.number(type, zeroPoint)}, others);
    }

    private static String[] all(String[] first, String... others) {
        return Stream.concat(Stream.of(first), Stream.of(others)).toArray(String[]::new);
    }

    private void quantizedProducts(DataType type) {
        for (int transposed = 0; transposed < 2; transposed++) {
            for (int real = 0; real < 2; real++) {
                int at = transposed;
                ContribCase c = add("QGemm" + transposed + real + type);
                String[] operands = operand(c, c.bytes(type, 5, 7), 0.02, 7, at == 0 ? c.levels(S8, 7, 6)
                        : c.levels(S8, 6, 7), c.constant(F32, 0.01, 0.03, 6), c.constant(S8, 0, 1, 6),
                        c.constant(S32, -900, 900, 6));
                c.node("QGemm", real == 1 ? F32 : type, 2, a -> a.with("transB", at), real == 1 ? operands
                        : all(operands, c.number(F32, 0.2), c.number(type, 9)));
            }
        }
        ContribCase c = add("QLinearConvLast" + type);
        c.node("QLinearConv", type, 4, a -> a.with("channels_last", 1).with("kernel_shape", new long[] {3, 3})
                .with("pads", new long[] {1, 1, 1, 1}), operand(c, c.bytes(type, 2, 7, 8, 4), 0.02, 7,
                c.levels(S8, 6, 4, 3, 3), c.constant(F32, 0.01, 0.03, 6), c.constant(S8, 0, 1, 6),
                c.number(F32, 0.3), c.number(type, 9), c.constant(S32, -900, 900, 6)));
    }

    private void dynamic() {
        ContribCase c = add("DynamicQuantizeMatMul");
        c.node("DynamicQuantizeMatMul", F32, 3, NONE, c.real(2, 4, 16), c.levels(U8, 16, 6), c.number(F32, 0.02),
                c.number(U8, 128), c.weights(6));
        c = add("DynamicQuantizeMatMulColumns");
        c.node("DynamicQuantizeMatMul", F32, 3, NONE, c.real(2, 4, 16), c.levels(S8, 16, 6),
                c.constant(F32, 0.01, 0.03, 6), c.levels(S8, 6));
        c = add("MatMulIntegerToFloat");
        c.node("MatMulIntegerToFloat", F32, 3, NONE, c.bytes(U8, 2, 4, 16), c.levels(U8, 16, 6), c.number(F32, 0.03),
                c.number(F32, 0.02), c.number(U8, 130), c.number(U8, 128), c.weights(6));
        c = add("QAttention");
        List<String> source = c.before("DynamicQuantizeLinear", 3, c.real(2, 5, 24));
        c.node("QAttention", F32, 3, a -> a.with("num_heads", 4), source.get(0), c.levels(U8, 24, 96), c.weights(96),
                source.get(1), c.number(F32, 0.01), "", source.get(2), c.number(U8, 128));
    }

    private void blocks(int bits) {
        for (long k : new long[] {64, 50}) {
            long blocks = Math.ceilDiv(k, 16);
            for (int zeroPoints = 0; zeroPoints < 2; zeroPoints++) {
                ContribCase c = add("MatMulNBits" + bits + "x" + k + "z" + zeroPoints);
                c.node("MatMulNBits", F32, 3, a -> a.with("K", k).with("N", 6).with("bits", bits)
                        .with("block_size", 16), c.real(2, 3, k), c.levels(U8, 6, blocks, 2L * bits),
                        c.constant(F32, 0.01, 0.05, 6, blocks),
                        zeroPoints == 0 ? "" : c.levels(U8, 6, Math.ceilDiv(blocks * bits, 8)));
            }
        }
        ContribCase c = add("GatherBlockQuantized" + bits);
        c.node("GatherBlockQuantized", F32, 3, a -> a.with("bits", bits).with("block_size", 16)
                .with("quantize_axis", 1).with("gather_axis", 0), c.levels(U8, 11, 12L * bits),
                c.integers(S64, -11, 11, 2, 3), c.weights(11, 6), c.levels(U8, 11, Math.ceilDiv(6 * bits, 8)));
    }

    private void optimized() {
        ContribCase c = add("Gelu");
        c.node("Gelu", F32, 2, NONE, c.real(3, 8));
        c = add("BiasGelu");
        c.node("BiasGelu", F32, 2, NONE, c.real(3, 8), c.weights(8));
        c = add("FastGelu");
        c.node("FastGelu", F32, 2, NONE, c.real(3, 8), c.weights(8));
        c = add("QuickGelu");
        c.node("QuickGelu", F32, 2, NONE, c.real(3, 8));
        c = add("SkipLayerNormalization");
        c.node("SkipLayerNormalization", List.of("y", "", "", "sum"), F32, 3, a -> a.with("epsilon", 1e-5f),
                c.real(2, 3, 8), c.real(2, 3, 8), c.weights(8), c.weights(8), c.weights(8));
        c = add("SkipSimplifiedLayerNormalization");
        c.node("SkipSimplifiedLayerNormalization", List.of("y", "", "", "sum"), F32, 3, NONE, c.real(2, 3, 8),
                c.real(2, 3, 8), c.weights(8), c.weights(8));
        c = add("SimplifiedLayerNormalization");
        c.node("SimplifiedLayerNormalization", F32, 3, a -> a.with("axis", -1).with("stash_type", 1), c.real(2, 3, 8),
                c.weights(8));
        c = add("EmbedLayerNormalization");
        c.node("EmbedLayerNormalization", List.of("y", "_mask"), F32, 3, NONE, c.integers(S32, 0, 20, 2, 5),
                c.integers(S32, 0, 2, 2, 5),
                c.weights(20, 8), c.weights(10, 8), c.weights(2, 8), c.weights(8), c.weights(8));
    }

    private void products() {
        long[][] right = {{2, 3, 5, 6}, {2, 3, 6, 5}, {5, 2, 3, 6}, {6, 2, 3, 5}};
        for (int way = 0; way < right.length; way++) {
            int at = way;
            ContribCase c = add("FusedMatMul" + way);
            c.node("FusedMatMul", F32, 4, a -> a.with("transB", at & 1).with("transBatchB", at >> 1)
                    .with("alpha", 0.5f), c.real(2, 3, 4, 5), c.real(right[way]));
        }
        for (String activation : new String[] {"Relu", "LeakyRelu", "Tanh"}) {
            ContribCase c = add("FusedGemm" + activation);
            c.node("FusedGemm", F32, 2, a -> a.with("activation", activation).with("transB", 1).with("beta", 0.3f)
                    .with("activation_alpha", 0.2f), c.real(4, 5), c.weights(6, 5), c.weights(6));
            c = add("FusedConv" + activation);
            c.node("FusedConv", F32, 4, a -> activation.equals("LeakyRelu")
                    ? a.with("activation", activation).with("activation_params",
                            new Attribute.Floats(List.of(0.2f))) : a.with("activation", activation),
                    c.real(1, 4, 6, 6), c.weights(6, 4, 3, 3), c.weights(6));
        }
        ContribCase c = add("FusedConvSum");
        c.node("FusedConv", F32, 4, a -> a.with("activation", "Relu"), c.real(1, 4, 6, 6), c.weights(6, 4, 3, 3),
                c.weights(6), c.real(1, 6, 4, 4));
    }

    private void attention() {
        ContribCase c = add("AttentionMask");
        c.node("Attention", F32, 3, a -> a.with("num_heads", 4), c.real(2, 5, 24), c.weights(24, 96), c.weights(96),
                c.integers(S32, 0, 2, 2, 5));
        c = add("AttentionLengths");
        c.node("Attention", F32, 3, a -> a.with("num_heads", 4), c.real(2, 5, 24), c.weights(24, 96), c.weights(96),
                c.vector(3, 5));
        c = add("AttentionPast");
        c.node("Attention", List.of("y", "present5"), F32, 3, a -> a.with("num_heads", 4).with("unidirectional", 1),
                c.real(2, 5, 24),
                c.weights(24, 96), c.weights(96), "", c.real(2, 2, 4, 3, 8));
        c = add("MultiHeadAttention");
        c.node("MultiHeadAttention", F32, 3, a -> a.with("num_heads", 4), c.real(2, 5, 32), c.real(2, 7, 32),
                c.real(2, 7, 32), c.weights(96), c.integers(S32, 0, 2, 2, 7), c.real(2, 1, 5, 7));
        c = add("MultiHeadAttentionHeadsFirst");
        c.node("MultiHeadAttention", F32, 3, a -> a.with("num_heads", 4), c.real(2, 5, 32), c.real(2, 4, 7, 8),
                c.real(2, 4, 7, 8), c.weights(96));
        c = add("MultiHeadAttentionPast");
        c.node("MultiHeadAttention", List.of("y", "keys4", "values4"), F32, 3, a -> a.with("num_heads", 4)
                .with("unidirectional", 1), c.real(2, 5, 32),
                c.real(2, 5, 32), c.real(2, 5, 32), "", "", "", c.real(2, 4, 3, 8), c.real(2, 4, 3, 8));
        for (int interleaved = 0; interleaved < 2; interleaved++) {
            int at = interleaved;
            c = add("RotaryEmbedding" + interleaved);
            c.node("RotaryEmbedding", F32, 3, a -> a.with("interleaved", at), c.real(2, 5, 32),
                    c.integers(S64, 0, 20, 2, 5), c.weights(20, 4), c.weights(20, 4));
            c = add("RotaryEmbeddingFrom" + interleaved);
            c.node("RotaryEmbedding", F32, 4, a -> a.with("interleaved", at), c.real(2, 4, 5, 8),
                    c.integers(S64, 3, 10, 1), c.weights(20, 4), c.weights(20, 4));
        }
    }

    /** Queries, keys, values, cache, how many there are less one, how many at most, angles. */
    private void grouped(String name, int length, int past, int[] last, int total,
            UnaryOperator<Attributes> more) {
        ContribCase c = add("GroupQueryAttention" + name);
        int n = last.length;
        String[] operands = {c.real(n, length, 64), c.real(n, length, 32), c.real(n, length, 32),
            past == 0 ? "" : c.real(n, 2, past, 16), past == 0 ? "" : c.real(n, 2, past, 16), c.vector(last),
            c.number(S32, total), c.weights(40, 8), c.weights(40, 8)};
        c.node("GroupQueryAttention", List.of("y", "keys4", "values4"), F32, 3,
                a -> more.apply(a.with("num_heads", 4).with("kv_num_heads", 2).with("do_rotary", 1)), operands);
    }

    private void grouped() {
        grouped("Prompt", 5, 0, new int[] {4}, 5, NONE);
        grouped("Decode", 1, 6, new int[] {6, 6}, 7, a -> a.with("rotary_interleaved", 1));
        grouped("Chunk", 3, 6, new int[] {8}, 9, NONE);
        grouped("Window", 1, 6, new int[] {6}, 7, a -> a.with("local_window_size", 3));
        grouped("Softcap", 1, 6, new int[] {6}, 7, a -> a.with("softcap", 2f).with("scale", 0.5f));
    }
}
