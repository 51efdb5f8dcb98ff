package io.tersor.model.pass;

import io.tersor.kernel.Activation;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What follows an operator: an activation, a quantization, both or none.
 *
 * @param nodes the nodes that are taken in, in their order
 * @param quantized what the last of them makes, if that is a QuantizeLinear
 * @param output the value behind them
 */
record Tail(List<Node> nodes, Activation activation, Optional<Dequantized> quantized, String output) {
    /** Returns what follows a value, beginning with an activation that alone uses it. */
    static Tail of(Graph graph, Types types, String value, Optional<Patterns.Activated> activated) {
        List<Node> nodes = new ArrayList<>();
        activated.ifPresent(found -> nodes.add(found.node()));
        String at = activated.map(found -> found.node().output()).orElse(value);
        Optional<Dequantized> quantized = Dequantized.after(graph, types, at).filter(Dequantized::isPlain);
        if (quantized.isPresent()) {
            nodes.add(Patterns.onlyConsumer(graph, at).orElseThrow());
        }
        return new Tail(nodes, activated.map(Patterns.Activated::activation).orElse(Activation.NONE), quantized,
                quantized.map(Dequantized::value).orElse(at));
    }

    /** Returns this tail with another activation. */
    Tail with(Activation other) {
        return new Tail(nodes, other, quantized, output);
    }
}
