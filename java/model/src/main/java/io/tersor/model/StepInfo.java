package io.tersor.model;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Locale;
import java.util.Optional;

/**
 * One step of a prepared network.
 *
 * @param node the name of the graph's node that the step computes, or that needs the conversion that it makes
 * @param operator the operator, as {@link Node#operator()} gives it after fusion
 * @param kernel what runs: {@code backend/kernel} as {@link io.tersor.kernel.Kernel#describe()} gives it, or
 *     {@code java/operator} for operators without a kernel
 * @param type element type of the first output
 * @param shape extents of the first output in memory: images are NHWC between kernels
 * @param note why the step does not make use of zeros as {@link Graph#sparsity()} asks, where it does not
 */
public record StepInfo(String node, String operator, String kernel, DataType type, Shape shape, Optional<String> note) {
    /** Nothing to note. */
    public StepInfo(String node, String operator, String kernel, DataType type, Shape shape) {
        this(node, operator, kernel, type, shape, Optional.empty());
    }

    /** Returns the step of an operator without a kernel. */
    public static StepInfo inJava(Node node, DataType type, Shape shape) {
        return new StepInfo(node.name(), node.operator(), "java/" + node.opType().toLowerCase(Locale.ROOT), type, shape);
    }

    @Override
    public String toString() {
        return node + " " + operator + " -> " + type + " " + shape + ": " + kernel
                + note.map(text -> " (" + text + ")").orElse("");
    }
}
