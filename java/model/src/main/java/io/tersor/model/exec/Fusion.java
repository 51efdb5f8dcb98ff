package io.tersor.model.exec;

import io.tersor.OperandException;
import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.DequantizeSpec;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.Residual;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.model.Node;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import java.util.Optional;

/**
 * What a pass has fused into a product beside its bias, and how it is computed where the backend has no kernel for all
 * of it: the product by itself, then a sum, then the activation, each by a kernel of its own.
 *
 * @param residual the value that is added
 * @param between the parameters that the product's own result had before it was fused, and their type in {@code middle}
 */
record Fusion(Optional<String> residual, Optional<Residual> added, Optional<QuantParams> between, DataType middle,
        Activation activation, DataType dst, QuantParams dstParams) {
    /**
     * Returns what is fused into a node.
     *
     * @param input where the residual is among the inputs, followed by its scale and zero point, and by those between
     */
    static Fusion of(Node node, Lowering lowering, int input, DataType dst, QuantParams dstParams) {
        Optional<String> residual = node.input(input);
        Optional<Residual> added = residual.map(value -> {
            DataType type = lowering.type(value).type();
            QuantParams params = node.input(input + 1).isEmpty() ? QuantParams.IDENTITY
                    : NodeParams.quantization(node, lowering, input + 1, input + 2, 0).orElseThrow(
                            () -> new OperandException("node " + node.name() + " residual", "constant parameters",
                                    node.inputs()));
            return new Residual(type, params);
        });
        Optional<QuantParams> between = node.input(input + 3)
                .flatMap(_ -> NodeParams.quantization(node, lowering, input + 3, input + 4, 0));
        DataType middle = between.isPresent() ? lowering.type(node.inputs().get(input + 4)).type() : DataType.F32;
        return new Fusion(residual, added, between, middle, NodeParams.activation(node), dst, dstParams);
    }

    /** Returns whether there is more than bounds and a bias. */
    boolean isPlain() {
        return residual.isEmpty() && activation.isClip();
    }

    /** Returns whether the sum by itself is one of quantized values. */
    private boolean addsLevels() {
        return between.isPresent() && activation.isClip() && added.isPresent() && Quantization.isByte(dst)
                && Quantization.isByte(added.get().type());
    }

    /** Returns the type of the product's result where it runs by itself. */
    DataType productType() {
        return addsLevels() ? middle : DataType.F32;
    }

    /** Returns the parameters of the product's result where it runs by itself. */
    QuantParams productParams() {
        return addsLevels() ? between.orElseThrow() : QuantParams.IDENTITY;
    }

    /** Returns {@code input}, the residual's, if the result may take over its memory, otherwise -1. */
    int inPlace(int input) {
        return added.map(Residual::type).filter(type -> type == dst).isPresent() ? input : -1;
    }

    /** Returns the slot of the residual in a layout, if there is one. */
    Optional<Integer> slot(Node node, Lowering lowering, boolean nhwc) {
        return residual.map(value -> nhwc ? lowering.nhwc(value, node.name()) : lowering.plain(value, node.name()));
    }

    /** Adds the steps that make the result of a product's own, and returns its slot. */
    int finish(Node node, Lowering lowering, int product, Optional<Integer> residualSlot) {
        int at = product;
        if (residualSlot.isPresent()) {
            at = addsLevels() ? sum(node, lowering, levels(), at, residualSlot.get())
                    : sum(node, lowering, AddSpec.f32(activation.isClip() ? activation : Activation.NONE), at,
                            real(node, lowering, residualSlot.get()));
        }
        if (!activation.isClip()) {
            at = unary(node, lowering, new ActivationSpec(DataType.F32, QuantParams.IDENTITY, activation), at, true);
        }
        return Quantization.isByte(dst) && !addsLevels()
                ? unary(node, lowering, new QuantizeSpec(dst, dstParams, Rounding.HALF_EVEN), at, false) : at;
    }

    private AddSpec levels() {
        Residual other = added.orElseThrow();
        return new AddSpec(middle, other.type(), dst, between.orElseThrow(), other.params(), dstParams, activation);
    }

    private int real(Node node, Lowering lowering, int slot) {
        Residual other = added.orElseThrow();
        return other.type() == DataType.F32 ? slot
                : unary(node, lowering, new DequantizeSpec(other.type(), other.params()), slot, false);
    }

    private static int sum(Node node, Lowering lowering, AddSpec spec, int a, int b) {
        Add kernel = lowering.kernels.add(node, spec);
        int to = lowering.plan.planned(new TensorType(spec.dst(), lowering.plan.slot(a).type().shape()));
        lowering.step(node, kernel, new int[] {a, b}, to, 0, (in, out) -> kernel.run(in[0], in[1], out[0]));
        return to;
    }

    private static int unary(Node node, Lowering lowering, UnarySpec spec, int from, boolean inPlace) {
        Unary kernel = lowering.kernels.unary(node, spec);
        int to = lowering.plan.planned(new TensorType(spec.dstType(), lowering.plan.slot(from).type().shape()));
        lowering.step(node, kernel, new int[] {from}, to, inPlace ? 0 : -1, (in, out) -> kernel.run(in[0], out[0]));
        return to;
    }
}
