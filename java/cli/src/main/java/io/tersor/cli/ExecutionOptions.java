package io.tersor.cli;

import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The options that say how a network runs: {@code --backend} and {@code --threads}. For use as a picocli mixin. */
public final class ExecutionOptions {
    private static final String AUTO = "auto";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = AUTO, converter = BackendName.class,
            completionCandidates = BackendNames.class,
            description = "One of ${COMPLETION-CANDIDATES}; auto takes the fastest for each kernel.")
    private Optional<Backend> backend;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "1", description = "Threads, 1 by default.")
    private int threads;

    /**
     * Returns the options for preparing kernels; the caller closes their {@link Parallelism}.
     *
     * @throws TersorException if the ordered backend is missing, or a library that a property names cannot be used
     */
    public PrepareOptions prepareOptions() {
        if (threads < 1) {
            throw new ParameterException(spec.commandLine(), "--threads: expected at least 1, got " + threads);
        }
        KernelRegistry registry = KernelRegistry.standard();
        backend.ifPresentOrElse(ordered -> check(registry.status(ordered)),
                () -> registry.statuses().stream().filter(ExecutionOptions::isNamed).forEach(ExecutionOptions::check));
        return new PrepareOptions(backend, Parallelism.of(threads));
    }

    /** Returns the ordered backend, or empty for the fastest. */
    public Optional<Backend> backend() {
        return backend;
    }

    /** Returns the number of threads. */
    public int threads() {
        return threads;
    }

    private static void check(BackendStatus status) {
        if (status instanceof BackendStatus.Missing(Backend missing, String reason)) {
            throw new TersorException("backend " + missing.label() + ": " + reason);
        }
    }

    /** A library that a property names is an order, even where another backend would do. */
    private static boolean isNamed(BackendStatus status) {
        String library = status.backend() == Backend.NATIVE ? "libtersor" : status.backend().label();
        return !System.getProperty("tersor." + library + ".library", "").isEmpty();
    }

    private static final class BackendName implements ITypeConverter<Optional<Backend>> {
        @Override
        public Optional<Backend> convert(String text) {
            String name = text.toLowerCase(Locale.ROOT);
            if (name.equals(AUTO)) {
                return Optional.empty();
            }
            return Optional.of(Arrays.stream(Backend.values()).filter(known -> known.label().equals(name)).findFirst()
                    .orElseThrow(() -> new TypeConversionException("expected one of "
                            + String.join(", ", new BackendNames()) + ", got '" + text + "'")));
        }
    }

    private static final class BackendNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            List<String> names = Stream.concat(Stream.of(AUTO),
                    Stream.of(Backend.ONEDNN, Backend.NATIVE, Backend.VECTOR, Backend.SCALAR).map(Backend::label))
                    .toList();
            return names.iterator();
        }
    }
}
