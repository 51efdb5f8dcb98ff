package io.tersor.cli;

import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.Parallelism;
import io.tersor.model.NetworkOptions;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The options that say how a network runs: {@code --backend}, {@code --threads}, {@code --tune},
 * {@code --dense} and {@code --normwise-errors}. For use as a picocli mixin.
 */
public final class ExecutionOptions {
    /** What {@code --backend} takes. */
    enum Choice {
        AUTO(Optional.empty()),
        ONEDNN(Optional.of(Backend.ONEDNN)),
        NATIVE(Optional.of(Backend.NATIVE)),
        VECTOR(Optional.of(Backend.VECTOR)),
        SCALAR(Optional.of(Backend.SCALAR));

        private final Optional<Backend> backend;

        Choice(Optional<Backend> backend) {
            this.backend = backend;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = "auto", converter = ChoiceName.class,
            description = "One of ${COMPLETION-CANDIDATES}; auto takes the fastest for each kernel.")
    private Choice choice;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "1", description = "Threads, 1 by default.")
    private int threads;

    @Option(names = "--dense", description = "Takes every weight as it is, whatever the network says about its zeros.")
    private boolean dense;

    @Option(names = "--normwise-errors", description = "Lets FP32 convolutions with 3x3 windows and stride 1 be "
            + "computed by minimal filtering (Winograd), depthwise ones with large kernels by spectra: faster, with "
            + "errors bounded by norms instead of for each sum by itself.")
    private boolean normwise;

    @Option(names = "--tune", description = "Measures the backends for each matrix multiplication and remembers the "
            + "fastest; takes about a second for each that was not measured before.")
    private boolean tune;

    /**
     * Returns the options for preparing a network; the caller closes their {@link Parallelism}.
     *
     * @throws TersorException if the ordered backend is missing, or a library that a property names cannot be used
     */
    public NetworkOptions networkOptions() {
        if (threads < 1) {
            throw new ParameterException(spec.commandLine(), "--threads: expected at least 1, got " + threads);
        }
        KernelRegistry registry = KernelRegistry.standard();
        backend().ifPresentOrElse(ordered -> check(registry.status(ordered)),
                () -> registry.statuses().stream().filter(ExecutionOptions::isNamed).forEach(ExecutionOptions::check));
        return new NetworkOptions(backend(), Parallelism.of(threads), tune, !dense, normwise, List.of());
    }

    /** Returns the ordered backend, or empty for the fastest. */
    public Optional<Backend> backend() {
        return choice.backend;
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

    private static final class ChoiceName implements ITypeConverter<Choice> {
        @Override
        public Choice convert(String text) {
            return Names.find(Choice.class, text);
        }
    }
}
