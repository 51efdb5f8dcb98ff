package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;

/**
 * Chooses elements of any bits by a condition, with broadcasting of all three as ONNX and NumPy have it: y = condition
 * ? a : b.
 *
 * @param type of a, b and the result, not a packed one
 */
public record SelectSpec(DataType type) implements KernelSpec {
    /** Checks the type. */
    public SelectSpec {
        OperandException.check(!type.isPacked() && type.bits() % Byte.SIZE == 0, "type", "elements of whole bytes",
                type);
    }

    @Override
    public String name() {
        return "select_" + type;
    }
}
