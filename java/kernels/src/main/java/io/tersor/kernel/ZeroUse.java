package io.tersor.kernel;

import io.tersor.ffm.Isa;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Whether a kernel for dense weights had better make use of their zeros: where libtersor's cost table says that it wins
 * clearly.
 *
 * @param format the arrangement
 * @param reason one line: what is left of the weights, and the share of the dense time that the table gives
 */
record ZeroUse(SparseFormat format, String reason) {
    /** Below it no kernel wins, so that counting can be spared. */
    private static final double LEAST_ZEROS = 0.4;

    /** Tables are of large layers on one machine: smaller gains may be none elsewhere. */
    private static final double CLEAR = 0.8;

    /** Sums of fewer products are mostly stored, whatever their weights; fewer rows wait for the weights. */
    private static final int LEAST_PRODUCTS = 256;
    private static final int LEAST_ROWS = 32;

    /** Returns the use of a multiplication's zeros; the weights are [k, n]. */
    static Optional<ZeroUse> of(MatMulSpec spec, Tensor weights, long rows, SparseCosts costs, Isa isa) {
        return rows < LEAST_ROWS || spec.k() < LEAST_PRODUCTS || !spec.weightsParams().isSymmetric()
                ? Optional.empty() : of(weights.permute(1, 0), costs, isa);
    }

    /** Returns the use of a convolution's zeros; the weights are OIHW. */
    static Optional<ZeroUse> of(Conv2dSpec spec, Tensor weights, SparseCosts costs, Isa isa) {
        return spec.reduction() < LEAST_PRODUCTS || !spec.weightsParams().isSymmetric() ? Optional.empty()
                : of(weights, costs, isa);
    }

    private static Optional<ZeroUse> of(Tensor weights, SparseCosts costs, Isa isa) {
        String types = weights.type() == DataType.S8 ? "i8" : "f32";
        boolean known = weights.type() == DataType.S8 || weights.type() == DataType.F32;
        if (!known || costs.rows().stream().noneMatch(row -> row.isa() == isa && row.types().equals(types))
                || ZeroCount.sampled(weights) < LEAST_ZEROS) {
            return Optional.empty();
        }
        ZeroCount kept = ZeroCount.of(weights);
        int columns = types.equals("i8") ? 4 : 1;
        return Stream.of(new Candidate(SparseFormat.block(32, columns), 32, kept.blocks()),
                        new Candidate(columns == 1 ? SparseFormat.CSR : SparseFormat.block(1, columns), 1, kept.single()),
                        new Candidate(SparseFormat.CSR, columns == 1 ? 1 : 0, kept.weights()))
                .flatMap(candidate -> candidate.timed(costs, isa, types).stream())
                .min(Comparator.comparingDouble(Timed::share)).filter(best -> best.share <= CLEAR)
                .map(best -> use(best, isa));
    }

    /** An arrangement, its unit in the table, and the share of units that are left. */
    private record Candidate(SparseFormat format, int unit, double kept) {
        Optional<Timed> timed(SparseCosts costs, Isa isa, String types) {
            return costs.find(isa, types, unit).map(row -> new Timed(format, kept, row.share(kept)));
        }
    }

    private record Timed(SparseFormat format, double kept, double share) {}

    private static ZeroUse use(Timed best, Isa isa) {
        return new ZeroUse(best.format, String.format(Locale.ROOT,
                "%.0f %% of %s left, %.2f of the dense time by the table of %s", 100 * best.kept, best.format, best.share,
                isa.label()));
    }
}
