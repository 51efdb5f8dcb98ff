package io.tersor.bench.sparse;

import io.tersor.bench.product.OnednnPeer;
import io.tersor.bench.product.ProductBenchmark;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductRow;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.Verification;
import io.tersor.kernel.Backend;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Measures sparse kernels beside dense ones on the same weights, one case after the other. For one thread. */
final class SparseBenchmark {
    private final ProductBenchmark benchmark;
    private final Optional<Backend> backend;
    private final List<Dense> dense;
    private final List<SparseRow> rows = new ArrayList<>();
    private final List<Refusal> refusals = new ArrayList<>();

    /** What does not run, and why. */
    record Refusal(SparseCase what, String reason) {}

    /** A way to run dense weights: {@code peer} is oneDNN called from C, otherwise a backend. */
    record Dense(Optional<Backend> backend, boolean peer) {
        /** oneDNN called from C. */
        static final Dense PEER = new Dense(Optional.empty(), true);

        /** Returns the peer in place of oneDNN's backend where that refuses sums that saturate. */
        Dense on(ProductTypes types) {
            return backend.equals(Optional.of(Backend.ONEDNN)) && OnednnPeer.saturates(types) ? PEER : this;
        }
    }

    /**
     * @param backend of the sparse kernels, empty for the fastest that can
     * @param dense of which the fastest on each case is what the sparse kernel is compared with
     */
    SparseBenchmark(ProductBenchmark benchmark, Optional<Backend> backend, List<Dense> dense) {
        this.benchmark = benchmark;
        this.backend = backend;
        this.dense = dense;
    }

    /** Returns what was measured so far. */
    List<SparseRow> rows() {
        return rows;
    }

    /** Returns what was not, so far. */
    List<Refusal> refusals() {
        return refusals;
    }

    /**
     * Measures one case.
     *
     * @throws io.tersor.bench.measure.VerificationException if a result is wrong; nothing is timed then
     */
    void measure(SparseCase what) {
        List<ProductContender> contenders = new ArrayList<>();
        try (ProductWorkload workload = what.shape().workload(what.types(), what.zeros())) {
            try {
                Optional<String> refusal = benchmark.add(contenders, who(), what.types().label() + " " + what.format(),
                        () -> prepare(what, workload));
                dense.stream().map(one -> one.on(what.types())).distinct().filter(_ -> refusal.isEmpty())
                        .forEach(one -> add(contenders, one, workload));
                if (refusal.isPresent() || contenders.size() == 1) {
                    refusals.add(new Refusal(what, refusal.orElse("no dense kernel to compare with")));
                    return;
                }
                rows.add(time(what, workload, contenders));
            } finally {
                contenders.forEach(ProductContender::close);
            }
        }
    }

    private String who() {
        return backend.map(Backend::label).orElse(ProductBenchmark.AUTO);
    }

    private void add(List<ProductContender> contenders, Dense one, ProductWorkload workload) {
        if (one.peer) {
            benchmark.addPeer(contenders, OnednnPeer.NAME, workload);
        } else {
            benchmark.addDense(contenders, one.backend, workload);
        }
    }

    private ProductContender prepare(SparseCase what, ProductWorkload workload) {
        return SparseContender.prepare(what.format(), workload, benchmark.options(backend), benchmark::copies);
    }

    private SparseRow time(SparseCase what, ProductWorkload workload, List<ProductContender> contenders) {
        ProductBenchmark.Measured measured = benchmark.time(workload, contenders);
        int fastest = 1;
        for (int i = 2; i < contenders.size(); i++) {
            fastest = measured.rounds().speed(i, fastest) > 1 ? i : fastest;
        }
        ProductRow sparse = measured.rows().getFirst();
        Tensor weights = workload.weights();
        return new SparseRow(what, SparseContender.zeros(weights), contenders.getFirst().storage().bytes(), weights.byteSize(), sparse,
                measured.rows().get(fastest), measured.rounds().speed(0, fastest));
    }
}
