package io.tersor.model.exec;

import io.tersor.model.Node;
import io.tersor.model.ops.RecurrentLayout;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Reads the constants of a recurrent node, one direction at a time. */
record RecurrentWeights(Node node, Lowering lowering, RecurrentLayout layout) {
    /** Returns one direction's part of a constant, without the axis of directions. */
    Optional<Tensor> constant(int input, int direction) {
        return node.input(input).flatMap(lowering::fixed).map(tensor -> part(tensor, direction));
    }

    /** Returns whether inputs that are given are the same in all runs. */
    boolean areFixed(int... inputs) {
        return Arrays.stream(inputs).allMatch(input -> node.input(input).isEmpty()
                || lowering.fixed(node.inputs().get(input)).isPresent());
    }

    private static Tensor part(Tensor tensor, int direction) {
        Shape rest = Shape.of(Arrays.copyOfRange(tensor.shape().dims(), 1, tensor.shape().rank()));
        return tensor.slice(0, direction, 1).reshape(rest);
    }

    /** Returns weights [directions, columns, k] as they are, those that a DequantizeLinear makes as f32. */
    Optional<FixedWeights> real(int input, int direction) {
        return constant(input, direction).map(values -> new FixedWeights(values.permute(1, 0), QuantParams.IDENTITY,
                names(node.inputs().get(input))));
    }

    /** Returns weights [directions, columns, k] that a DequantizeLinear reads as bytes, if its scales allow that. */
    Optional<FixedWeights> bytes(int input, int direction) {
        Optional<Node> dequantize = lowering.producer(node.inputs().get(input)).filter(found ->
                found.is("DequantizeLinear") && found.attributes().integer("block_size", 0) == 0
                        && found.attributes().integer("output_dtype", 0) == 0);
        Optional<Tensor> values = dequantize.flatMap(found -> lowering.constant(found.inputs().getFirst()))
                .filter(tensor -> Quantization.isByte(tensor.type()) && tensor.shape().rank() == 3);
        if (values.isEmpty()) {
            return Optional.empty();
        }
        long axis = dequantize.get().attributes().integer("axis", 1);
        int quantized = (int) (axis < 0 ? axis + 3 : axis);
        Optional<QuantParams> params = NodeParams.quantization(dequantize.get(), lowering, 1, 2, quantized)
                .filter(all -> all.isPerTensor()
                        || quantized <= 1 && all.count() == values.get().shape().dim(quantized))
                .map(all -> all.isPerTensor() || quantized == 1 ? all
                        : QuantParams.perTensor(all.scale(direction), all.zeroPoint(direction)));
        return params.map(all -> signed(part(values.get(), direction), all, true,
                dequantize.get().inputs().getFirst()));
    }

    /** Returns weights [directions, k, columns] whose scale and zero point are inputs of the node. */
    Optional<FixedWeights> bytes(int input, int scale, int direction) {
        Optional<Tensor> values = constant(input, direction);
        Optional<Tensor> scales = parameters(scale, direction);
        Optional<Tensor> zeroPoints = parameters(scale + 1, direction);
        Optional<QuantParams> params = scales.flatMap(tensor -> Quantization.params(tensor, zeroPoints, 1));
        return values.isEmpty() || zeroPoints.isEmpty() ? Optional.empty()
                : params.map(all -> signed(values.get(), all, false, node.inputs().get(input)));
    }

    /** Returns one direction's scales or zero points as a vector. */
    private Optional<Tensor> parameters(int input, int direction) {
        return constant(input, direction).map(tensor -> tensor.reshape(Shape.of(tensor.shape().elements())));
    }

    private FixedWeights signed(Tensor values, QuantParams params, boolean transposed, String name) {
        DataType type = values.type();
        Tensor signed = Quantization.signed(values);
        return new FixedWeights(transposed ? signed.permute(1, 0) : signed, Quantization.signed(type, params),
                names(name));
    }

    private List<String> names(String weights) {
        List<String> names = new ArrayList<>(List.of(weights));
        node.input(3).ifPresent(names::add);
        return names;
    }
}
