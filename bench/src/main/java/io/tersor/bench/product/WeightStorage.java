package io.tersor.bench.product;

import io.tersor.sparse.SparseFormat;
import io.tersor.sparse.SparseTensor;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/**
 * How a contender keeps the weights.
 *
 * @param sparsity the format that it is ordered to use, none for dense weights
 * @param entries how many weights that format stores: those that are multiplied
 * @param bytes of that format
 * @param copies of them, which the runs take in turn
 */
public record WeightStorage(Optional<SparseFormat> sparsity, long entries, long bytes, int copies) {
    /** Returns the storage of a sparse tensor. */
    public static WeightStorage of(SparseTensor weights, int copies) {
        return new WeightStorage(Optional.of(weights.format()), weights.storedEntries(), weights.byteSize(), copies);
    }

    /** Returns the storage of all weights. */
    public static WeightStorage dense(Tensor weights, int copies) {
        return new WeightStorage(Optional.empty(), weights.shape().elements(), weights.byteSize(), copies);
    }
}
