package io.tersor.bench.product;

import java.util.Map;

/** Extents of a product; {@code toString} names them in reports. */
public interface ProductShape {
    /** Returns the multiplications and additions of one run. */
    double operations();

    /** Returns whether the weights' way from memory is what counts. */
    boolean isBoundByWeights();

    /** Returns the extents by their names. */
    Map<String, Object> extents();
}
