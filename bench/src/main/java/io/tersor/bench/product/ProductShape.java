package io.tersor.bench.product;

import io.tersor.tensor.Tensor;
import java.util.Map;

/** Extents of a product; {@code toString} names them in reports. */
public interface ProductShape {
    /** Returns the multiplications and additions of one run. */
    double operations();

    /** Returns whether the weights' way from memory is what counts. */
    boolean isBoundByWeights();

    /** Returns how often a network has it. */
    default int count() {
        return 1;
    }

    /** Returns a view of weights in the kernel's layout as sparse formats count them: [outputs, inputs], or OIHW. */
    Tensor outputsFirst(Tensor weights);

    /** Returns the operands of this shape and their reference. */
    ProductWorkload workload(ProductTypes types, WeightZeros zeros);

    /** Returns the extents by their names. */
    Map<String, Object> extents();
}
