package io.tersor.model.exec;

import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.model.Node;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Normalizations of the last axis with fixed scale and bias. */
final class NormLowering {
    private NormLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("LayerNormalization", (node, lowering) -> lower(node, lowering, true,
                Optional.of(QuantParams.IDENTITY), DataType.F32));
        table.put("RMSNormalization", (node, lowering) -> lower(node, lowering, false,
                Optional.of(QuantParams.IDENTITY), DataType.F32));
        table.put(Node.INTERNAL + ".QLayerNormalization", (node, lowering) -> lower(node, lowering,
                node.attributes().integer("centered", 1) != 0, NodeParams.quantization(node, lowering, 3, 4, 0),
                lowering.type(node.inputs().get(4)).type()));
    }

    private static boolean lower(Node node, Lowering lowering, boolean centered, Optional<QuantParams> params,
            DataType dst) {
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(input);
        int rank = type.shape().rank();
        long axis = node.attributes().integer("axis", -1);
        boolean last = rank > 0 && (axis == -1 || axis == rank - 1) && type.shape().dim(-1) > 0
                && type.shape().dim(-1) <= Integer.MAX_VALUE;
        Optional<Tensor> scale = node.input(1).flatMap(lowering::fixed);
        Optional<Tensor> bias = node.input(2).flatMap(lowering::fixed);
        if (type.type() != DataType.F32 || !last || params.isEmpty() || scale.isEmpty()
                || bias.isPresent() != node.input(2).isPresent() || node.outputs().size() != 1) {
            return false;
        }
        Shape row = Shape.of(type.shape().dim(-1));
        boolean rows = isRow(scale.get(), row) && bias.map(tensor -> isRow(tensor, row)).orElse(true);
        if (!rows) {
            return false;
        }
        LayerNormSpec spec = new LayerNormSpec(centered, (int) row.dim(0), node.attributes().real("epsilon", 1e-5f),
                bias.isPresent(), dst, params.get());
        List<String> constants = new ArrayList<>(List.of(node.inputs().get(1)));
        node.input(2).ifPresent(constants::add);
        LayerNorm kernel = lowering.kernels.layerNorm(node, spec, scale.get(), bias, constants, lowering.packing);
        int from = lowering.plain(input, node.name());
        int to = lowering.plan.planned(new TensorType(dst, type.shape()));
        lowering.step(node, kernel, new int[] {from}, to, dst == DataType.F32 ? 0 : -1,
                (in, out) -> kernel.run(in[0], out[0]));
        lowering.definePlain(node.output(), to);
        return true;
    }

    private static boolean isRow(Tensor tensor, Shape row) {
        return tensor.type() == DataType.F32 && tensor.shape().equals(row);
    }
}
