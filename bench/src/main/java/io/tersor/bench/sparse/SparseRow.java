package io.tersor.bench.sparse;

import io.tersor.bench.product.MachineLimits;
import io.tersor.bench.product.ProductRow;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What was measured of a sparse kernel beside the faster dense one on the same weights.
 *
 * @param zeros the share of weights that are zero
 * @param bytes of the weights in the format; the dense ones have {@code denseBytes}
 * @param speedupOverDense how many times as fast as the dense kernel: the median over the rounds, of their fastest runs
 */
record SparseRow(SparseCase what, double zeros, long bytes, long denseBytes, ProductRow sparse, ProductRow dense,
        double speedupOverDense) {
    /** Returns the row for JSON. */
    Map<String, Object> toJson(Optional<MachineLimits> limits) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("shape", what.shape().toString());
        what.pattern().ifPresent(name -> json.put("pattern", name));
        json.put("format", what.format().label());
        json.put("sparsity", what.sparsity());
        json.put("zeros", zeros);
        json.put("bytes", bytes);
        json.put("denseBytes", denseBytes);
        json.putAll(sparse.figures(limits));
        json.put("denseBackend", dense.contender());
        json.put("denseKernel", dense.kernel());
        json.put("denseIsa", dense.isa());
        json.put("denseMicros", dense.timing().medianMicros());
        json.put("denseTops", dense.tops());
        json.put("speedupOverDense", speedupOverDense);
        json.put("verified", true);
        return json;
    }
}
