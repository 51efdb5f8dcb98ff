package io.tersor.kernel;

import io.tersor.UnsupportedKernelException;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Picks the backend for a spec: the fastest that can, or the one that is ordered. An order that cannot be followed is an
 * {@link UnsupportedKernelException}; the first use of each backend logs what it is and why faster ones were passed
 * over. Thread-safe.
 */
public final class KernelRegistry {
    private static final System.Logger LOGGER = System.getLogger("io.tersor");

    private final Map<Backend, BackendProvider> providers = new EnumMap<>(Backend.class);
    private final Set<Backend> announced = ConcurrentHashMap.newKeySet();

    /** Returns a registry of the given providers; a later one of the same backend replaces an earlier one. */
    public KernelRegistry(Iterable<BackendProvider> providers) {
        for (BackendProvider provider : providers) {
            this.providers.put(provider.backend(), provider);
        }
    }

    private static final class Standard {
        private static final KernelRegistry INSTANCE = new KernelRegistry(
                ServiceLoader.load(BackendProvider.class, BackendProvider.class.getClassLoader()));
    }

    /** Returns the process-wide registry of the library's own backends. */
    public static KernelRegistry standard() {
        return Standard.INSTANCE;
    }

    /** Returns what each backend is, or why it is missing, fastest first. */
    public List<BackendStatus> statuses() {
        List<BackendStatus> statuses = new ArrayList<>();
        for (Backend backend : Backend.values()) {
            statuses.addFirst(status(backend));
        }
        return List.copyOf(statuses);
    }

    /** Returns what one backend is, or why it is missing. */
    public BackendStatus status(Backend backend) {
        BackendProvider provider = providers.get(backend);
        return provider == null ? new BackendStatus.Missing(backend, "not on the class path or module path")
                : provider.status();
    }

    /** Returns why one backend does not run a spec here; empty when it does. */
    public Optional<String> refusal(Backend backend, KernelSpec spec) {
        return switch (status(backend)) {
            case BackendStatus.Missing missing -> Optional.of(missing.reason());
            case BackendStatus.Available _ -> providers.get(backend).refusal(
                    spec instanceof MatMulSpec matMul ? matMul.single() : spec);
        };
    }

    /**
     * Prepares a matrix multiplication.
     *
     * @param weights [k, n], or [batch, k, n] for a batch (which may be 1), any strides
     * @param bias [n], present if the spec has one
     * @throws UnsupportedKernelException if the ordered backend cannot run it
     */
    public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        boolean matrix = spec.batch() == 1 && weights.shape().rank() == 2;
        Shape shape = matrix ? Shape.of(spec.k(), spec.n()) : Shape.of(spec.batch(), spec.k(), spec.n());
        Constants.check(weights, spec.weights(), shape, bias, spec.bias(), spec.n());
        BackendProvider provider = choose(spec, options);
        if (spec.batch() > 1) {
            return BatchedMatMul.prepare(provider, spec, weights, bias, options);
        }
        return provider.prepare(spec, matrix ? weights : BatchedMatMul.matrix(weights, 0), bias, options);
    }

    /**
     * Prepares a convolution.
     *
     * @param weights [oc, ic / groups, kh, kw], any strides
     * @param bias [oc], present if the spec has one
     * @throws UnsupportedKernelException if the ordered backend cannot run it
     */
    public Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        Constants.check(weights, spec.weights(), spec.weightsShape(), bias, spec.bias(), spec.oc());
        return choose(spec, options).prepare(spec, weights, bias, options);
    }

    /** Prepares a sum. */
    public Add prepare(AddSpec spec, PrepareOptions options) {
        return choose(spec, options).prepare(spec, options.parallelism());
    }

    /** Prepares a kernel of one input and one output. */
    public Unary prepare(UnarySpec spec, PrepareOptions options) {
        return choose(spec, options).prepare(spec, options.parallelism());
    }

    private BackendProvider choose(KernelSpec spec, PrepareOptions options) {
        List<Backend> candidates = options.backend().map(List::of).orElseGet(() -> BackendOrder.fastestFirst(spec));
        StringBuilder refusals = new StringBuilder();
        for (Backend backend : candidates) {
            Optional<String> refusal = refusal(backend, spec);
            if (refusal.isEmpty()) {
                announce(backend, refusals);
                return providers.get(backend);
            }
            refusals.append(refusals.isEmpty() ? "" : "; ").append(backend.label()).append(": ").append(refusal.get());
        }
        String asked = options.backend().map(Backend::label).orElse("every backend");
        throw new UnsupportedKernelException(asked, spec, refusals.toString());
    }

    private void announce(Backend backend, StringBuilder refusals) {
        if (announced.add(backend) && status(backend) instanceof BackendStatus.Available available) {
            LOGGER.log(level(refusals), "backend {0}: {1} {2}, {3}{4}", backend.label(), available.version(),
                    available.isa(), available.origin(), refusals.isEmpty() ? "" : " (passed over " + refusals + ")");
            announceMissingVector(refusals);
        }
    }

    /** Says once that a JVM flag would bring the vector backend, unless the line before did. */
    private void announceMissingVector(StringBuilder refusals) {
        if (status(Backend.VECTOR) instanceof BackendStatus.Missing missing && announced.add(Backend.VECTOR)
                && refusals.indexOf(missing.reason()) < 0) {
            LOGGER.log(System.Logger.Level.WARNING, "backend {0}: {1}", missing.backend().label(), missing.reason());
        }
    }

    /** A backend that is missing could be had; one that does not implement a spec could not. */
    private System.Logger.Level level(StringBuilder refusals) {
        boolean missing = statuses().stream().anyMatch(status -> status instanceof BackendStatus.Missing(_, String reason)
                && refusals.indexOf(reason) >= 0);
        return missing ? System.Logger.Level.WARNING : System.Logger.Level.INFO;
    }
}
