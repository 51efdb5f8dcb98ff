package io.tersor.kernel;

import io.tersor.ffm.CpuFeatures;
import io.tersor.ffm.Isa;
import io.tersor.kernel.BackendOrder.Timed;
import io.tersor.tensor.DataType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What measured tuning found, in memory and in a {@link TuningFile} that later processes read. Without a directory, or
 * where the file cannot be read or written, a log line says so and the memory serves this process. Thread-safe.
 */
final class TuningCache {
    private static final System.Logger LOGGER = System.getLogger("io.tersor");

    private final Supplier<Optional<TuningFile>> place;
    private Optional<Optional<TuningFile>> file = Optional.empty();
    private final Map<String, List<Timed>> decisions = new HashMap<>();
    private boolean writable = true;

    /** @param place the file, if there can be one; asked at the first use */
    TuningCache(Supplier<Optional<TuningFile>> place) {
        this.place = place;
    }

    /** Returns a cache that is empty, and forgets with the process. */
    static TuningCache inMemory() {
        return new TuningCache(Optional::empty);
    }

    /** Returns the cache of this machine in a directory. */
    static TuningCache of(List<BackendStatus> backends, Supplier<Optional<Path>> directory) {
        return new TuningCache(() -> directory.get().map(path -> new TuningFile(path, environment(backends))));
    }

    /** Returns what times depend on besides the spec, a line each. */
    private static List<String> environment(List<BackendStatus> backends) {
        List<String> lines = new ArrayList<>(List.of("cpu " + CpuFeatures.detect().model(),
                "isa " + Isa.used().label(), "jvm " + Runtime.version()));
        for (BackendStatus backend : backends) {
            lines.add(backend.backend().label() + switch (backend) {
                case BackendStatus.Available(_, String version, String isa, _) -> " " + version + ", " + isa;
                case BackendStatus.Missing _ -> " missing";
            });
        }
        return lines;
    }

    /** Returns the times that were measured for a spec, fastest first. */
    synchronized Optional<List<Timed>> find(MatMulSpec spec, PrepareOptions options) {
        load();
        return Optional.ofNullable(decisions.get(key(spec, options)));
    }

    /** Keeps the times that were measured for a spec, fastest first. */
    synchronized void store(MatMulSpec spec, PrepareOptions options, List<Timed> fastestFirst) {
        Optional<TuningFile> target = load();
        decisions.put(key(spec, options), List.copyOf(fastestFirst));
        try {
            if (target.isPresent()) {
                decisions.putAll(target.get().add(key(spec, options), fastestFirst));
            } else {
                unwritable("no cache directory can be used");
            }
        } catch (IOException e) {
            unwritable(target.orElseThrow() + " cannot be written (" + e + ")");
        }
    }

    private Optional<TuningFile> load() {
        if (file.isEmpty()) {
            file = Optional.of(place.get());
            try {
                if (file.get().isPresent()) {
                    decisions.putAll(file.get().get().read());
                }
            } catch (IOException e) {
                LOGGER.log(System.Logger.Level.INFO, "tuning results are ignored: {0}", e.getMessage());
            }
        }
        return file.get();
    }

    private void unwritable(String reason) {
        if (writable) {
            LOGGER.log(System.Logger.Level.INFO, "tuning results last as long as this process: {0}", reason);
        }
        writable = false;
    }

    private static String key(MatMulSpec spec, PrepareOptions options) {
        String quantization = spec.weights() != DataType.S8 ? ""
                : " src=tensor" + zeroPoint(spec.srcParams().isSymmetric()) + " weights="
                        + (spec.weightsParams().isPerTensor() ? "tensor" : "channel")
                        + zeroPoint(spec.weightsParams().isSymmetric());
        return spec.name() + " k=" + spec.k() + " n=" + spec.n() + quantization + " bias=" + lower(spec.bias())
                + " residual=" + spec.residual().map(residual -> residual.type().label()).orElse("none")
                + " activation=" + lower(spec.activation().function())
                + (spec.activation().isBounded() ? "+bounds" : "") + " rows=" + options.rows() + " threads="
                + options.parallelism().threads();
    }

    private static String zeroPoint(boolean symmetric) {
        return symmetric ? "" : "+zeroPoint";
    }

    private static String lower(Enum<?> name) {
        return name.name().toLowerCase(Locale.ROOT);
    }

    /** Returns how many decisions there are, and where. */
    @Override
    public synchronized String toString() {
        String where = load().map(TuningFile::toString).orElse("memory");
        return decisions.size() + " tuned " + (decisions.size() == 1 ? "spec" : "specs") + " in " + where;
    }
}
