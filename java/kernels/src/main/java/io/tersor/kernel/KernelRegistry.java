package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.UnsupportedKernelException;
import io.tersor.ffm.Isa;
import io.tersor.ffm.NativeLibrary;
import io.tersor.quant.QuantParams;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Picks the backend for a spec: the fastest that can, or the one that is ordered. An order that cannot be followed is an
 * {@link UnsupportedKernelException}; the first use of each backend logs what it is and why it was picked, and
 * {@link #explain} tells it for every spec. Thread-safe.
 */
public final class KernelRegistry {
    private static final System.Logger LOGGER = System.getLogger("io.tersor");
    private static final long TUNING_WARM_UP_NANOS = 200_000_000;

    private final Map<Backend, BackendProvider> providers = new EnumMap<>(Backend.class);
    private final Set<Backend> announced = ConcurrentHashMap.newKeySet();
    private final Function<List<BackendStatus>, BackendOrder> ordering;
    private volatile Optional<BackendOrder> order = Optional.empty();

    /**
     * Returns a registry of the given providers, without cost tables: its order of backends is fixed, but for what is
     * tuned in this process.
     *
     * @param providers a later one of the same backend replaces an earlier one
     */
    public KernelRegistry(Iterable<BackendProvider> providers) {
        this(providers, _ -> new BackendOrder(Isa.used(), Optional.empty(), TuningCache.inMemory()));
    }

    /** @param ordering makes the order of the backends, of which it is told, at its first use */
    KernelRegistry(Iterable<BackendProvider> providers, Function<List<BackendStatus>, BackendOrder> ordering) {
        for (BackendProvider provider : providers) {
            this.providers.put(provider.backend(), provider);
        }
        this.ordering = ordering;
    }

    private static final class Standard {
        private static final KernelRegistry INSTANCE = new KernelRegistry(
                ServiceLoader.load(BackendProvider.class, BackendProvider.class.getClassLoader()),
                Standard::order);

        private static BackendOrder order(List<BackendStatus> statuses) {
            Isa isa = Isa.used();
            return new BackendOrder(isa, CostTable.of(isa), TuningCache.of(statuses, NativeLibrary::cacheDirectory));
        }
    }

    /** Returns the process-wide registry of the library's own backends, with its cost tables. */
    public static KernelRegistry standard() {
        return Standard.INSTANCE;
    }

    /** Returns what each backend is, or why it is missing, in an order that does not depend on measurements. */
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
     * Returns which backend {@code prepare} takes for a spec, and why. With {@link PrepareOptions#tuned()} that is the
     * choice of today, before the measurement.
     *
     * @throws UnsupportedKernelException if the ordered backend cannot run it
     */
    public BackendChoice explain(KernelSpec spec, PrepareOptions options) {
        return explain(spec, options, backend -> refusal(backend, spec));
    }

    private BackendChoice explain(KernelSpec spec, PrepareOptions options,
            Function<Backend, Optional<String>> refusing) {
        BackendOrder.Ranking ranking = options.backend()
                .map(ordered -> new BackendOrder.Ranking(List.of(ordered), 1, BackendChoice.Source.ORDERED, "ordered"))
                .orElseGet(() -> order().of(spec, options));
        StringBuilder refusals = new StringBuilder();
        for (Backend backend : ranking.backends()) {
            Optional<String> refusal = refusing.apply(backend);
            if (refusal.isEmpty()) {
                return ranking.choice(backend, refusals.toString());
            }
            refusals.append(refusals.isEmpty() ? "" : "; ").append(backend.label()).append(": ").append(refusal.get());
        }
        String asked = options.backend().map(Backend::label).orElse("every backend");
        throw new UnsupportedKernelException(asked, spec, refusals.toString());
    }

    /** Returns one line about the measurements that rank the backends: the cost table and the tuning results. */
    public String measurements() {
        return order().toString();
    }

    private BackendOrder order() {
        if (order.isEmpty()) {
            synchronized (this) {
                if (order.isEmpty()) {
                    order = Optional.of(ordering.apply(statuses()));
                }
            }
        }
        return order.orElseThrow();
    }

    /**
     * Prepares a matrix multiplication.
     *
     * @param weights [k, n], or [batch, k, n] for a batch (which may be 1), any strides
     * @param bias [n], present if the spec has one
     * @throws UnsupportedKernelException if the ordered backend cannot run it
     */
    public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        Optional<ZeroUse> zeros = makesUseOfZeros(spec.sparsity(), options) && weights.shape().rank() == 2
                ? ZeroUse.of(spec, weights, options.rows(), SparseCosts.standard(), Isa.used()) : Optional.empty();
        MatMul kernel = prepareAs(zeros.map(use -> spec.with(Optional.of(use.format()))).orElse(spec), weights, bias,
                options);
        noteZeros(kernel, spec.sparsity(), zeros);
        return kernel;
    }

    private MatMul prepareAs(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        boolean matrix = spec.batch() == 1 && weights.shape().rank() == 2;
        Shape shape = matrix ? Shape.of(spec.k(), spec.n()) : Shape.of(spec.batch(), spec.k(), spec.n());
        Constants.check(weights, spec.weights(), shape, bias, spec.bias(), spec.n());
        Tensor first = matrix ? weights : BatchedMatMul.matrix(weights, 0);
        if (options.tune() && options.backend().isEmpty() && spec.sparsity().isEmpty()) {
            tune(spec.single(), first, bias, options);
        }
        BackendProvider provider = take(spec, explain(spec, options, backend -> refusal(backend, spec, bias)));
        return spec.batch() > 1 ? BatchedMatMul.prepare(provider, spec, weights, bias, options)
                : provider.prepare(spec, first, bias, options);
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
        Optional<ZeroUse> zeros = makesUseOfZeros(spec.sparsity(), options)
                ? ZeroUse.of(spec, weights, SparseCosts.standard(), Isa.used()) : Optional.empty();
        Conv2d kernel = prepareAs(zeros.map(use -> spec.with(Optional.of(use.format()))).orElse(spec), weights, bias,
                options);
        noteZeros(kernel, spec.sparsity(), zeros);
        return kernel;
    }

    private Conv2d prepareAs(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        BackendProvider provider = take(spec, explain(spec, options, backend -> refusal(backend, spec)
                .or(() -> providers.get(backend).refusal(spec, bias))));
        return provider.prepare(spec, weights, bias, options);
    }

    /** The table is that of libtersor in place of the fastest dense kernel: an order for a backend excludes it. */
    private boolean makesUseOfZeros(Optional<SparseFormat> asked, PrepareOptions options) {
        return asked.isEmpty() && options.zeros() && options.backend().isEmpty()
                && status(Backend.NATIVE) instanceof BackendStatus.Available;
    }

    private static void noteZeros(Kernel kernel, Optional<SparseFormat> asked, Optional<ZeroUse> zeros) {
        asked.ifPresent(format -> kernel.note(format + " as asked"));
        zeros.ifPresent(use -> kernel.note(use.reason()));
    }

    /** Prepares a sum. */
    public Add prepare(AddSpec spec, PrepareOptions options) {
        return choose(spec, options).prepare(spec, options.parallelism());
    }

    /** Prepares a kernel of one input and one output. */
    public Unary prepare(UnarySpec spec, PrepareOptions options) {
        return choose(spec, options).prepare(spec, options.parallelism());
    }

    /**
     * Prepares a normalization.
     *
     * @param scale [columns], f32, any stride
     * @param bias likewise, present if the spec has one
     */
    public LayerNorm prepare(LayerNormSpec spec, Tensor scale, Optional<Tensor> bias, PrepareOptions options) {
        Constants.check(scale, DataType.F32, Shape.of(spec.columns()), bias, spec.biased() ? Bias.F32 : Bias.NONE,
                spec.columns());
        return choose(spec, options).prepare(spec, scale, bias, options.parallelism());
    }

    /** Prepares a multiplication of two operands that change. */
    public MatrixProduct prepare(MatrixProductSpec spec, PrepareOptions options) {
        return choose(spec, options).prepare(spec, options.parallelism());
    }

    /** Prepares an operation of two tensors. */
    public Binary prepare(BinarySpec spec, PrepareOptions options) {
        return choose(spec, options).prepare(spec, options.parallelism());
    }

    /** Prepares a choice between two tensors. */
    public Select prepare(SelectSpec spec, PrepareOptions options) {
        return choose(spec, options).prepare(spec, options.parallelism());
    }

    /** Prepares weighted sums of positions along an axis. */
    public Interpolate prepare(InterpolateSpec spec, PrepareOptions options) {
        return choose(spec, options).prepare(spec, options.parallelism());
    }

    /**
     * Prepares a step of a recurrent layer.
     *
     * @param peepholes [3 * hidden], f32, of the gates i o f, present if the spec has them
     */
    public RecurrentCell prepare(RecurrentCellSpec spec, Optional<Tensor> peepholes, PrepareOptions options) {
        OperandException.check(peepholes.isPresent() == spec.peepholes(), "peepholes",
                spec.peepholes() ? "a tensor" : "none", peepholes);
        peepholes.ifPresent(p -> OperandException.check(p.type() == DataType.F32
                && p.shape().equals(Shape.of(3L * spec.hidden())), "peepholes", "f32 [" + 3 * spec.hidden() + "]", p));
        return choose(spec, options).prepare(spec, peepholes, options.parallelism());
    }

    /**
     * Prepares a quantization at run time.
     *
     * @param weights scales per tensor or for each of the n columns; zero points are in the product and in columnSums
     * @param columnSums [n], s32: the weights of each column less their zero point, summed up
     * @param bias [n], f32
     */
    public DynamicQuantizer prepare(DynamicQuantizerSpec spec, QuantParams weights, Tensor columnSums,
            Optional<Tensor> bias, PrepareOptions options) {
        OperandException.check(weights.isPerTensor() || weights.isPerChannel() && weights.count() == spec.n(),
                "weights", "one scale, or " + spec.n(), weights);
        Shape shape = Shape.of(spec.n());
        OperandException.check(columnSums.type() == DataType.S32 && columnSums.shape().equals(shape), "columnSums",
                "s32 " + shape, columnSums);
        bias.ifPresent(b -> OperandException.check(b.type() == DataType.F32 && b.shape().equals(shape), "bias",
                "f32 " + shape, b));
        return choose(spec, options).prepare(spec, weights, columnSums, bias, options.parallelism());
    }

    /**
     * Prepares the quantization of what a product with parameters at run time reads.
     *
     * @param spec of bytes
     */
    public DynamicQuantizer prepare(DynamicQuantizerSpec spec, PrepareOptions options) {
        OperandException.check(spec.levels() == DynamicQuantizerSpec.Levels.BYTES, "levels", "bytes", spec.levels());
        return prepare(spec, QuantParams.IDENTITY, Tensor.allocate(Arena.ofAuto(), DataType.S32, Shape.of(1)),
                Optional.empty(), options);
    }

    /** Prepares an attention. */
    public Attention prepare(AttentionSpec spec, PrepareOptions options) {
        return choose(spec, options).prepare(spec, options.parallelism());
    }

    /** Measures the backends that can run a multiplication, unless that was done before or there is only one. */
    private void tune(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        List<Backend> able = order().of(spec, options).backends().stream()
                .filter(backend -> backend != Backend.SCALAR && refusal(backend, spec, bias).isEmpty()).toList();
        if (able.size() < 2 || spec.k() == 0 || spec.n() == 0 || order().isTuned(spec, options)) {
            return;
        }
        List<MatMul> kernels = new ArrayList<>();
        try (KernelTimer timer = new KernelTimer(spec, options.rows())) {
            for (Backend backend : able) {
                kernels.add(providers.get(backend).prepare(spec, weights, bias, options.on(backend)));
            }
            double[] micros = timer.micros(kernels, TUNING_WARM_UP_NANOS);
            List<BackendOrder.Timed> times = new ArrayList<>();
            for (int i = 0; i < micros.length; i++) {
                times.add(new BackendOrder.Timed(able.get(i), micros[i]));
            }
            times.sort(Comparator.comparingDouble(BackendOrder.Timed::micros));
            order().keep(spec, options, times);
        } finally {
            kernels.forEach(MatMul::close);
        }
    }

    private Optional<String> refusal(Backend backend, MatMulSpec spec, Optional<Tensor> bias) {
        return refusal(backend, spec).or(() -> providers.get(backend).refusal(spec.single(), bias));
    }

    private BackendProvider choose(KernelSpec spec, PrepareOptions options) {
        return take(spec, explain(spec, options));
    }

    private BackendProvider take(KernelSpec spec, BackendChoice choice) {
        LOGGER.log(System.Logger.Level.DEBUG, () -> spec + " on " + choice);
        announce(choice);
        return providers.get(choice.backend());
    }

    private void announce(BackendChoice choice) {
        if (announced.add(choice.backend()) && status(choice.backend()) instanceof BackendStatus.Available available) {
            LOGGER.log(level(choice.passedOver()), "backend {0}: {1} {2}, {3}, {4}{5}", choice.backend().label(),
                    available.version(), available.isa(), available.origin(), choice.reason(),
                    choice.passedOver().isEmpty() ? "" : " (passed over " + choice.passedOver() + ")");
            announceMissingVector(choice.passedOver());
        }
    }

    /** Says once that a JVM flag would bring the vector backend, unless the line before did. */
    private void announceMissingVector(String refusals) {
        if (status(Backend.VECTOR) instanceof BackendStatus.Missing missing && announced.add(Backend.VECTOR)
                && !refusals.contains(missing.reason())) {
            LOGGER.log(System.Logger.Level.WARNING, "backend {0}: {1}", missing.backend().label(), missing.reason());
        }
    }

    /** A backend that is missing could be had; one that does not implement a spec could not. */
    private System.Logger.Level level(String refusals) {
        boolean missing = statuses().stream().anyMatch(status -> status instanceof BackendStatus.Missing(_, String reason)
                && refusals.contains(reason));
        return missing ? System.Logger.Level.WARNING : System.Logger.Level.INFO;
    }
}
