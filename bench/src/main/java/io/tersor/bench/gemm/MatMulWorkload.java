package io.tersor.bench.gemm;

import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;

/** One matrix multiplication to be timed. */
public final class MatMulWorkload extends ProductWorkload {
    /** Makes the operands and their reference. */
    public MatMulWorkload(GemmShape shape, ProductTypes types) {
        super(shape, types, (arena, range) -> Operands.random(arena, shape, types, range));
    }
}
