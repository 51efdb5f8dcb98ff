package io.tersor.model.exec;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.model.Node;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Fixed weights of a product with rows.
 *
 * @param values [k, n], f32 or s8, any strides
 * @param params of s8 values, per tensor or per column
 * @param constants names of the graph's values that they come from
 */
record FixedWeights(Tensor values, QuantParams params, List<String> constants) {
    boolean isReal() {
        return values.type() == DataType.F32;
    }

    int k() {
        return Math.toIntExact(values.shape().dim(0));
    }

    int n() {
        return Math.toIntExact(values.shape().dim(1));
    }

    /** Returns some of the columns. */
    FixedWeights columns(int first, int count) {
        return new FixedWeights(values.slice(1, first, count), columns(params, first, count), constants);
    }

    /** Returns the parameters of some of the columns. */
    static QuantParams columns(QuantParams params, int first, int count) {
        if (params.isPerTensor()) {
            return params;
        }
        float[] scales = new float[count];
        int[] zeroPoints = new int[count];
        for (int i = 0; i < count; i++) {
            scales[i] = params.scale(first + i);
            zeroPoints[i] = params.zeroPoint(first + i);
        }
        return QuantParams.perChannel(params.axis(), scales, zeroPoints);
    }

    /**
     * Returns the product of rows of a type that needs no quantization at run time.
     *
     * @param node whose name belongs to this product alone
     * @param src f32 for real weights, otherwise u8 or s8
     * @param bias f32 [n]
     */
    RowProduct product(Node node, Lowering lowering, DataType src, QuantParams srcParams, Optional<Tensor> bias,
            long rows) {
        MatMulSpec spec = new MatMulSpec(src, values.type(), DataType.F32, k(), n(), srcParams, params,
                QuantParams.IDENTITY, bias.isPresent() ? Bias.F32 : Bias.NONE, Activation.NONE);
        return new RowProduct(kernel(node, lowering, spec, bias, rows), Optional.empty());
    }

    /** Returns the product of f32 rows with s8 weights by way of integers; see {@link #product}. */
    RowProduct product(Node node, Lowering lowering, DynamicQuantizerSpec.Levels levels, Optional<Tensor> bias,
            long rows) {
        if (levels == DynamicQuantizerSpec.Levels.BYTES) {
            DynamicQuantizerSpec bytes = DynamicQuantizerSpec.bytes(k());
            DynamicQuantizer kernel = lowering.kernels.dynamicQuantizer(node, bytes);
            return new RowProduct(
                    kernel(node, lowering, levelsSpec(bias.isPresent() ? Bias.F32 : Bias.NONE), bias, rows),
                    Optional.of(new RowProduct.Quantizer(bytes, n(), () -> kernel)));
        }
        MatMulSpec spec = fixedPointSpec();
        DynamicQuantizerSpec quantizer = new DynamicQuantizerSpec(levels, k(), n());
        Pending<DynamicQuantizer> kernel = lowering.kernels.dynamicQuantizer(node, quantizer, params,
                () -> Quantization.columnSums(values, params), () -> bias, constants, lowering.packing);
        return new RowProduct(kernel(node, lowering, spec, Optional.empty(), rows * levels.planes()),
                Optional.of(new RowProduct.Quantizer(quantizer, n(), kernel::get)));
    }

    /** Returns the product of bytes, whose parameters come with each run, with s8 weights. */
    MatMulSpec levelsSpec(Bias bias) {
        return MatMulSpec.withParamsAtRun(DataType.U8, k(), n(), params, bias, Optional.empty(), Activation.NONE);
    }

    /** Returns the product of planes of fixed-point numbers with s8 weights. */
    MatMulSpec fixedPointSpec() {
        return new MatMulSpec(DataType.U8, DataType.S8, DataType.S32, k(), n(), QuantParams.IDENTITY, params,
                QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
    }

    /** Returns whether there may be a product by way of integers. */
    boolean fitsQuantizer() {
        return !isReal() && k() >= 1 && k() <= DynamicQuantizerSpec.MAX_K && n() >= 1;
    }

    /** Returns the kernel of a spec with these weights; see {@link #product}. */
    Pending<MatMul> kernel(Node node, Lowering lowering, MatMulSpec spec, Optional<Tensor> bias, long rows) {
        return lowering.kernels.matMul(node, spec, Math.max(1, rows), () -> values, () -> bias, constants,
                lowering.packing);
    }
}
