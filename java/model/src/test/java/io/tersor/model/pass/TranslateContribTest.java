package io.tersor.model.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TranslateContribTest {
    private static final Arena ARENA = Arena.ofAuto();

    private static GraphBuilder builder() {
        GraphBuilder b = Graph.builder("contrib", 17).opset("com.microsoft", 1);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(4), Dim.of(3), Dim.of(3)));
        for (int i = 0; i < 4; i++) {
            b.initializer("s" + i, Tensor.ofFloats(ARENA, Shape.of(), 0.02f + 0.01f * i));
            b.initializer("z" + i, Tensor.ofBytes(ARENA, DataType.U8, Shape.of(), (byte) (100 + 9 * i)));
        }
        b.node(Node.of("q0", "QuantizeLinear", List.of("x", "s0", "z0"), List.of("q0"), Attributes.NONE));
        b.node(Node.of("q1", "QuantizeLinear", List.of("x", "s1", "z1"), List.of("q1"), Attributes.NONE));
        return b;
    }

    private static String contrib(GraphBuilder b, String opType, Attributes attributes, String... inputs) {
        String output = b.freshName(opType);
        b.node(new Node(output, opType, "com.microsoft", List.of(inputs), List.of(output), attributes));
        return output;
    }

    private static String real(GraphBuilder b, String opType, Attributes attributes, int target, String... inputs) {
        List<String> reals = new ArrayList<>();
        for (int i = 0; i < inputs.length; i += 3) {
            reals.add(b.add("DequantizeLinear", inputs[i], inputs[i + 1], inputs[i + 2]));
        }
        String result = b.add(opType, reals, attributes);
        return b.add("QuantizeLinear", result, "s" + target, "z" + target);
    }

    private static float[] run(GraphBuilder b, String output) {
        Graph graph = b.output(ValueInfo.of(output, DataType.U8, Dim.UNKNOWN, Dim.UNKNOWN, Dim.UNKNOWN, Dim.UNKNOWN))
                .build();
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR); Arena arena = Arena.ofConfined()) {
            assertTrue(network.kernels().stream().noneMatch(step -> step.operator().startsWith("com.microsoft")));
            return network.run(TestGraphs.random(new Random(4), 1, 2, 4, 3, 3), arena).toFloats();
        }
    }

    private static void same(String contrib, String real, Attributes attributes, String... inputs) {
        GraphBuilder one = builder();
        String[] all = java.util.Arrays.copyOf(inputs, inputs.length + 2);
        all[inputs.length] = "s2";
        all[inputs.length + 1] = "z2";
        GraphBuilder other = builder();
        assertArrayEquals(run(other, real(other, real, attributes, 2, inputs)),
                run(one, contrib(one, contrib, attributes, all)), 1f);
    }

    @Test
    void operatorsMeanWhatTheirRealOnesMean() {
        same("QLinearAdd", "Add", Attributes.NONE, "q0", "s0", "z0", "q1", "s1", "z1");
        same("QLinearMul", "Mul", Attributes.NONE, "q0", "s0", "z0", "q1", "s1", "z1");
        same("QLinearSigmoid", "Sigmoid", Attributes.NONE, "q0", "s0", "z0");
        same("QLinearLeakyRelu", "LeakyRelu", Attributes.NONE.with("alpha", 0.3f), "q0", "s0", "z0");
        same("QLinearGlobalAveragePool", "GlobalAveragePool", Attributes.NONE, "q0", "s0", "z0");
        same("QLinearAveragePool", "AveragePool", Attributes.NONE.with("kernel_shape", new long[] {2, 2}), "q0", "s0",
                "z0");
    }

    @Test
    void concatenationBringsPartsToOneScale() {
        GraphBuilder one = builder();
        GraphBuilder other = builder();
        Attributes axis = Attributes.NONE.with("axis", 1);
        assertArrayEquals(run(other, real(other, "Concat", axis, 2, "q0", "s0", "z0", "q1", "s1", "z1")),
                run(one, contrib(one, "QLinearConcat", axis, "s2", "z2", "q0", "s0", "z0", "q1", "s1", "z1")), 1f);
    }

    @Test
    void parametersThatAreNotConstantAreComputed() {
        GraphBuilder one = builder();
        GraphBuilder other = builder();
        String scale = "scale";
        for (GraphBuilder b : List.of(one, other)) {
            b.node(Node.of("max", "ReduceMax", List.of(b.add("Abs", "x")), List.of(scale),
                    Attributes.NONE.with("keepdims", 0)));
        }
        assertArrayEquals(run(other, real(other, "GlobalAveragePool", Attributes.NONE, 2, "q0", scale, "z0")),
                run(one, contrib(one, "QLinearGlobalAveragePool", Attributes.NONE, "q0", scale, "z0", "s2", "z2")), 0f);
    }
}
