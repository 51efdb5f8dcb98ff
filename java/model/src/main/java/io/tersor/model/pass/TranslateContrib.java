package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.contrib.ContribOperators;
import io.tersor.model.contrib.Expansion;
import io.tersor.model.contrib.RankUnknownException;
import java.util.Optional;

/**
 * Writes the operators of ONNX Runtime's domain {@code com.microsoft}, which its tools for quantization, optimization
 * and export make, in ONNX's own, as the passes that fuse look for them; see {@link ContribOperators}. The nodes are
 * those of the newest opset, whatever the graph's own is.
 *
 * <p>Where that depends on the rank of what another such operator makes, the other one is written first, and the types
 * are inferred once more.
 */
public final class TranslateContrib implements GraphPass {
    private final boolean everything;

    /** Translates everything. */
    public TranslateContrib() {
        this(true);
    }

    /** @param everything whether it is an error if not enough is known of a node's operands; else it stays */
    TranslateContrib(boolean everything) {
        this.everything = everything;
    }

    /**
     * {@inheritDoc}
     *
     * @throws UnsupportedOperatorException if a variant of an operator is not implemented
     * @throws io.tersor.OperandException if an input or attribute is missing or does not fit
     */
    @Override
    public Graph apply(Graph graph) {
        Graph result = graph;
        while (result.nodes().stream().anyMatch(ContribOperators::isKnown)) {
            Types types = new Types(result);
            GraphBuilder builder = result.toBuilder();
            Expansion.Shared shared = new Expansion.Shared();
            boolean changed = false;
            Optional<RankUnknownException> open = Optional.empty();
            for (Node node : result.nodes()) {
                if (ContribOperators.isKnown(node)) {
                    try {
                        ContribOperators.expand(node, new Expansion(result, builder, types::of, shared, node));
                        changed = true;
                    } catch (RankUnknownException e) {
                        open = open.or(() -> Optional.of(e));
                    }
                }
            }
            if (!changed) {
                if (everything) {
                    throw open.orElseThrow();
                }
                return result;
            }
            result = builder.build();
        }
        return result;
    }
}
