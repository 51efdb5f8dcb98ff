package io.tersor.model.flow;

import io.tersor.model.Value;

/** Runs an operator of control flow, or of values that are not tensors, for every opset. Stateless. */
@FunctionalInterface
interface FlowOperator {
    /**
     * Runs.
     *
     * @return the node's outputs, of which the caller gets a reference
     * @throws io.tersor.OperandException if the inputs do not fit the operator
     */
    Value[] run(FlowContext context);
}
