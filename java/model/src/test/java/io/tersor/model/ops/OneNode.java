package io.tersor.model.ops;

import io.tersor.kernel.Backend;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs networks of one node with f32 outputs. */
final class OneNode {
    private OneNode() {}

    /**
     * Returns the outputs of a node.
     *
     * @param node gives operator, attributes and outputs
     * @param inputs null where one is left out
     */
    static List<Tensor> run(Node node, int opset, Tensor... inputs) {
        GraphBuilder b = Graph.builder(node.operator(), opset);
        Map<String, Tensor> given = new HashMap<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            names.add(inputs[i] == null ? "" : "x" + i);
            if (inputs[i] != null) {
                given.put("x" + i, inputs[i]);
                b.input(ValueInfo.of("x" + i, inputs[i].type(), inputs[i].shape()));
            }
        }
        b.node(node.withInputs(names));
        node.outputs().forEach(output -> b.output(new ValueInfo(output, DataType.F32, Optional.empty())));
        try (PreparedNetwork network = Network.of(b.build()).prepare(Backend.SCALAR)) {
            Map<String, Tensor> outputs = network.run(given, Arena.ofAuto());
            return node.outputs().stream().map(outputs::get).toList();
        }
    }
}
