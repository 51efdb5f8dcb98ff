package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/** Checks of weights and bias against their specs. */
final class Constants {
    private Constants() {}

    static Bias biasKind(Optional<Tensor> bias) {
        if (bias.isEmpty()) {
            return Bias.NONE;
        }
        return switch (bias.get().type()) {
            case F32 -> Bias.F32;
            case S32 -> Bias.S32;
            default -> throw new OperandException("bias", "f32 or s32", bias.get());
        };
    }

    static void check(Tensor weights, DataType type, Shape shape, Optional<Tensor> bias, Bias kind, long outputs) {
        OperandException.check(weights.type() == type, "weights", type.label(), weights);
        OperandException.check(weights.shape().equals(shape), "weights", "shape " + shape, weights);
        OperandException.check(biasKind(bias) == kind, "bias", kind.toString(), biasKind(bias));
        if (bias.isPresent()) {
            OperandException.check(bias.get().shape().equals(Shape.of(outputs)), "bias", "shape " + outputs,
                    bias.get());
        }
    }
}
