package io.tersor.bench.conv;

import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.WeightZeros;

/** One convolution to be timed: of one image, with a bias and ReLU. */
public final class ConvWorkload extends ProductWorkload {
    /** Makes the operands and their reference. */
    public ConvWorkload(ConvShape shape, ProductTypes types, WeightZeros zeros) {
        super(shape, types, zeros, (arena, range) -> ConvOperands.random(arena, shape, types, range));
    }
}
