package io.tersor.kernel;

import io.tersor.ffm.Isa;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The order in which backends are tried for a spec, fastest first: as measured for this very spec, else as the cost
 * table has it for the nearest size, else fixed. Backends that were not measured come behind those that were, in the
 * fixed order. Thread-safe.
 *
 * <p>With several threads, unless they were measured, libtersor comes first: oneDNN's workers keep spinning after a run, so
 * that a network whose layers take turns between it and the other backends runs slower on two threads than on one
 * (ResNet-50 INT8 on two cores: 25 ms, on libtersor alone 10 ms).
 */
final class BackendOrder {
    private static final List<Backend> PRODUCTS =
            List.of(Backend.ONEDNN, Backend.NATIVE, Backend.VECTOR, Backend.SCALAR);
    private static final List<Backend> NATIVE_FIRST =
            List.of(Backend.NATIVE, Backend.ONEDNN, Backend.VECTOR, Backend.SCALAR);
    private static final List<Backend> SPARSE =
            List.of(Backend.NATIVE, Backend.VECTOR, Backend.SCALAR, Backend.ONEDNN);
    private static final List<Backend> STREAMING =
            List.of(Backend.NATIVE, Backend.VECTOR, Backend.ONEDNN, Backend.SCALAR);

    private static final double MOSTLY_SLOWER = 1.25;
    private static final double CLEARLY_FASTER = 1.25;
    private static final int MIN_SPECTRUM_TAPS = 121;
    private static final List<Backend> VECTOR_FIRST =
            List.of(Backend.VECTOR, Backend.ONEDNN, Backend.NATIVE, Backend.SCALAR);

    private final Isa isa;
    private final Optional<CostTable> table;
    private final TuningCache tuned;

    /**
     * @param isa what kernels use
     * @param table measured there
     */
    BackendOrder(Isa isa, Optional<CostTable> table, TuningCache tuned) {
        this.isa = isa;
        this.table = table;
        this.tuned = tuned;
    }

    /**
     * All backends, fastest first.
     *
     * @param measured how many of them were measured: the first ones
     * @param source what ranks these
     * @param reason the line that tells of the measurement
     */
    record Ranking(List<Backend> backends, int measured, BackendChoice.Source source, String reason) {
        /** Returns the choice of one of the backends. */
        BackendChoice choice(Backend chosen, String passedOver) {
            boolean unmeasured = backends.indexOf(chosen) >= measured;
            return new BackendChoice(chosen, unmeasured ? BackendChoice.Source.FIXED : source,
                    unmeasured && measured > 0 ? "not measured, " + reason : reason, passedOver);
        }
    }

    /** A backend's time for one run. */
    record Timed(Backend backend, double micros) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%s %.2f us", backend.label(), micros);
        }
    }

    /** Returns the order for a spec. */
    Ranking of(KernelSpec spec, PrepareOptions options) {
        return spec instanceof MatMulSpec matMul && matMul.sparsity().isEmpty() ? of(matMul, options)
                : fixed(spec, options);
    }

    private Ranking of(MatMulSpec spec, PrepareOptions options) {
        Optional<List<Timed>> own = tuned.find(spec, options);
        if (own.isPresent()) {
            return measured(spec, options, own.get(), BackendChoice.Source.TUNED, "tuned");
        }
        List<CostTable.Row> rows = table.map(costs -> costs.nearest(spec, options.rows(),
                options.parallelism().threads())).orElse(List.of());
        if (rows.isEmpty()) {
            return fixed(spec, options);
        }
        CostTable.Row point = rows.getFirst();
        return measured(spec, options, preferred(rows.stream().map(row -> new Timed(row.backend(), row.micros())).toList()),
                BackendChoice.Source.TABLE, "table of " + isa.label() + " at m=" + point.m() + " k=" + point.k() + " n="
                        + point.n());
    }

    /**
     * The table's times are those of weights in the cache and of compiled code. The Vector API's must be a clear win: until
     * the JVM has compiled it, it takes up to a thousand times as long (decoder FP32, first run: 6.4 s instead of 1.4 s).
     * On AMX libtersor comes first if it is hardly slower: it fetches weights from memory ahead of their use and adds
     * residuals in the same pass (BERT-base INT8, sequence 128: 19.0 ms instead of 21.7 ms).
     */
    private List<Timed> preferred(List<Timed> fastestFirst) {
        List<Timed> order = new ArrayList<>(fastestFirst);
        order.sort(Comparator.comparing(
                timed -> timed.micros() * (timed.backend() == Backend.VECTOR ? CLEARLY_FASTER : 1)));
        if (isa == Isa.AMX) {
            double bound = fastestFirst.getFirst().micros() * MOSTLY_SLOWER;
            order.sort(Comparator.comparing(timed -> timed.backend() != Backend.NATIVE || timed.micros() > bound));
        }
        return order;
    }

    private Ranking measured(KernelSpec spec, PrepareOptions options, List<Timed> fastestFirst, BackendChoice.Source source,
            String where) {
        List<Backend> backends = new ArrayList<>(fastestFirst.stream().map(Timed::backend).toList());
        int measured = backends.size();
        order(spec, options).stream().filter(backend -> !backends.contains(backend)).forEach(backends::add);
        return new Ranking(List.copyOf(backends), measured, source,
                where + ": " + fastestFirst.stream().map(Timed::toString).collect(Collectors.joining(", ")));
    }

    private Ranking fixed(KernelSpec spec, PrepareOptions options) {
        List<Backend> order = order(spec, options);
        return new Ranking(order, 0, BackendChoice.Source.FIXED, "fixed order "
                + order.stream().map(Backend::label).collect(Collectors.joining(", ")));
    }

    /**
     * Returns the fixed order. On AMX libtersor's INT8 convolutions are as fast as oneDNN's over one pixel and up to twice
     * as fast over several (Emerald Rapids); of f32 they are as fast with weights in the cache and up to 1.6 times as
     * fast with weights from memory, which libtersor fetches ahead of their use (ResNet-50's 7x7). Elsewhere INT8 ones
     * are as fast to a quarter faster, depthwise ones twice as fast and more; over one pixel oneDNN's are up to 5 %
     * faster with 24 outputs, which no tile fits (Zen 4, AVX-512 VNNI).
     */
    private List<Backend> order(KernelSpec spec, PrepareOptions options) {
        return switch (spec) {
            case MatMulSpec matMul when matMul.sparsity().isPresent() -> SPARSE;
            case Conv2dSpec conv when conv.sparsity().isPresent() -> SPARSE;
            case Conv2dSpec conv when options.normwise() && multipliesSpectra(conv) -> VECTOR_FIRST;
            case Conv2dSpec conv when options.normwise() && filtersMinimally(conv) -> NATIVE_FIRST;
            case MatMulSpec _, Conv2dSpec _ when options.parallelism().threads() > 1 -> NATIVE_FIRST;
            case MatMulSpec matMul when isa == Isa.AMX && matMul.isInteger() -> NATIVE_FIRST;
            case Conv2dSpec _ when isa == Isa.AMX -> NATIVE_FIRST;
            case Conv2dSpec conv when conv.isInteger() -> NATIVE_FIRST;
            case MatMulSpec _, Conv2dSpec _, MatrixProductSpec _, AttentionSpec _ -> PRODUCTS;
            case AddSpec _, UnarySpec _, LayerNormSpec _, BinarySpec _, SelectSpec _, InterpolateSpec _,
                    RecurrentCellSpec _, DynamicQuantizerSpec _ ->
                    STREAMING;
        };
    }

    /** The kernels for which the vector backend's spectra are faster than all direct sums, given an image as large. */
    private static boolean multipliesSpectra(Conv2dSpec spec) {
        Window window = spec.window();
        return !spec.isInteger() && spec.isDepthwise() && spec.oc() == spec.ic()
                && window.kh() * window.kw() >= MIN_SPECTRUM_TAPS && window.hasUnitSteps();
    }

    /** The convolutions that libtersor computes by Winograd's minimal filtering, if they have enough channels. */
    private static boolean filtersMinimally(Conv2dSpec spec) {
        Window window = spec.window();
        return !spec.isInteger() && spec.groups() == 1 && window.kh() == 3 && window.kw() == 3
                && window.hasUnitSteps();
    }

    /** Keeps the measurement of a spec. */
    void keep(MatMulSpec spec, PrepareOptions options, List<Timed> fastestFirst) {
        tuned.store(spec, options, fastestFirst);
    }

    /** Returns whether a spec was measured. */
    boolean isTuned(MatMulSpec spec, PrepareOptions options) {
        return tuned.find(spec, options).isPresent();
    }

    /** Returns which measurements there are. */
    @Override
    public String toString() {
        return table.map(costs -> "cost table " + costs).orElse("no cost table for " + isa.label()) + "; " + tuned;
    }
}
