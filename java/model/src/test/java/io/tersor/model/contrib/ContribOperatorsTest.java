package io.tersor.model.contrib;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.StepInfo;
import io.tersor.model.TestGraphs;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Variants that ONNX Runtime's CPU provider lacks, what is refused, and which kernels run. */
class ContribOperatorsTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final Random RANDOM = new Random(6);

    private record Result(Tensor output, List<StepInfo> steps) {
        List<String> operators() {
            return steps.stream().map(StepInfo::operator).toList();
        }
    }

    private static Tensor real(long... dims) {
        return TestGraphs.random(RANDOM, 1, dims);
    }

    private static Tensor bytes(int... values) {
        Tensor tensor = Tensor.allocate(ARENA, DataType.U8, Shape.of(values.length));
        for (int i = 0; i < values.length; i++) {
            tensor.setLong(i, values[i]);
        }
        return tensor;
    }

    private static Graph graph(String opType, int output, int opset, Attributes attributes, int constantsFrom,
            Tensor... inputs) {
        GraphBuilder b = Graph.builder("contrib", opset).opset(ContribOperators.DOMAIN, 1);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            names.add(inputs[i] == null ? "" : "x" + i);
            if (inputs[i] != null && i >= constantsFrom) {
                b.initializer("x" + i, inputs[i]);
            } else if (inputs[i] != null) {
                b.input(ValueInfo.of("x" + i, inputs[i].type(), inputs[i].shape()));
            }
        }
        List<String> outputs = new ArrayList<>();
        for (int i = 0; i <= output; i++) {
            outputs.add(i == output ? "y" : "");
        }
        b.node(new Node("node", opType, ContribOperators.DOMAIN, names, outputs, attributes));
        return b.output(new ValueInfo("y", DataType.F32, Optional.empty())).build();
    }

    private static Result run(String opType, int output, Attributes attributes, int constantsFrom, Tensor... inputs) {
        Map<String, Tensor> given = new HashMap<>();
        for (int i = 0; i < Math.min(constantsFrom, inputs.length); i++) {
            if (inputs[i] != null) {
                given.put("x" + i, inputs[i]);
            }
        }
        try (PreparedNetwork network = Network.of(graph(opType, output, 17, attributes, constantsFrom, inputs))
                .prepare()) {
            return new Result(network.run(given, ARENA).get("y"), network.kernels());
        }
    }

    private static UnsupportedOperatorException refused(String opType, int output, Attributes attributes,
            Tensor... inputs) {
        UnsupportedOperatorException refused = assertThrows(UnsupportedOperatorException.class,
                () -> Network.of(graph(opType, output, 17, attributes, 1, inputs)).prepare().close(), opType);
        assertEquals(ContribOperators.DOMAIN + "." + opType, refused.operator());
        assertTrue(refused.getMessage().contains("node node"), refused.getMessage());
        return refused;
    }

    @Test
    void softmaxOfASumIsAlongAllAxesFromOneOn() {
        Tensor x = real(2, 3, 4);
        Tensor bias = real(1, 3, 4);
        Tensor y = run("BiasSoftmax", 0, Attributes.NONE.with("axis", 1), 2, x, bias).output();
        for (int image = 0; image < 2; image++) {
            double total = 0;
            for (int i = 0; i < 12; i++) {
                total += Math.exp(x.get(image * 12 + i) + bias.get(i));
            }
            for (int i = 0; i < 12; i++) {
                assertEquals(Math.exp(x.get(image * 12 + i) + bias.get(i)) / total, y.get(image * 12 + i), 1e-6);
            }
        }
    }

    @Test
    void leftHalvesAreTimesGeluOfRightOnes() {
        Tensor x = real(1, 2, 6);
        Tensor bias = real(6);
        Tensor y = run("BiasSplitGelu", 0, Attributes.NONE, 1, x, bias).output();
        Tensor right = Tensor.allocate(ARENA, DataType.F32, Shape.of(2, 3));
        for (int i = 0; i < 6; i++) {
            right.set(i, x.get(i / 3 * 6 + 3 + i % 3) + bias.get(3 + i % 3));
        }
        Tensor gelu = run("Gelu", 0, Attributes.NONE, 1, right).output();
        for (int i = 0; i < 6; i++) {
            assertEquals((x.get(i / 3 * 6 + i % 3) + bias.get(i % 3)) * gelu.get(i), y.get(i), 1e-5);
        }
    }

    @Test
    void biasesAndSkipsAreAdded() {
        Tensor x = real(1, 2, 3);
        Tensor bias = real(3);
        Tensor skip = real(1, 2, 3);
        Tensor y = run("BiasAdd", 0, Attributes.NONE, 1, x, bias, skip).output();
        for (int i = 0; i < 6; i++) {
            assertEquals(x.get(i) + bias.get(i % 3) + skip.get(i), y.get(i), 1e-6);
        }
    }

    @Test
    void onesOfAMaskAreCounted() {
        Tensor ids = Tensor.ofInts(ARENA, Shape.of(2, 3), 0, 1, 2, 3, 4, 0);
        Tensor mask = Tensor.ofInts(ARENA, Shape.of(2, 3), 1, 0, 2, 1, 1, 1);
        Tensor[] tables = {real(5, 4), real(3, 4), null, real(4), real(4)};
        Tensor counted = run("EmbedLayerNormalization", 1, Attributes.NONE, 1, ids, null, tables[0], tables[1],
                tables[2], tables[3], tables[4], mask).output();
        assertArrayEquals(new long[] {1, 3}, counted.toLongs());
        Tensor none = run("EmbedLayerNormalization", 1, Attributes.NONE, 1, ids, null, tables[0], tables[1],
                tables[2], tables[3], tables[4]).output();
        assertArrayEquals(new long[] {0, 0}, none.toLongs());
    }

    /** Blocks of 16 ones less their zero points: 4 bits, the lower one first, and rows that end within a byte. */
    @Test
    void zeroPointsOfRowsFillWholeBytes() {
        Tensor x = Tensor.allocate(ARENA, DataType.F32, Shape.of(1, 48));
        for (int i = 0; i < 48; i++) {
            x.set(i, i / 16 == 0 ? 1 : i / 16 == 1 ? 100 : 10000);
        }
        Tensor levels = Tensor.allocate(ARENA, DataType.U8, Shape.of(2, 3, 8));
        for (int i = 0; i < 48; i++) {
            levels.setLong(i, 0x11);
        }
        Tensor scales = Tensor.ofFloats(ARENA, Shape.of(2, 3), 1, 1, 1, 1, 1, 1);
        Attributes attributes = Attributes.NONE.with("K", 48).with("N", 2).with("bits", 4).with("block_size", 16);
        Result packed = run("MatMulNBits", 0, attributes, 1, x, levels, scales, bytes(0x32, 0xF4, 0x10, 0xF2));
        // Zero points are 2, 3, 4 and 0, 1, 2.
        assertArrayEquals(new float[] {-16 - 3200 - 480000, 16 - 160000}, packed.output().toFloats());
        Tensor reals = Tensor.ofFloats(ARENA, Shape.of(2, 3), 0.5f, 1, 1, 1, 1, 1.5f);
        Result real = run("MatMulNBits", 0, attributes, 1, x, levels, scales, reals);
        assertArrayEquals(new float[] {8, -80000}, real.output().toFloats());
        assertEquals(List.of("MatMul"), packed.operators());
        assertTrue(packed.steps().getFirst().kernel().contains("f32_gemm"), packed.steps().toString());
    }

    @Test
    void productsTakeWhatFollowsThem() {
        Result conv = run("FusedConv", 0, Attributes.NONE.with("activation", "Relu"), 1, real(1, 4, 6, 6),
                real(8, 4, 3, 3), real(8));
        assertTrue(conv.operators().contains("io.tersor.Conv"), conv.operators().toString());
        Result gemm = run("FusedGemm", 0, Attributes.NONE.with("activation", "Relu"), 1, real(2, 8), real(8, 3),
                real(3));
        assertEquals(List.of("io.tersor.MatMul"), gemm.operators());
        Result dynamic = run("DynamicQuantizeMatMul", 0, Attributes.NONE, 1, real(2, 4),
                bytes(1, 2, 3, 4, 5, 6, 7, 8).reshape(Shape.of(4, 2)), real(1).reshape(Shape.of()), null, real(2));
        assertTrue(dynamic.operators().contains("MatMulInteger")
                || dynamic.operators().contains("io.tersor.DynamicMatMul"), dynamic.operators().toString());
        Result attention = run("MultiHeadAttention", 0, Attributes.NONE.with("num_heads", 2), 3, real(1, 4, 8),
                real(1, 4, 8), real(1, 4, 8));
        assertEquals(List.of("Attention"), attention.operators());
        assertTrue(attention.steps().getFirst().kernel().contains("attention"), attention.steps().toString());
    }

    @Test
    void variantsThatAreNotImplementedAreNamed() {
        Attributes heads = Attributes.NONE.with("num_heads", 2);
        Tensor x = real(1, 4, 8);
        refused("MultiHeadAttention", 3, heads, x, x, x);
        refused("MultiHeadAttention", 0, heads, x, x, x, null, null, null, null, null, bytes(1));
        refused("Attention", 0, heads.with("do_rotary", 1), x, real(8, 24), real(24));
        refused("Attention", 0, heads, x, real(8, 24), real(24), Tensor.ofInts(ARENA, Shape.of(5), 0, 1, 2, 3, 4));
        refused("SkipLayerNormalization", 1, Attributes.NONE, x, x, real(8));
        refused("FusedConv", 0, Attributes.NONE.with("activation", "Unheard"), real(1, 4, 6, 6), real(8, 4, 3, 3));
        refused("RotaryEmbedding", 0, Attributes.NONE.with("scale", 2f), x, real(1), real(3, 4), real(3, 4));
        Attributes bits = Attributes.NONE.with("K", 16).with("N", 1).with("block_size", 16);
        refused("MatMulNBits", 0, bits.with("bits", 5), real(1, 16), bytes(new int[16]), real(1));
        int[] order = new int[16];
        order[3] = 1;
        refused("MatMulNBits", 0, bits, real(1, 16), bytes(new int[8]), real(1), null,
                Tensor.ofInts(ARENA, Shape.of(16), order));
        assertThrows(UnsupportedOperatorException.class, () -> run("NoSuchOperator", 0, Attributes.NONE, 1, x));
    }

    @Test
    void attributesThatCannotBeAreNamed() {
        Attributes bits = Attributes.NONE.with("K", 16).with("N", 1).with("bits", 4);
        for (long size : new long[] {0, -16, 8, 48, Long.MAX_VALUE}) {
            assertThrows(OperandException.class, () -> run("MatMulNBits", 0, bits.with("block_size", size), 1,
                    real(1, 16), bytes(new int[8]), real(1)));
        }
        assertThrows(OperandException.class, () -> run("MatMulNBits", 0, bits.with("block_size", 16).with("K", 32), 1,
                real(1, 32), bytes(new int[8]), real(1)));
        assertThrows(OperandException.class, () -> run("MatMulNBits", 0, bits.with("block_size", 16)
                .with("N", Long.MAX_VALUE), 1, real(1, 16), bytes(new int[8]), real(1)));
        assertThrows(OperandException.class, () -> run("MultiHeadAttention", 0, Attributes.NONE, 3, real(1, 4, 8),
                real(1, 4, 8), real(1, 4, 8)));
        assertThrows(OperandException.class, () -> run("QLinearSoftmax", 0, Attributes.NONE.with("axis", 9), 1,
                bytes(1, 2), real(1), bytes(1), real(1), bytes(1)));
    }

    @Test
    void everyOperatorIsInTheTable() {
        assertTrue(ContribOperators.names().containsAll(Set.of("com.microsoft.QLinearAdd", "com.microsoft.MatMulNBits",
                "com.microsoft.GroupQueryAttention", "SimplifiedLayerNormalization")));
    }
}
