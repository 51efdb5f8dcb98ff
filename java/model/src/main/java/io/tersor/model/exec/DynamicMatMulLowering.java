package io.tersor.model.exec;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Quantization at run time, and products of what it makes with a fixed matrix of bytes. */
final class DynamicMatMulLowering {
    private static final int BIAS = 4;
    private static final int SCALE = 5;
    private static final int RESIDUAL = 7;

    private DynamicMatMulLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("DynamicQuantizeLinear", DynamicMatMulLowering::quantize);
        table.put(Node.INTERNAL + ".DynamicMatMul", DynamicMatMulLowering::multiply);
    }

    /** Adds the step that makes levels, their scale and their zero point. */
    private static boolean quantize(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        TensorType src = lowering.type(input);
        if (src.type() != DataType.F32 || src.shape().elements() == 0) {
            return false;
        }
        DynamicQuantizer kernel = lowering.kernels.dynamicQuantizer(node, DynamicQuantizerSpec.bytes(1));
        int[] in = {lowering.plain(input, node.name())};
        // What the kernel writes its parameters to comes last.
        TensorType[] types = {new TensorType(DataType.U8, src.shape()), new TensorType(DataType.F32, Shape.of()),
            new TensorType(DataType.U8, Shape.of()), new TensorType(DataType.F32, Shape.of(1, 2))};
        int[] out = new int[types.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = lowering.plan.planned(types[i]);
        }
        Shape column = Shape.of(src.shape().elements(), 1);
        lowering.plan.step(() -> new Step(new StepInfo(node.name(), node.operator(), kernel.describe(), DataType.U8,
                src.shape()), in, out, -1, (operands, results) -> {
            kernel.quantize(operands[0].reshape(column), results[0].reshape(column), results[3]);
            results[1].set(0, results[3].get(0));
            results[2].setLong(0, (long) results[3].get(1));
        }));
        for (int i = 0; i < node.outputs().size(); i++) {
            if (!node.outputs().get(i).isEmpty()) {
                lowering.definePlain(node.outputs().get(i), out[i]);
            }
        }
        return true;
    }

    private static boolean multiply(Node node, Lowering lowering) {
        Optional<Tensor> values = lowering.constant(node.inputs().get(1));
        Optional<QuantParams> params = NodeParams.quantization(node, lowering, 2, 3, 1);
        TensorType src = lowering.type(node.inputs().getFirst());
        if (values.isEmpty() || params.isEmpty() || src.shape().dim(-1) != values.get().shape().dim(0)) {
            return false;
        }
        List<String> constants = new ArrayList<>(List.of(node.inputs().get(1)));
        node.input(BIAS).ifPresent(constants::add);
        FixedWeights weights = new FixedWeights(Quantization.signed(values.get()),
                Quantization.signed(values.get().type(), params.get()), constants);
        Optional<Tensor> bias = node.input(BIAS).flatMap(lowering::constant)
                .map(tensor -> tensor.reshape(Shape.of(weights.n())));
        long rows = Math.max(1, src.shape().elements() / weights.k());
        Fusion fusion = Fusion.of(node, lowering, RESIDUAL, DataType.F32, QuantParams.IDENTITY);
        Bias kind = bias.isPresent() ? Bias.F32 : Bias.NONE;
        MatMulSpec whole = MatMulSpec.withParamsAtRun(src.type(), weights.k(), weights.n(), weights.params(), kind,
                fusion.added(), fusion.activation());
        MatMulSpec plain = weights.levelsSpec(kind);
        boolean fused = fusion.isPlain() || lowering.kernels.fuses(whole, plain, rows);
        MatMulSpec spec = fused ? whole : plain;
        Pending<MatMul> kernel = weights.kernel(node, lowering, spec, bias, rows);
        int from = lowering.plain(node.inputs().getFirst(), node.name());
        int scale = lowering.plain(node.inputs().get(SCALE), node.name());
        int zeroPoint = lowering.plain(node.inputs().get(SCALE + 1), node.name());
        Optional<Integer> residual = fusion.slot(node, lowering, false);
        int to = lowering.plan.planned(new TensorType(DataType.F32, src.shape().with(-1, weights.n())));
        if (spec.residual().isPresent()) {
            lowering.step(node, kernel, SparseChoice.NONE, new int[] {from, scale, zeroPoint, residual.orElseThrow()},
                    to, fusion.inPlace(3), (in, out) -> kernel.get().run(in[0], (float) in[1].get(0),
                            (int) in[2].getLong(0), in[3], out[0]));
        } else {
            lowering.step(node, kernel, SparseChoice.NONE, new int[] {from, scale, zeroPoint}, to, -1,
                    (in, out) -> kernel.get().run(in[0], (float) in[1].get(0), (int) in[2].getLong(0), out[0]));
        }
        lowering.definePlain(node.output(), fused ? to : fusion.finish(node, lowering, to, residual));
        return true;
    }
}
