package io.tersor.kernel;

/**
 * Matrix multiplication of two f32 operands that both change from run to run: dst[b, m, n] = sum over k of
 * a[b, m, k] * b[b, k, n], all extents free. The error is bounded as that of every f32 product, by
 * k * 2^-23 * sum |a * b|; an empty sum is 0.
 *
 * @param transposed whether the second operand is [b, n, k]
 */
public record MatrixProductSpec(boolean transposed) implements KernelSpec {
    @Override
    public String name() {
        return transposed ? "matrix_product_f32t" : "matrix_product_f32";
    }
}
