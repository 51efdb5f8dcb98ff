package io.tersor.bench.sparse;

import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.WeightZeros;
import io.tersor.sparse.SparseFormat;
import java.util.Optional;

/**
 * One product with weights that have zeros.
 *
 * @param format that the kernel is ordered to make use of
 * @param sparsity the share of zeros asked for, or that the format or the pattern has
 * @param pattern the name of the pattern that the zeros come from, if any
 * @param zeros where they are
 */
record SparseCase(ProductShape shape, ProductTypes types, SparseFormat format, double sparsity,
        Optional<String> pattern, WeightZeros zeros) {
    @Override
    public String toString() {
        return pattern.map(name -> name + " ").orElse("") + shape + " " + types.label() + " " + format + " " + sparsity;
    }
}
