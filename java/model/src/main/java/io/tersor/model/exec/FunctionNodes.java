package io.tersor.model.exec;

import io.tersor.kernel.ActivationFunction;
import io.tersor.model.Node;
import java.util.Optional;

/** Which operators are functions that kernels know. */
public final class FunctionNodes {
    private FunctionNodes() {}

    /** Returns the function that a node applies to its input, if kernels have it. */
    public static Optional<ActivationFunction> of(Node node) {
        if (node.is("Gelu")) {
            return Optional.of(node.attributes().text("approximate", "none").equals("tanh")
                    ? ActivationFunction.GELU_TANH : ActivationFunction.GELU);
        }
        return node.is("HardSwish") ? Optional.of(ActivationFunction.HARD_SWISH)
                : node.is("Swish") && node.attributes().real("alpha", 1f) == 1f ? Optional.of(ActivationFunction.SILU)
                : Optional.empty();
    }
}
