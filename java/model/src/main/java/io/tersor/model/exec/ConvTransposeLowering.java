package io.tersor.model.exec;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.ops.TensorType;
import io.tersor.model.ops.TransposedWindow;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Transposed convolutions of NHWC images in f32 with fixed weights, by {@link TransposedPhases} where these fit;
 * elsewhere a product for each group gives what every pixel adds to every tap, [pixels, taps * oc / groups], and each
 * pixel of the result sums what lands there.
 */
final class ConvTransposeLowering {
    private ConvTransposeLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("ConvTranspose", ConvTransposeLowering::lower);
    }

    private static boolean lower(Node node, Lowering lowering) {
        TensorType type = lowering.type(node.inputs().getFirst());
        Optional<Tensor> weights = lowering.fixed(node.inputs().get(1));
        Optional<Tensor> bias = node.input(2).flatMap(lowering::fixed);
        if (type.type() != DataType.F32 || type.shape().rank() != 4 || weights.isEmpty()
                || bias.isPresent() != node.input(2).isPresent() || weights.get().shape().elements() == 0) {
            return false;
        }
        TransposedWindow window = TransposedWindow.of(lowering.context(node));
        Shape shape = weights.get().shape();
        Shape src = type.shape();
        Shape out = window.out();
        if (out.elements() == 0) {
            return false;
        }
        Optional<String> note = lowering.sparsity(node.inputs().get(1))
                .flatMap(format -> SparseChoice.dense(format, "transposed convolutions take all weights").note());
        TransposedPhases phases = new TransposedPhases(window, src, weights.get(), bias);
        if (phases.fits() && phases.lower(node, lowering, note)) {
            return true;
        }
        TransposedRows rows = new TransposedRows(window, src, (int) shape.dim(2), (int) shape.dim(3),
                bias.map(Tensor::toFloats).orElse(new float[(int) out.dim(1)]));
        boolean depthwise = window.groups() > 1 && window.groups() == shape.dim(0) && shape.dim(1) == 1;
        return depthwise ? depthwise(node, lowering, weights.get(), rows) : product(node, lowering, weights.get(),
                rows, note);
    }

    private static TensorType result(TransposedRows rows) {
        Shape out = rows.window().out();
        return new TensorType(DataType.F32, Shape.of(out.dim(0), out.dim(2), out.dim(3), out.dim(1)));
    }

    /** A channel's pixels by its own kernel: the products are too small to be worth being any. */
    private static boolean depthwise(Node node, Lowering lowering, Tensor weights, TransposedRows rows) {
        Shape out = rows.window().out();
        float[] taps = weights.permute(2, 3, 1, 0).copy(Arena.ofAuto()).toFloats();
        int from = lowering.nhwc(node.inputs().getFirst(), node.name());
        int to = lowering.plan.planned(result(rows));
        Parallelism parallelism = lowering.kernels.parallelism();
        lowering.step(node, "java/convtranspose_depthwise", new int[] {from}, to, (in, outputs) ->
                parallelism.run(out.dim(0) * out.dim(2),
                        row -> rows.depthwise(in[0].data(), taps, outputs[0].data(), row)));
        lowering.defineNhwc(node.output(), to);
        return true;
    }

    private static boolean product(Node node, Lowering lowering, Tensor weights, TransposedRows rows,
            Optional<String> note) {
        Shape shape = weights.shape();
        Shape src = rows.src();
        Shape out = rows.window().out();
        long columns = Math.multiplyExact(shape.dim(2) * shape.dim(3), shape.dim(1));
        long pixels = src.dim(0) * src.dim(2) * src.dim(3);
        int groups = (int) rows.window().groups();
        long inputs = shape.dim(0) / groups;
        if (columns > Integer.MAX_VALUE) {
            return false;
        }
        MatMulSpec spec = new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, inputs, columns,
                QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Optional.empty(),
                Activation.NONE, groups);
        Shape matrices = groups == 1 ? Shape.of(inputs, columns) : Shape.of(groups, inputs, columns);
        Pending<MatMul> product = lowering.kernels.matMul(node, spec, Math.max(1, pixels),
                () -> weights.permute(0, 2, 3, 1).copy(Arena.ofAuto()).reshape(matrices), Optional::empty,
                List.of(node.inputs().get(1)), lowering.packing);
        int images = lowering.nhwc(node.inputs().getFirst(), node.name());
        int from = groups == 1 ? images : lowering.transpose(node.name(),
                lowering.plan.view(images, new TensorType(DataType.F32, Shape.of(pixels, groups, inputs))),
                new TensorType(DataType.F32, Shape.of(groups, pixels, inputs)), 1, 0, 2);
        int to = lowering.plan.planned(result(rows));
        Shape sums = groups == 1 ? Shape.of(pixels, columns) : Shape.of(groups, pixels, columns);
        int products = lowering.plan.planned(new TensorType(DataType.F32, sums));
        Parallelism parallelism = lowering.kernels.parallelism();
        Shape operand = groups == 1 ? Shape.of(pixels, inputs) : Shape.of(groups, pixels, inputs);
        TensorType result = result(rows);
        lowering.plan.step(() -> new Step(new StepInfo(node.name(), node.operator(), product.get().describe(),
                result.type(), result.shape(), note), new int[] {from}, new int[] {to, products}, -1, (in, outputs) -> {
                    product.get().run(in[0].reshape(operand), outputs[1]);
                    parallelism.run(out.dim(0) * out.dim(2),
                            row -> rows.sum(outputs[1].data(), outputs[0].data(), row));
                }));
        lowering.defineNhwc(node.output(), to);
        return true;
    }
}
