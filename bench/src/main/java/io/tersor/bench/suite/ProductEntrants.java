package io.tersor.bench.suite;

import io.tersor.bench.product.MachineLimits;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductPeers;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.WeightStorage;
import io.tersor.bench.results.Limit;
import io.tersor.kernel.PrepareOptions;
import java.util.Map;
import java.util.Optional;

/** What rows tell of contenders on products. */
public final class ProductEntrants {
    private ProductEntrants() {}

    /**
     * Prepares and verifies a backend, {@code auto}, or a peer.
     *
     * @param base how a backend is prepared but for its name; a peer gets as many threads
     * @param copies of the weights, which the runs take in turn
     * @throws io.tersor.TersorException if there is none of the name, or it does not run the workload
     * @throws io.tersor.bench.measure.VerificationException if the result is wrong
     */
    public static ProductContender prepare(ProductWorkload workload, String contender, PrepareOptions base, int copies,
            ProductPeers peers) {
        Optional<PrepareOptions> options = Own.options(contender, base);
        return options.isPresent() ? workload.prepare(options.get(), copies)
                : workload.prepare(peers.of(contender), base.parallelism().threads(), copies);
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
