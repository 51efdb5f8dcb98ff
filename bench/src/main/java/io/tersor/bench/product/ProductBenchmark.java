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
import java.util.Set;
import java.util.function.Supplier;

/** Prepares, verifies and times the contenders on one workload after the other. For one thread. */
public final class ProductBenchmark {
    /** The name of the fastest backend that can. */
    public static final String AUTO = "auto";

    private static final System.Logger LOGGER = System.getLogger("io.tersor.bench");

    /**
     * How it is measured.
     *
     * @param operation the name of the command
     * @param seconds how long to time each contender on each shape
     * @param cold whether the runs take turns in copies of the weights that exceed the last-level cache
     */
    record Settings(String operation, Parallelism parallelism, double seconds, boolean cold) {}

    /**
     * What was measured on one workload.
     *
     * @param rows one for each contender, in their order
     * @param rounds that ratios are taken from
     */
    public record Measured(List<ProductRow> rows, Rounds rounds) {}

    private final Settings settings;
    private final Optional<BenchLibrary> library;
    private final ProductPeers peers;
    private final Optional<MachineLimits> limits;
    private final WarmUp warmUp;
    private final Set<String> announced = new HashSet<>();

    /**
     * @param library without which there are no peer in C and no shares of the machine's limits
     */
    ProductBenchmark(Settings settings, Optional<BenchLibrary> library) {
        this.settings = settings;
        this.library = library;
        this.peers = new ProductPeers(library);
        this.warmUp = new WarmUp(settings.seconds);
        this.limits = library.map(MachineLimits::new);
    }

    /** Returns the limits of the machine, where they can be measured. */
    public Optional<MachineLimits> limits() {
        return limits;
    }

    /** Returns how a backend is prepared; without one, the fastest that can. */
    public PrepareOptions options(Optional<Backend> backend) {
        PrepareOptions options = PrepareOptions.DEFAULT.with(settings.parallelism);
        return backend.map(options::on).orElse(options);
    }

    /**
     * Prepares a contender, verifies it, and adds it. What cannot run the workload is left out, with a line of the log
     * for the first of its kind.
     *
     * @param who its name
     * @param kind what it does not run then, for the log
     * @return the reason why it is left out, if it is
     * @throws VerificationException if its result is wrong
     */
    public Optional<String> add(List<ProductContender> contenders, String who, String kind,
            Supplier<ProductContender> preparation) {
        try {
            contenders.add(preparation.get());
            return Optional.empty();
        } catch (VerificationException e) {
            throw e;
        } catch (TersorException e) {
            if (announced.add(who + " " + kind)) {
                LOGGER.log(System.Logger.Level.WARNING, "bench {0} without {1} for {2}: {3}", settings.operation, who,
                        kind, e.getMessage());
            }
            return Optional.of(e.getMessage());
        }
    }

    /** Adds a backend with dense weights, as {@link #add} does; without one, the fastest that can. */
    public void addDense(List<ProductContender> contenders, Optional<Backend> backend, ProductWorkload workload) {
        add(contenders, backend.map(Backend::label).orElse(AUTO), workload.types().label(),
                () -> workload.prepare(options(backend), copies(workload.weights().byteSize())));
    }

    /** Adds a peer, as {@link #add} does. */
    public void addPeer(List<ProductContender> contenders, String name, ProductWorkload workload) {
        add(contenders, name, workload.types().label(), () -> workload.prepare(peers.of(name),
                settings.parallelism.threads(), copies(workload.weights().byteSize())));
    }

    /** Returns how many copies of weights of so many bytes the runs take in turn. */
    public int copies(long bytes) {
        if (!settings.cold) {
            return 1;
        }
        int copies = ColdWeights.copies(library, bytes);
        if (copies * bytes < ColdWeights.bytes(library) && announced.add("cold")) {
            LOGGER.log(System.Logger.Level.WARNING,
                    "bench {0} --cold: {1} copies of small weights do not exceed the caches, which takes {2} bytes",
                    settings.operation, copies, ColdWeights.bytes(library));
        }
        return copies;
    }

    /** Times contenders in turn; there is at least one. */
    public Measured time(ProductWorkload workload, List<ProductContender> contenders) {
        contenders.forEach(warmUp::run);
        Rounds rounds = Rounds.of(contenders, settings.seconds);
        limits.ifPresent(MachineLimits::measureAgain);
        List<ProductRow> rows = new ArrayList<>();
        for (int i = 0; i < contenders.size(); i++) {
            rows.add(row(workload, contenders.get(i), rounds.timing(i), rounds.speed(i, 0)));
        }
        return new Measured(rows, rounds);
    }

    private ProductRow row(ProductWorkload workload, ProductContender contender, Timing timing, double speedOverFirst) {
        ProductShape shape = workload.shape();
        WeightStorage storage = contender.storage();
        double operations = shape.operations() * storage.entries() / workload.weights().shape().elements();
        Optional<String> limit = MachineLimits.limit(workload.types(), contender.name(), contender.isa());
        OptionalDouble read = limits.isEmpty() || !shape.isBoundByWeights() || storage.bytes() == 0
                ? OptionalDouble.empty() : limits.get().readRate(storage.bytes() * storage.copies());
        OptionalDouble share = read.isEmpty() ? read
                : OptionalDouble.of(storage.bytes() / (timing.minMicros() * 1e-6 * read.getAsDouble()));
        return new ProductRow(settings.operation, shape, workload.types(), contender.name(), contender.kernel(),
                contender.isa(), settings.parallelism.threads(), timing, operations, limit, share, speedOverFirst);
    }
}
