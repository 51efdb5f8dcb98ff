package io.tersor.model.exec;

import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.model.Node;
import io.tersor.model.ops.Shapes;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Normalizations with a scale and a bias for each channel: of rows that are whole channels or groups of them by a kernel
 * for rows, or by fixed statistics; then a product and a sum.
 */
final class ChannelNormLowering {
    private ChannelNormLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("InstanceNormalization", (node, lowering) -> rows(node, lowering,
                lowering.type(node.inputs().getFirst()).shape().dim(1)));
        table.put("GroupNormalization", (node, lowering) -> rows(node, lowering,
                node.attributes().integer("num_groups", 1)));
        table.put("BatchNormalization", ChannelNormLowering::batch);
    }

    private static boolean rows(Node node, Lowering lowering, long groups) {
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(input);
        Shape shape = type.shape();
        long length = groups == 0 || shape.dim(0) == 0 ? 0 : shape.elements() / shape.dim(0) / groups;
        if (type.type() != DataType.F32 || length == 0 || length > Integer.MAX_VALUE) {
            return false;
        }
        LayerNormSpec spec = new LayerNormSpec(true, (int) length, node.attributes().real("epsilon", 1e-5f), false,
                DataType.F32, QuantParams.IDENTITY);
        float[] ones = new float[(int) length];
        Arrays.fill(ones, 1f);
        LayerNorm kernel = lowering.kernels.layerNorm(node, spec, Tensor.ofFloats(Arena.ofAuto(), Shape.of(length), ones),
                Optional.empty(), List.of(), lowering.packing);
        TensorType rows = new TensorType(DataType.F32, Shape.of(shape.dim(0) * groups, length));
        int from = lowering.plan.view(lowering.plain(input, node.name()), rows);
        int to = lowering.plan.planned(rows);
        lowering.step(node, kernel, new int[] {from}, to, 0, (in, out) -> kernel.run(in[0], out[0]));
        // Of channels, or of groups before opset 21.
        long scales = lowering.type(node.inputs().get(1)).shape().elements();
        TensorType channels = new TensorType(DataType.F32,
                Shape.of(shape.dim(0), scales, shape.elements() / shape.dim(0) / scales));
        Shape column = Shape.of(scales, 1);
        int scaled = operation(node, lowering, BinarySpec.Operation.MUL, lowering.plan.view(to, channels),
                operand(node, lowering, 1, column));
        int shifted = operation(node, lowering, BinarySpec.Operation.ADD, scaled, operand(node, lowering, 2, column));
        lowering.definePlain(node.output(), lowering.plan.view(shifted, type));
        return true;
    }

    private static int operand(Node node, Lowering lowering, int input, Shape shape) {
        return lowering.plan.view(lowering.plain(node.inputs().get(input), node.name()),
                new TensorType(DataType.F32, shape));
    }

    private static int operation(Node node, Lowering lowering, BinarySpec.Operation operation, int a, int b) {
        Binary kernel = lowering.kernels.binary(node, new BinarySpec(operation));
        int to = lowering.plan.planned(lowering.plan.slot(a).type());
        lowering.step(node, kernel, new int[] {a, b}, to, 0, (in, out) -> kernel.run(in[0], in[1], out[0]));
        return to;
    }

    private static boolean batch(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(input);
        Shape shape = type.shape();
        boolean fixed = List.of(1, 2, 3, 4).stream().allMatch(i -> lowering.fixed(node.inputs().get(i)).isPresent());
        if (type.type() != DataType.F32 || shape.rank() < 2 || !fixed || node.outputs().size() > 1
                || node.attributes().integer("training_mode", 0) != 0
                || lowering.type(node.inputs().get(1)).shape().rank() != 1) {
            return false;
        }
        int channels = Math.toIntExact(shape.dim(1));
        float[] factors = new float[channels];
        float[] shifts = new float[channels];
        for (int c = 0; c < channels; c++) {
            double factor = value(node, lowering, 1, c)
                    / Math.sqrt(value(node, lowering, 4, c) + node.attributes().real("epsilon", 1e-5f));
            factors[c] = (float) factor;
            shifts[c] = (float) (value(node, lowering, 2, c) - value(node, lowering, 3, c) * factor);
        }
        boolean nhwc = lowering.isOnlyNhwc(input) && shape.rank() == 4;
        Shape column = nhwc ? Shape.of(channels) : Shape.of(channels, 1);
        TensorType view = nhwc ? new TensorType(DataType.F32, Shapes.permute(shape, Lowering.TO_NHWC))
                : new TensorType(DataType.F32, Shape.of(shape.dim(0), channels, Shapes.product(shape, 2, shape.rank())));
        int from = nhwc ? lowering.nhwc(input, node.name())
                : lowering.plan.view(lowering.plain(input, node.name()), view);
        int scaled = operation(node, lowering, BinarySpec.Operation.MUL, from,
                lowering.plan.constant(Tensor.ofFloats(Arena.ofAuto(), column, factors)));
        int shifted = operation(node, lowering, BinarySpec.Operation.ADD, scaled,
                lowering.plan.constant(Tensor.ofFloats(Arena.ofAuto(), column, shifts)));
        if (nhwc) {
            lowering.defineNhwc(node.output(), shifted);
        } else {
            lowering.definePlain(node.output(), lowering.plan.view(shifted, type));
        }
        return true;
    }

    private static double value(Node node, Lowering lowering, int input, int channel) {
        return lowering.fixed(node.inputs().get(input)).orElseThrow().get(channel);
    }
}
