package io.tersor.bench.suite;

import io.tersor.TersorException;
import io.tersor.bench.product.MachineLimits;
import io.tersor.bench.product.ProductBenchmark;
import io.tersor.bench.product.ProductTypes;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What the names of contenders tell that are this library's backends. */
public final class Own {
    private Own() {}

    /** Returns all names: {@code auto}, and the backends' labels. */
    public static List<String> names() {
        return Stream.concat(Stream.of(ProductBenchmark.AUTO), Arrays.stream(Backend.values()).map(Backend::label))
                .toList();
    }

    /**
     * Returns the backend of a name, empty for the fastest that can.
     *
     * @throws TersorException if there is none
     */
    public static Optional<Backend> backend(String name) {
        return options(name).backend();
    }

    /** Returns whether a contender's kernels are this library's own: not those of oneDNN, nor a peer. */
    public static boolean is(String name) {
        return names().contains(name) && !name.equals(Backend.ONEDNN.label());
    }

    /**
     * Returns how a contender's kernels are prepared, nothing for a peer's name.
     *
     * @param base how but for the backend
     */
    static Optional<PrepareOptions> options(String name, PrepareOptions base) {
        if (name.equals(ProductBenchmark.AUTO)) {
            return Optional.of(base);
        }
        return Arrays.stream(Backend.values()).filter(backend -> backend.label().equals(name)).findFirst()
                .map(base::on);
    }

    /**
     * Returns how a contender's kernels are prepared, for one thread.
     *
     * @throws TersorException if there is no such backend
     */
    public static PrepareOptions options(String name) {
        return options(name, PrepareOptions.DEFAULT.with(Parallelism.SINGLE)).orElseThrow(() -> new TersorException(
                "contender: expected one of " + String.join(", ", names()) + ", got '" + name + "'"));
    }

    /** Returns the instruction set that a backend may use; for {@code auto} that of libtersor. */
    public static Optional<String> isa(String name) {
        return KernelRegistry.standard().status(backend(name).orElse(Backend.NATIVE))
                instanceof BackendStatus.Available available ? Optional.of(available.isa()) : Optional.empty();
    }

    /** Returns the limit that holds for a backend. */
    public static Optional<String> limit(ProductTypes types, String name) {
        return isa(name).flatMap(isa -> MachineLimits.limit(types, name, isa));
    }
}
