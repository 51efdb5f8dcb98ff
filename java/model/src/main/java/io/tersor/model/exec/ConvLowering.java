package io.tersor.model.exec;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Window;
import io.tersor.model.Node;
import io.tersor.model.ops.SpatialWindow;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Convolutions of one or two axes with fixed weights, real and integer. */
final class ConvLowering {
    private ConvLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("Conv", ConvLowering::real);
        table.put(Node.INTERNAL + ".Conv", ConvLowering::real);
        table.put("QLinearConv", ConvLowering::quantized);
        table.put(Node.INTERNAL + ".QConv", ConvLowering::quantized);
        table.put("ConvInteger", ConvLowering::integer);
    }

    private static boolean real(Node node, Lowering lowering) {
        if (lowering.type(node.inputs().getFirst()).type() != DataType.F32) {
            return false;
        }
        Optional<Tensor> weights = lowering.fixed(node.inputs().get(1));
        Optional<Tensor> bias = node.input(2).flatMap(lowering::fixed);
        if (weights.isEmpty() || bias.isPresent() != node.input(2).isPresent()) {
            return false;
        }
        List<String> constants = node.input(2).map(name -> List.of(node.inputs().get(1), name))
                .orElseGet(() -> List.of(node.inputs().get(1)));
        return lower(node, lowering, weights.get(), QuantParams.IDENTITY, bias, constants, QuantParams.IDENTITY,
                Fusion.of(node, lowering, 3, DataType.F32, QuantParams.IDENTITY));
    }

    private static boolean quantized(Node node, Lowering lowering) {
        Optional<Tensor> weights = node.input(3).flatMap(lowering::fixed);
        Optional<QuantParams> src = NodeParams.quantization(node, lowering, 1, 2, 0);
        Optional<QuantParams> weightsParams = NodeParams.quantization(node, lowering, 4, 5, 0);
        boolean real = node.input(6).isEmpty();
        Optional<QuantParams> dst = real ? Optional.of(QuantParams.IDENTITY)
                : NodeParams.quantization(node, lowering, 6, 7, 0);
        Optional<Tensor> bias = node.input(8).flatMap(lowering::fixed);
        if (weights.isEmpty() || src.isEmpty() || weightsParams.isEmpty() || dst.isEmpty() || !src.get().isPerTensor()
                || !dst.get().isPerTensor() || bias.isPresent() != node.input(8).isPresent()) {
            return false;
        }
        DataType type = real ? DataType.F32 : lowering.type(node.inputs().get(7)).type();
        List<String> constants = node.input(8).map(name -> List.of(node.inputs().get(3), name))
                .orElseGet(() -> List.of(node.inputs().get(3)));
        return lower(node, lowering, weights.get(), weightsParams.get(), bias, constants, src.get(),
                Fusion.of(node, lowering, 9, type, dst.get()));
    }

    private static boolean integer(Node node, Lowering lowering) {
        Optional<Tensor> weights = lowering.fixed(node.inputs().get(1));
        Optional<Tensor> zero = node.input(2).flatMap(lowering::fixed);
        Optional<Tensor> weightZero = node.input(3).flatMap(lowering::fixed);
        if (weights.isEmpty() || zero.isPresent() != node.input(2).isPresent()
                || weightZero.isPresent() != node.input(3).isPresent()) {
            return false;
        }
        QuantParams src = QuantParams.perTensor(1f, (int) (long) zero.map(tensor -> tensor.getLong(0)).orElse(0L));
        Optional<QuantParams> params = weightZero.map(tensor -> Quantization.unit(tensor, 0))
                .orElse(Optional.of(QuantParams.IDENTITY));
        return params.isPresent() && lower(node, lowering, weights.get(), params.get(), Optional.empty(),
                List.of(node.inputs().get(1)), src,
                Fusion.of(node, lowering, 4, DataType.S32, QuantParams.IDENTITY));
    }

    private static boolean lower(Node node, Lowering lowering, Tensor weights, QuantParams weightsParams,
            Optional<Tensor> bias, List<String> constants, QuantParams src, Fusion fusion) {
        DataType dst = fusion.dst();
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(input);
        Shape shape = weights.shape();
        boolean real = type.type() == DataType.F32;
        boolean types = real ? weights.type() == DataType.F32
                : Quantization.isByte(type.type()) && Quantization.isByte(weights.type())
                        && (dst == DataType.F32 || dst == DataType.S32 || Quantization.isByte(dst));
        if (!types || shape.rank() < 3 || shape.rank() > 4 || shape.elements() == 0
                || bias.isPresent() && bias.get().type() != DataType.F32 && bias.get().type() != DataType.S32) {
            return false;
        }
        SpatialWindow spatial = SpatialWindow.of(lowering.context(node), type.shape(),
                Arrays.copyOfRange(shape.dims(), 2, shape.rank()));
        Optional<Window> window = Windows.twoAxes(spatial);
        if (window.isEmpty()) {
            return false;
        }
        Shape oihw = shape.rank() == 4 ? shape : Shape.of(shape.dim(0), shape.dim(1), 1, shape.dim(2));
        QuantParams params = real ? weightsParams : Quantization.signed(weights.type(), weightsParams);
        Tensor values = (real ? weights : Quantization.signed(weights)).reshape(oihw);
        int groups = (int) node.attributes().integer("group", 1);
        Bias kind = bias.map(tensor -> tensor.type() == DataType.S32 ? Bias.S32 : Bias.F32).orElse(Bias.NONE);
        Conv2dSpec denseWhole = new Conv2dSpec(type.type(), values.type(), dst, (int) (shape.dim(1) * groups),
                (int) shape.dim(0), window.get(), groups, src, params, fusion.dstParams(), kind, fusion.added(),
                fusion.activation());
        Conv2dSpec densePlain = new Conv2dSpec(type.type(), values.type(), fusion.productType(), denseWhole.ic(),
                denseWhole.oc(), window.get(), groups, src, params, fusion.productParams(), kind, Activation.NONE);
        int from = lowering.nhwc(input, node.name());
        Shape result = denseWhole.dstShape(lowering.plan.slot(from).type().shape());
        long rows = Math.max(1, result.elements() / denseWhole.oc());
        SparseChoice zeros = lowering.kernels.sparsity(node, lowering.sparsity(constants.getFirst()), params,
                () -> values.permute(0, 2, 3, 1), (fusion.isPlain() ? denseWhole : densePlain)::with, rows);
        Conv2dSpec whole = denseWhole.with(zeros.format());
        Conv2dSpec plain = densePlain.with(zeros.format());
        boolean fused = fusion.isPlain() || lowering.kernels.fuses(whole, plain, rows);
        Conv2dSpec spec = fused ? whole : plain;
        Pending<Conv2d> kernel = lowering.kernels.conv(node, spec, rows, () -> values, () -> bias, constants,
                lowering.packing);
        Optional<Integer> residual = fusion.slot(node, lowering, true);
        int to = lowering.plan.planned(new TensorType(spec.dst(), result));
        if (spec.residual().isPresent()) {
            lowering.step(node, kernel, zeros, new int[] {from, residual.orElseThrow()}, to, fusion.inPlace(1),
                    (in, out) -> kernel.get().run(in[0], in[1], out[0]));
        } else {
            lowering.step(node, kernel, zeros, new int[] {from}, to, -1, (in, out) -> kernel.get().run(in[0], out[0]));
        }
        to = fused ? to : fusion.finish(node, lowering, to, residual);
        lowering.defineNhwc(node.output(), to);
        return true;
    }
}
