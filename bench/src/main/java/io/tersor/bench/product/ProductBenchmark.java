package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.bench.measure.Rounds;
import io.tersor.bench.measure.Timing;
import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.measure.WarmUp;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/** Prepares, verifies and times the contenders on one shape after the other. For one thread. */
final class ProductBenchmark {
    /** The name of the fastest backend that can. */
    static final String AUTO = "auto";

    private static final System.Logger LOGGER = System.getLogger("io.tersor.bench");
    private static final long UNKNOWN_CACHE_BYTES = 1L << 26;
    private static final int MAX_COPIES = 256;

    /**
     * What takes part, and how.
     *
     * @param operation {@code gemm} or {@code conv}
     * @param backends in the order of the report; empty: the fastest that can
     * @param peer whether oneDNN called from C takes part
     * @param seconds how long to time each contender on each shape
     * @param cold whether the runs take turns in copies of the weights that exceed the last-level cache
     */
    record Settings(String operation, List<Optional<Backend>> backends, boolean peer, Parallelism parallelism,
            double seconds, boolean cold) {}

    private final Settings settings;
    private final Optional<BenchLibrary> library;
    private final Optional<MachineLimits> limits;
    private final Comparison comparison = new Comparison();
    private final WarmUp warmUp;
    private final Set<String> announced = new HashSet<>();

    /**
     * @param library without which there are no peer and no shares of the machine's limits
     */
    ProductBenchmark(Settings settings, Optional<BenchLibrary> library) {
        this.settings = settings;
        this.library = library;
        this.warmUp = new WarmUp(settings.seconds);
        this.limits = library.map(MachineLimits::new);
    }

    /** Returns the limits of the machine, where they can be measured. */
    Optional<MachineLimits> limits() {
        return limits;
    }

    /** Returns how the contenders compare over what was measured so far. */
    Comparison comparison() {
        return comparison;
    }

    /**
     * Measures one product. What a contender cannot run is left out, with a line of the log.
     *
     * @throws VerificationException if a result is wrong
     */
    List<ProductRow> measure(ProductWorkload workload) {
        List<ProductContender> contenders = new ArrayList<>();
        try {
            prepare(workload, contenders);
            return contenders.isEmpty() ? List.of() : time(workload, contenders);
        } finally {
            contenders.forEach(ProductContender::close);
        }
    }

    private void prepare(ProductWorkload workload, List<ProductContender> contenders) {
        int copies = copies(workload);
        for (Optional<Backend> backend : settings.backends) {
            PrepareOptions options = PrepareOptions.DEFAULT.with(settings.parallelism);
            String name = backend.map(Backend::label).orElse(AUTO);
            add(contenders, name, workload,
                    () -> workload.prepare(backend.map(options::on).orElse(options), copies));
        }
        if (settings.peer && library.isPresent()) {
            add(contenders, ProductWorkload.ONEDNN_PEER, workload, () -> workload.prepareOnednnPeer(library.get(),
                    settings.parallelism.threads(), copies));
        }
    }

    /** Prepares a contender. */
    @FunctionalInterface
    private interface Preparation {
        ProductContender run();
    }

    private void add(List<ProductContender> contenders, String name, ProductWorkload workload,
            Preparation preparation) {
        try {
            contenders.add(preparation.run());
        } catch (VerificationException e) {
            throw e;
        } catch (TersorException e) {
            if (announced.add(name + " " + workload.types())) {
                LOGGER.log(System.Logger.Level.WARNING, "bench {0} without {1} for {2}: {3}", settings.operation,
                        name, workload.types().label(), e.getMessage());
            }
        }
    }

    private int copies(ProductWorkload workload) {
        if (!settings.cold) {
            return 1;
        }
        long cache = library.map(BenchLibrary::cacheBytes).filter(OptionalLong::isPresent)
                .map(OptionalLong::getAsLong).orElse(UNKNOWN_CACHE_BYTES);
        long needed = Math.ceilDiv(2 * cache, workload.weightsBytes());
        if (needed > MAX_COPIES && announced.add("cold")) {
            LOGGER.log(System.Logger.Level.WARNING,
                    "bench {0} --cold: {1} copies of small weights do not exceed the cache of {2} bytes",
                    settings.operation, MAX_COPIES, cache);
        }
        return Math.clamp(needed, 1, MAX_COPIES);
    }

    private List<ProductRow> time(ProductWorkload workload, List<ProductContender> contenders) {
        contenders.forEach(warmUp::run);
        Rounds rounds = Rounds.of(contenders, settings.seconds);
        limits.ifPresent(MachineLimits::measureAgain);
        List<ProductRow> rows = new ArrayList<>();
        for (int i = 0; i < contenders.size(); i++) {
            rows.add(row(workload, contenders.get(i), rounds.timing(i), rounds.speed(i, 0)));
            for (int other = i + 1; other < contenders.size(); other++) {
                comparison.add(new Comparison.Pair(workload.types(), contenders.get(i).name(),
                        contenders.get(other).name()), workload.shape(), rounds.speed(i, other));
            }
        }
        return rows;
    }

    private ProductRow row(ProductWorkload workload, ProductContender contender, Timing timing, double speedOverFirst) {
        ProductShape shape = workload.shape();
        Optional<String> limit = MachineLimits.limit(workload.types(), contender.name(), contender.isa());
        OptionalDouble read = limits.isEmpty() || !shape.isBoundByWeights() ? OptionalDouble.empty()
                : limits.get().readRate(workload.weightsBytes() * contender.copies());
        OptionalDouble share = read.isEmpty() ? read
                : OptionalDouble.of(workload.weightsBytes() / (timing.minMicros() * 1e-6 * read.getAsDouble()));
        return new ProductRow(settings.operation, shape, workload.types(), contender.name(), contender.kernel(),
                contender.isa(), settings.parallelism.threads(), timing, limit, share, speedOverFirst);
    }
}
