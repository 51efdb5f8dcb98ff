package io.tersor.bench.sparse;

import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.sparse.SparseFormat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How one format compares with dense weights over the layers of all shapes, each as often as its network has it.
 *
 * @param layers where the format runs
 * @param geometricMean of the speed-ups over dense of those
 * @param least of them, on {@code slowest}
 * @param allLayers with those where the format does not run
 * @param betterOfBoth the geometric mean over all layers where each takes the better of sparse and dense
 */
record SparseSummary(Group group, int layers, double geometricMean, double least, ProductShape slowest, int allLayers,
        double betterOfBoth) {
    /** What is summed up together: patterns of the same whole percents of zeros. */
    record Group(ProductTypes types, SparseFormat format, double sparsity) {
        static Group of(SparseCase what) {
            return new Group(what.types(), what.format(),
                    what.pattern().isPresent() ? Math.rint(100 * what.sparsity()) / 100 : what.sparsity());
        }
    }

    /** Returns the groups in the order of the measurements; those of which nothing ran are left out. */
    static List<SparseSummary> of(List<SparseRow> rows, List<SparseBenchmark.Refusal> refusals) {
        Map<Group, List<SparseRow>> groups = new LinkedHashMap<>();
        rows.forEach(row -> groups.computeIfAbsent(Group.of(row.what()), _ -> new ArrayList<>()).add(row));
        List<SparseSummary> summaries = new ArrayList<>();
        groups.forEach((group, members) -> {
            int dense = refusals.stream().map(SparseBenchmark.Refusal::what)
                    .filter(what -> Group.of(what).equals(group)).mapToInt(what -> what.shape().count()).sum();
            summaries.add(of(group, members, dense));
        });
        return summaries;
    }

    private static SparseSummary of(Group group, List<SparseRow> rows, int dense) {
        int layers = 0;
        double sum = 0;
        double better = 0;
        SparseRow slowest = rows.getFirst();
        for (SparseRow row : rows) {
            int count = row.what().shape().count();
            layers += count;
            sum += count * Math.log(row.speedupOverDense());
            better += count * Math.log(Math.max(1, row.speedupOverDense()));
            slowest = row.speedupOverDense() < slowest.speedupOverDense() ? row : slowest;
        }
        return new SparseSummary(group, layers, Math.exp(sum / layers), slowest.speedupOverDense(),
                slowest.what().shape(), layers + dense, Math.exp(better / (layers + dense)));
    }
}
