package io.tersor.bench.suite;

import io.tersor.bench.product.MachineLimits;
import io.tersor.bench.product.ProductBenchmark;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.WeightStorage;
import io.tersor.bench.results.Limit;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/** What rows tell of contenders on products. */
public final class ProductEntrants {
    private ProductEntrants() {}

    /** Returns how a backend, or {@code auto}, is prepared; nothing for a peer's name. */
    public static Optional<PrepareOptions> options(String contender, Parallelism pool) {
        PrepareOptions options = PrepareOptions.DEFAULT.with(pool);
        if (contender.equals(ProductBenchmark.AUTO)) {
            return Optional.of(options);
        }
        return Arrays.stream(Backend.values()).filter(backend -> backend.label().equals(contender)).findFirst()
                .map(options::on);
    }

    /** Returns whether the kernels of a backend are this library's own. */
    static boolean isOwn(String backend) {
        return !backend.equals(Backend.ONEDNN.label());
    }

    /** Returns the entrant of a contender that is verified. */
    public static Entrant of(ProductWorkload workload, ProductContender contender) {
        WeightStorage storage = contender.storage();
        double share = (double) storage.entries() / workload.weights().shape().elements();
        double bytes = storage.bytes() + workload.srcBytes() + contender.result().byteSize();
        // Weights that are read once for few rows come from memory no faster than a plain read.
        Optional<String> limit = storage.copies() > 1 && workload.shape().isBoundByWeights() ? Optional.of(Limit.READ)
                : MachineLimits.limit(workload.types(), contender.name(), contender.isa());
        return new Entrant(contender, Optional.of(contender.isa()), workload.shape().operations() * share, bytes,
                limit, Map.of());
    }
}
