package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.StepInfo;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs one node as a network does, and by its plain operator. */
final class PlainReference {
    private static final int OPSET = 22;

    private PlainReference() {}

    /** Returns what a node does, all of whose inputs are constant. */
    static Computation computation(Node node, Tensor... inputs) {
        List<Optional<TensorType>> types = new ArrayList<>();
        for (Tensor input : inputs) {
            types.add(Optional.ofNullable(input).map(tensor -> new TensorType(tensor.type(), tensor.shape())));
        }
        OpContext context = new OpContext(node, OPSET, types, new OpContext.Values() {
            @Override
            public Optional<Tensor> constant(int input) {
                return Optional.of(inputs[input]);
            }

            @Override
            public Tensor required(int input) {
                return inputs[input];
            }
        });
        return Operators.find(node).orElseThrow().prepare(context);
    }

    /** Returns what the plain operator gives. */
    static Tensor[] plain(Node node, Tensor... inputs) {
        Computation computation = computation(node, inputs);
        Tensor[] outputs = new Tensor[node.outputs().size()];
        for (int i = 0; i < outputs.length; i++) {
            if (!node.outputs().get(i).isEmpty()) {
                TensorType type = computation.outputs().get(i);
                outputs[i] = Tensor.allocate(Arena.ofAuto(), type.type(), type.shape());
            }
        }
        computation.body().run(inputs, outputs);
        return outputs;
    }

    /**
     * Fails unless a network of the node gives what the plain operator gives.
     *
     * @param kernel what the name of a step has to contain
     * @param constants inputs that are constants of the graph
     * @param tolerance allowed difference in units of max(1, |expected|)
     */
    static void check(Node node, String kernel, double tolerance, List<Integer> constants, Backend backend,
            Tensor... inputs) {
        Tensor[] expected = plain(node, inputs);
        GraphBuilder b = Graph.builder("agreement", OPSET);
        List<String> names = new ArrayList<>();
        Map<String, Tensor> given = new HashMap<>();
        for (int i = 0; i < inputs.length; i++) {
            if (inputs[i] == null) {
                names.add("");
            } else if (constants.contains(i)) {
                names.add(b.constant("c" + i, inputs[i]));
            } else {
                names.add("x" + i);
                given.put("x" + i, inputs[i]);
                b.input(ValueInfo.of("x" + i, inputs[i].type(), inputs[i].shape()));
            }
        }
        b.node(node.withInputs(names));
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] != null) {
                b.output(new ValueInfo(node.outputs().get(i), expected[i].type(), Optional.empty()));
            }
        }
        try (PreparedNetwork network = Network.of(b.build()).prepare(backend); Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> actual = network.run(given, arena);
            List<String> kernels = network.kernels().stream().map(StepInfo::kernel).toList();
            assertTrue(kernels.stream().anyMatch(name -> name.contains(kernel)), node + " ran as " + kernels);
            for (int i = 0; i < expected.length; i++) {
                if (expected[i] != null) {
                    check(node, expected[i], actual.get(node.outputs().get(i)), tolerance);
                }
            }
        }
    }

    /** Fails unless a result is the expected one, with the tolerance of the whole check. */
    static void check(Node node, Tensor expected, Tensor actual, double tolerance) {
        assertEquals(expected.shape(), actual.shape(), node.toString());
        assertEquals(expected.type(), actual.type(), node.toString());
        boolean real = expected.type().isFloating() && expected.type() != DataType.BOOL;
        for (long i = 0; i < expected.shape().elements(); i++) {
            double want = real ? expected.get(i) : expected.getLong(i);
            double got = real ? actual.get(i) : actual.getLong(i);
            boolean same = Double.compare(want + 0.0, got + 0.0) == 0;
            assertTrue(same || Math.abs(want - got) <= tolerance * Math.max(1, Math.abs(want)),
                    node + " element " + i + " of " + expected.shape() + ": expected " + want + ", got " + got);
        }
    }
}
