package io.tersor.model.pass;

import io.tersor.kernel.Activation;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds f32 functions that exporters write out, and makes them ONNX's own operators: Gelu (0.5 x (1 + erf(x / sqrt 2)),
 * or with tanh), Swish (x sigmoid(x)), HardSwish (x HardSigmoid(x), or x clip(x + 3, 0, 6) / 6), in any order of their
 * factors. The nodes are those of the newest opset, whatever the graph's own is.
 */
public final class FuseFunctions implements GraphPass {
    private static final double SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double CUBE = 0.044715;
    /** How many operators are between tanh and x. */
    private static final int TANH_DEPTH = 5;

    @Override
    public Graph apply(Graph graph) {
        Types types = new Types(graph);
        GraphBuilder builder = graph.toBuilder();
        Set<String> replaced = new HashSet<>();
        for (Node node : graph.nodes()) {
            if ((node.is("Mul") || node.is("Div")) && isReal(types, node)) {
                function(graph, node).ifPresent(found -> {
                    builder.replace(found);
                    replaced.add(found.name());
                });
            }
        }
        return replaced.isEmpty() ? graph : builder.build();
    }

    private static boolean isReal(Types types, Node node) {
        return types.of(node.output()).filter(info -> info.type() == DataType.F32
                && info.dims().map(List::size).orElse(0) > 0).isPresent();
    }

    private static Optional<Node> function(Graph graph, Node node) {
        for (String value : Factors.ancestors(graph, node.output(), 3)) {
            Optional<Node> inner = graph.producer(value);
            if (inner.isEmpty()) {
                continue;
            }
            Optional<Node> found = switch (inner.get().operator()) {
                case "Erf" -> gelu(graph, node, inner.get());
                case "Tanh" -> geluTanh(graph, node, inner.get());
                case "Sigmoid" -> times(graph, node, inner.get().inputs().getFirst(), value, 1, "Swish",
                        Attributes.NONE);
                case "HardSigmoid" -> hardSigmoid(graph, node, inner.get());
                case "Clip" -> clip(graph, node, inner.get());
                default -> Optional.empty();
            };
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    /** Returns a function of x in a node's place if that is number * x * factor. */
    private static Optional<Node> times(Graph graph, Node node, String x, String factor, double number, String opType,
            Attributes attributes) {
        return Factors.of(graph, node.output(), Set.of(x, factor)).are(number, x, factor)
                ? Optional.of(Node.of(node.name(), opType, List.of(x), node.outputs(), attributes)) : Optional.empty();
    }

    private static Optional<Node> gelu(Graph graph, Node node, Node erf) {
        for (String x : Factors.ancestors(graph, erf.output(), 2)) {
            if (Factors.of(graph, erf.inputs().getFirst(), Set.of(x)).are(Math.sqrt(0.5), x)) {
                return outer(graph, node, erf, x, Attributes.NONE);
            }
        }
        return Optional.empty();
    }

    private static Optional<Node> geluTanh(Graph graph, Node node, Node tanh) {
        for (String x : Factors.ancestors(graph, tanh.output(), TANH_DEPTH)) {
            if (isTanhArgument(graph, tanh.inputs().getFirst(), x)) {
                return outer(graph, node, tanh, x, Attributes.NONE.with("approximate", "tanh"));
            }
        }
        return Optional.empty();
    }

    /** 0.5 x (1 + f). */
    private static Optional<Node> outer(Graph graph, Node node, Node f, String x, Attributes attributes) {
        for (Node sum : graph.consumers(f.output())) {
            if (Factors.plus(graph, sum.output(), 1).filter(f.output()::equals).isPresent()) {
                return times(graph, node, x, sum.output(), 0.5, "Gelu", attributes);
            }
        }
        return Optional.empty();
    }

    /** sqrt(2 / pi) (x + 0.044715 x^3), or sqrt(2 / pi) x (1 + 0.044715 x^2). */
    private static boolean isTanhArgument(Graph graph, String argument, String x) {
        Factors outside = Factors.of(graph, argument, Set.of(x));
        for (String sum : outside.values()) {
            Optional<Node> node = graph.producer(sum).filter(found -> found.is("Add") && found.inputs().size() == 2);
            for (int i = 0; node.isPresent() && i < 2; i++) {
                Factors term = Factors.of(graph, node.get().inputs().get(i), Set.of(x));
                String other = node.get().inputs().get(1 - i);
                boolean cubic = outside.are(SQRT_TWO_OVER_PI, sum) && other.equals(x) && term.are(CUBE, x, x, x);
                boolean square = outside.are(SQRT_TWO_OVER_PI, sum, x) && term.are(CUBE, x, x)
                        && Factors.number(graph, other).filter(number -> number == 1).isPresent();
                if (cubic || square) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Optional<Node> hardSigmoid(Graph graph, Node node, Node inner) {
        boolean fits = Factors.near(inner.attributes().real("alpha", 0.2f), 1 / 6.0)
                && inner.attributes().real("beta", 0.5f) == 0.5f;
        return fits ? times(graph, node, inner.inputs().getFirst(), inner.output(), 1, "HardSwish", Attributes.NONE)
                : Optional.empty();
    }

    private static Optional<Node> clip(Graph graph, Node node, Node inner) {
        boolean six = Patterns.clamp(graph, inner).filter(Activation.RELU6::equals).isPresent();
        Optional<String> x = six ? Factors.plus(graph, inner.inputs().getFirst(), 3) : Optional.empty();
        return x.flatMap(value -> times(graph, node, value, inner.output(), 1 / 6.0, "HardSwish", Attributes.NONE));
    }
}
