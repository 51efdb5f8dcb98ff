package io.tersor.model.exec;

import io.tersor.kernel.DynamicQuantizerSpec.Levels;
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

/** Products with a fixed matrix of bytes whose source is quantized at run time. */
final class DynamicMatMulLowering {
    private DynamicMatMulLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put(Node.INTERNAL + ".DynamicMatMul", DynamicMatMulLowering::lower);
    }

    private static boolean lower(Node node, Lowering lowering) {
        Optional<Tensor> values = lowering.constant(node.inputs().get(1));
        Optional<QuantParams> params = NodeParams.quantization(node, lowering, 2, 3, 1);
        TensorType src = lowering.type(node.inputs().getFirst());
        if (values.isEmpty() || params.isEmpty() || src.type() != DataType.F32
                || src.shape().dim(-1) != values.get().shape().dim(0)) {
            return false;
        }
        List<String> constants = new ArrayList<>(List.of(node.inputs().get(1)));
        node.input(4).ifPresent(constants::add);
        FixedWeights weights = new FixedWeights(Quantization.signed(values.get()),
                Quantization.signed(values.get().type(), params.get()), constants);
        long rows = src.shape().elements() / weights.k();
        Optional<Tensor> bias = node.input(4).flatMap(lowering::constant)
                .map(tensor -> tensor.reshape(Shape.of(weights.n())));
        RowProduct product = weights.product(node, lowering, Levels.BYTES, bias, rows);
        TensorType dst = new TensorType(DataType.F32, src.shape().with(-1, weights.n()));
        int[] in = {lowering.plain(node.inputs().getFirst(), node.name())};
        int[] out = {lowering.plan.planned(dst),
            lowering.plan.planned(new TensorType(DataType.U8, Shape.of(product.workBytes(rows))))};
        Shape from = Shape.of(rows, weights.k());
        Shape to = Shape.of(rows, weights.n());
        lowering.plan.step(() -> new Step(new StepInfo(node.name(), node.operator(), product.describe(), DataType.F32,
                dst.shape()), in, out, -1,
                (operands, results) -> product.bind(results[1], rows)
                        .run(operands[0].reshape(from), results[0].reshape(to))));
        lowering.definePlain(node.output(), out[0]);
        return true;
    }
}
