package io.tersor.model.pass;

import io.tersor.TersorException;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.exec.GraphValues;
import io.tersor.model.ops.Computation;
import io.tersor.model.ops.Operators;
import io.tersor.model.ops.TensorType;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Computes what depends on constants alone. DequantizeLinear stays, because it is how quantized weights are written and
 * what fusion looks for; so does what would grow beyond {@value #MAX_ELEMENTS} elements and beyond its operands.
 */
public final class FoldConstants implements GraphPass {
    private static final long MAX_ELEMENTS = 1 << 16;
    /** Operators whose result stands for the same matrix of weights as what they read. */
    private static final Set<String> KEEPS_ZEROS = Set.of("Identity", "Transpose", "Cast", "QuantizeLinear");

    @Override
    public Graph apply(Graph graph) {
        GraphValues values = new GraphValues(graph, Map.of(), Map.of());
        Set<String> constant = new HashSet<>(graph.initializers().keySet());
        GraphBuilder builder = graph.toBuilder();
        for (Node node : graph.nodes()) {
            boolean fixed = node.inputs().stream().allMatch(input -> input.isEmpty() || constant.contains(input));
            if (fixed && !node.is("DequantizeLinear")
                    && !node.domain().equals(Node.INTERNAL) && Operators.find(node).isPresent()
                    && small(values, node)) {
                builder.remove(node);
                for (String output : node.outputs()) {
                    if (!output.isEmpty()) {
                        builder.initializer(output, values.elements(output));
                        constant.add(output);
                        if (KEEPS_ZEROS.contains(node.operator())) {
                            builder.sparsityLike(output, node.inputs().getFirst());
                        }
                    }
                }
            }
        }
        return builder.build();
    }

    private static boolean small(GraphValues values, Node node) {
        try {
            Computation computation = values.visit(node);
            long operands = 0;
            for (String input : node.inputs()) {
                operands += input.isEmpty() ? 0 : values.type(input).shape().elements();
            }
            long limit = Math.max(MAX_ELEMENTS, operands);
            for (TensorType output : computation.outputs()) {
                if (output.shape().elements() > limit) {
                    return false;
                }
            }
            for (String output : node.outputs()) {
                if (!output.isEmpty()) {
                    values.elements(output);
                }
            }
            return true;
        } catch (TersorException | ArithmeticException e) {
            // The node's own preparation reports it with the inputs' shapes at hand.
            return false;
        }
    }
}
