package io.tersor.bench.gemm;

import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.WeightZeros;

/** One matrix multiplication to be timed. */
public final class MatMulWorkload extends ProductWorkload {
    /** Makes the operands and their reference. */
    public MatMulWorkload(GemmShape shape, ProductTypes types, WeightZeros zeros) {
        super(shape, types, zeros, (arena, range) -> Operands.random(arena, shape, types, range));
    }
}
