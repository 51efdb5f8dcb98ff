package io.tersor.model.exec;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.model.Node;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/** Reads what kernels need from a node's inputs and attributes. */
final class NodeParams {
    private NodeParams() {}

    /** Returns the parameters of a scale and a zero point that are fixed. */
    static Optional<QuantParams> quantization(Node node, Lowering lowering, int scale, int zeroPoint, int axis) {
        Optional<Tensor> scales = node.input(scale).flatMap(lowering::fixed);
        Optional<String> zeroPointName = node.input(zeroPoint);
        Optional<Tensor> zeroPoints = zeroPointName.flatMap(lowering::fixed);
        if (scales.isEmpty() || zeroPointName.isPresent() != zeroPoints.isPresent()) {
            return Optional.empty();
        }
        return Quantization.params(scales.get(), zeroPoints, axis);
    }

    /** Returns the activation that a pass has fused into a node. */
    static Activation activation(Node node) {
        ActivationFunction function = ActivationFunction.valueOf(node.attributes().text("function", "IDENTITY"));
        return new Activation(function, node.attributes().real("lo", Float.NEGATIVE_INFINITY),
                node.attributes().real("hi", Float.POSITIVE_INFINITY));
    }
}
