package io.tersor.bench.product;

import io.tersor.bench.measure.Contender;
import io.tersor.tensor.Tensor;

/** One way to compute a product. */
public interface ProductContender extends Contender {
    /** Returns the instruction set that it may use. */
    String isa();

    /** Returns how it keeps the weights. */
    WeightStorage storage();

    /** Returns the result of the last run. */
    Tensor result();
}
