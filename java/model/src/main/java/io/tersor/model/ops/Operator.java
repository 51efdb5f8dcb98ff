package io.tersor.model.ops;

/** Implements an operator of one domain for every opset. Stateless. */
@FunctionalInterface
public interface Operator {
    /**
     * Returns what the operator does in the given context; reads no element of the inputs but what
     * {@link OpContext#value} gives.
     *
     * @throws io.tersor.model.UnsupportedOperatorException if this variant is not implemented
     * @throws io.tersor.OperandException if the inputs do not fit the operator
     */
    Computation prepare(OpContext context);
}
