package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;

/**
 * Matrix multiplication with constant weights: dst[m, n] = epilogue(sum over k of src[m, k] * weights[k, n]), with m
 * free at run time; the epilogue is {@link Epilogue}'s.
 *
 * @param src f32, u8 or s8
 * @param weights f32 for f32 src, s8 otherwise
 * @param dst f32 for f32 src; s32 (the raw accumulator), f32, u8 or s8 otherwise
 * @param k inner extent, may be 0
 * @param n columns, may be 0
 * @param srcParams per tensor
 * @param weightsParams per tensor, or one pair for each of the n columns (whatever their axis is called)
 * @param dstParams per tensor
 * @param bias one value for each of the n columns, or none
 * @param activation applied before the result is stored
 */
public record MatMulSpec(DataType src, DataType weights, DataType dst, long k, long n, QuantParams srcParams,
        QuantParams weightsParams, QuantParams dstParams, Bias bias, Activation activation) implements KernelSpec {
    /** Checks the combination. */
    public MatMulSpec {
        OperandException.check(k >= 0 && k <= Integer.MAX_VALUE, "k", "0 to 2^31 - 1", k);
        OperandException.check(n >= 0 && n <= Integer.MAX_VALUE, "n", "0 to 2^31 - 1", n);
        SpecChecks.product(src, weights, dst, n, srcParams, weightsParams, dstParams, bias, activation);
    }

    /** Returns whether src and weights are integers. */
    public boolean isInteger() {
        return src != DataType.F32;
    }

    @Override
    public String name() {
        return "matmul_" + src + weights + dst;
    }

    @Override
    public String toString() {
        return name() + " k=" + k + " n=" + n + (isInteger() ? " src(" + srcParams + ") weights(" + weightsParams
                + ") dst(" + dstParams + ")" : "") + " bias=" + bias + " activation=" + activation;
    }
}
