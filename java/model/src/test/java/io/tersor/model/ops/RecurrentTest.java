package io.tersor.model.ops;

import io.tersor.kernel.Backend;
import io.tersor.model.Attribute;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.model.TestGraphs;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Recurrent layers on kernels against the plain ones in binary64. */
class RecurrentTest {
    private static final int CASES = 60;
    private static final String[] FUNCTIONS = {"Sigmoid", "Tanh", "Relu", "Softsign", "Softplus", "Affine", "LeakyRelu",
        "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu"};

    static Tensor lengths(Random random, int batch, int steps) {
        int[] lengths = new int[batch];
        for (int i = 0; i < batch; i++) {
            lengths[i] = random.nextInt(steps + 1);
        }
        return Tensor.ofInts(Arena.ofAuto(), Shape.of(batch), lengths);
    }

    static Tensor maybe(Random random, Tensor tensor) {
        return random.nextInt(3) == 0 ? null : tensor;
    }

    static Attributes attributes(Random random, int gates, int directions, int hidden, boolean batchFirst) {
        Attributes attributes = Attributes.NONE.with("hidden_size", hidden).with("layout", batchFirst ? 1 : 0)
                .with("direction", directions == 2 ? "bidirectional" : random.nextBoolean() ? "forward" : "reverse")
                .with("linear_before_reset", random.nextInt(2)).with("input_forget", random.nextInt(2));
        if (random.nextInt(3) == 0) {
            attributes = attributes.with("clip", new Attribute.FloatValue(0.7f));
        }
        if (random.nextInt(3) == 0) {
            List<String> names = new ArrayList<>();
            for (int i = 0; i < directions * Math.max(1, gates - 1); i++) {
                names.add(FUNCTIONS[random.nextInt(FUNCTIONS.length)]);
            }
            attributes = attributes.with("activations", new Attribute.Strings(names));
        }
        return attributes;
    }

    private static void check(Random random, String operator, int gates, Backend backend) {
        int directions = 1 + random.nextInt(2);
        int hidden = 1 + random.nextInt(40);
        int input = 1 + random.nextInt(20);
        int batch = 1 + random.nextInt(3);
        int steps = random.nextInt(6);
        boolean batchFirst = random.nextBoolean();
        Tensor x = batchFirst ? TestGraphs.random(random, 1, batch, steps, input)
                : TestGraphs.random(random, 1, steps, batch, input);
        long[] state = batchFirst ? new long[] {batch, directions, hidden} : new long[] {directions, batch, hidden};
        List<Tensor> inputs = new ArrayList<>(List.of(x, TestGraphs.random(random, 0.2, directions, gates * hidden, input),
                TestGraphs.random(random, 0.1, directions, gates * hidden, hidden)));
        inputs.add(maybe(random, TestGraphs.random(random, 0.5, directions, 2L * gates * hidden)));
        inputs.add(maybe(random, lengths(random, batch, steps)));
        inputs.add(maybe(random, TestGraphs.random(random, 1, state)));
        List<String> outputs = new ArrayList<>(List.of(random.nextInt(3) == 0 ? "" : "y", "h"));
        if (gates == 4) {
            inputs.add(maybe(random, TestGraphs.random(random, 1, state)));
            inputs.add(maybe(random, TestGraphs.random(random, 1, directions, 3L * hidden)));
            outputs.add("c");
        }
        Node node = Node.of("node", operator, List.of(), outputs,
                attributes(random, gates, directions, hidden, batchFirst));
        PlainReference.check(node, "cell_f32", 1e-4, List.of(1, 2, 3, 7), backend, inputs.toArray(Tensor[]::new));
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void lstm(Backend backend) {
        for (int seed = 0; seed < CASES; seed++) {
            check(new Random(seed), "LSTM", 4, backend);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void gru(Backend backend) {
        for (int seed = 0; seed < CASES; seed++) {
            check(new Random(seed), "GRU", 3, backend);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void rnn(Backend backend) {
        for (int seed = 0; seed < CASES; seed++) {
            check(new Random(seed), "RNN", 1, backend);
        }
    }

    /** Chunks of units end at 1024. */
    @ParameterizedTest
    @ValueSource(ints = {1023, 1024, 1030})
    void wide(int hidden) {
        Random random = new Random(hidden);
        Tensor[] inputs = {TestGraphs.random(random, 1, 2, 1, 3), TestGraphs.random(random, 0.4, 1, 4L * hidden, 3),
            TestGraphs.random(random, 0.02, 1, 4L * hidden, hidden), null, null, null, null,
            TestGraphs.random(random, 1, 1, 3L * hidden)};
        Node node = Node.of("node", "LSTM", List.of(), List.of("y", "h", "c"), Attributes.NONE.with("hidden_size", hidden));
        PlainReference.check(node, "lstm_cell_f32", 1e-4, List.of(1, 2, 7), Backend.NATIVE, inputs);
    }
}
