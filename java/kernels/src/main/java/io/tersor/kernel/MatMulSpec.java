package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import java.util.Optional;

/**
 * Matrix multiplication with constant weights: dst[m, n] = epilogue(sum over k of src[m, k] * weights[k, n]), with m
 * free at run time; the epilogue is {@link Epilogue}'s. With a batch there is one matrix of weights for each of its
 * members: dst[b, m, n] = epilogue(sum over k of src[b, m, k] * weights[b, k, n]).
 *
 * <p>An f32 src with s8 weights is quantized row by row as it is read ({@link DynamicQuantization}).
 *
 * @param src f32, bf16, u8 or s8
 * @param weights f32 or s8 for f32 src, bf16 for bf16, s8 otherwise
 * @param dst f32 or bf16; for 8-bit src also s32 (the raw accumulator), u8 or s8
 * @param k inner extent, may be 0
 * @param n columns, may be 0
 * @param srcParams per tensor
 * @param weightsParams per tensor, or one pair for each of the n columns (whatever their axis is called)
 * @param dstParams per tensor
 * @param bias one value for each of the n columns, or none
 * @param residual added before the activation, if present
 * @param activation applied before the result is stored
 * @param batch how many matrices of weights there are, at least 1
 * @param sparsity the arrangement of the weights' zeros that the kernel is to make use of, if any; what a product with a
 *        weight of zero and an infinity or NaN adds is then unspecified
 * @param paramsAtRun whether the parameters of an 8-bit src come with each run instead of {@code srcParams}: then dst is
 *        f32, r = (float) acc * (scale * weightsScale[n]), and there is one dense matrix
 */
public record MatMulSpec(DataType src, DataType weights, DataType dst, long k, long n, QuantParams srcParams,
        QuantParams weightsParams, QuantParams dstParams, Bias bias, Optional<Residual> residual, Activation activation,
        int batch, Optional<SparseFormat> sparsity, boolean paramsAtRun) implements KernelSpec {
    /** Checks the combination. */
    public MatMulSpec {
        OperandException.check(k >= 0 && k <= Integer.MAX_VALUE, "k", "0 to 2^31 - 1", k);
        OperandException.check(n >= 0 && n <= Integer.MAX_VALUE, "n", "0 to 2^31 - 1", n);
        OperandException.check(batch >= 1, "batch", "at least 1", batch);
        SpecChecks.matMulTypes(src, weights, dst);
        SpecChecks.product(src, weights, dst, n, srcParams, weightsParams, dstParams, bias, activation);
        OperandException.check(residual.isEmpty() || dst != DataType.S32, "residual", "none for s32 dst", residual);
        SpecChecks.sparsity(sparsity, weightsParams);
        if (paramsAtRun) {
            OperandException.check(SpecChecks.isByte(src), "src", "u8 or s8 for parameters at run time", src);
            OperandException.check(dst == DataType.F32, "dst", "f32 for parameters at run time", dst);
            OperandException.check(srcParams.equals(QuantParams.IDENTITY), "srcParams",
                    "scale 1, zeroPoint 0 for parameters at run time", srcParams);
            OperandException.check(bias != Bias.S32, "bias", "f32 or none for parameters at run time", bias);
            OperandException.check(batch == 1, "batch", "1 for parameters at run time", batch);
            OperandException.check(sparsity.isEmpty(), "sparsity", "none for parameters at run time", sparsity);
        }
    }

    /** Parameters of src that are known. */
    public MatMulSpec(DataType src, DataType weights, DataType dst, long k, long n, QuantParams srcParams,
            QuantParams weightsParams, QuantParams dstParams, Bias bias, Optional<Residual> residual,
            Activation activation, int batch, Optional<SparseFormat> sparsity) {
        this(src, weights, dst, k, n, srcParams, weightsParams, dstParams, bias, residual, activation, batch, sparsity,
                false);
    }

    /** Dense weights. */
    public MatMulSpec(DataType src, DataType weights, DataType dst, long k, long n, QuantParams srcParams,
            QuantParams weightsParams, QuantParams dstParams, Bias bias, Optional<Residual> residual,
            Activation activation, int batch) {
        this(src, weights, dst, k, n, srcParams, weightsParams, dstParams, bias, residual, activation, batch,
                Optional.empty());
    }

    /** One matrix, nothing added but a bias. */
    public MatMulSpec(DataType src, DataType weights, DataType dst, long k, long n, QuantParams srcParams,
            QuantParams weightsParams, QuantParams dstParams, Bias bias, Activation activation) {
        this(src, weights, dst, k, n, srcParams, weightsParams, dstParams, bias, Optional.empty(), activation, 1);
    }

    /** Returns the spec of a product of u8 or s8 with s8 to f32 where the parameters of src come with each run. */
    public static MatMulSpec withParamsAtRun(DataType src, long k, long n, QuantParams weightsParams, Bias bias,
            Optional<Residual> residual, Activation activation) {
        return new MatMulSpec(src, DataType.S8, DataType.F32, k, n, QuantParams.IDENTITY, weightsParams,
                QuantParams.IDENTITY, bias, residual, activation, 1, Optional.empty(), true);
    }

    /** Returns whether src and weights are integers. */
    public boolean isInteger() {
        return !src.isFloating();
    }

    /** Returns whether a floating src is quantized row by row at run time. */
    public boolean isDynamic() {
        return src.isFloating() && weights == DataType.S8;
    }

    /** Returns this spec for one member of its batch. */
    public MatMulSpec single() {
        return new MatMulSpec(src, weights, dst, k, n, srcParams, weightsParams, dstParams, bias, residual, activation,
                1, sparsity, paramsAtRun);
    }

    /** Returns this spec with another arrangement of zeros. */
    public MatMulSpec with(Optional<SparseFormat> format) {
        return new MatMulSpec(src, weights, dst, k, n, srcParams, weightsParams, dstParams, bias, residual, activation,
                batch, format, paramsAtRun);
    }

    @Override
    public String name() {
        return "matmul_" + src + weights + dst;
    }

    @Override
    public String toString() {
        return name() + " k=" + k + " n=" + n + (batch == 1 ? "" : " batch=" + batch)
                + (weights == DataType.S8 ? " src(" + (paramsAtRun ? "at run time" : srcParams) + ") weights("
                        + weightsParams + ") dst(" + dstParams + ")" : "")
                + " bias=" + bias + residual.map(added -> " residual=" + added).orElse("") + " activation="
                + activation + sparsity.map(format -> " sparsity=" + format).orElse("");
    }
}
