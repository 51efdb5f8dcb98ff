package io.tersor.bench.sparse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.conv.ConvShape;
import io.tersor.bench.measure.Timing;
import io.tersor.bench.product.ProductRow;
import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.WeightZeros;
import io.tersor.sparse.SparseFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Means, crossovers and curves of figures that are known. */
class SparseFiguresTest {
    private static final SparseFormat BLOCKS = SparseFormat.block(32, 4);
    /** 2 * 10^6 operations. */
    private static final ProductShape ONE = new GemmShape(100, 100, 100);
    /** A network has it three times; as many operations. */
    private static final ProductShape THREE = new ConvShape(100, 10, 10, 100, 1, 1, 1, 0, 1, 1, 3);

    private static SparseCase what(ProductShape shape, SparseFormat format, double sparsity) {
        return new SparseCase(shape, ProductTypes.U8S8U8, format, sparsity, Optional.empty(), WeightZeros.NONE);
    }

    private static ProductRow row(SparseCase what, String contender, double micros) {
        return new ProductRow("sparse", what.shape(), what.types(), contender, contender + "/kernel", "isa", 1,
                Timing.ofNanos(List.of(1000 * micros)), what.shape().operations(), Optional.empty(),
                OptionalDouble.empty(), 1);
    }

    /** Returns a row of a sparse kernel that takes so long where dense takes 8 us. */
    static SparseRow row(ProductShape shape, SparseFormat format, double sparsity, double micros) {
        SparseCase what = what(shape, format, sparsity);
        return new SparseRow(what, sparsity, 1, 2, row(what, "sparse", micros), row(what, "dense", 8), 8 / micros);
    }

    @Test
    void crossoverLiesWhereTheLogarithmPassesThroughZero() {
        assertEquals(0.6, crossover(0.5, 0.5, 0.7, 2), 1e-12);
        assertEquals(0.5 + 0.2 / 3, crossover(0.5, 1 / 1.5, 0.7, 2.25), 1e-12);
        assertEquals(0.3, crossover(0.3, 1.5, 0.7, 2), "never slower: the first point");
        assertEquals(0.5, crossover(0.3, 0.9, 0.5, 1, 0.7, 2), 1e-12);
        assertEquals(0.8, crossover(0.3, 2, 0.7, 0.5, 0.9, 2), 1e-12, "the last crossing counts");
        assertTrue(Crossover.of(new TreeMap<>(Map.of(0.3, 2.0, 0.9, 0.99))).isEmpty());
        assertTrue(Crossover.of(new TreeMap<>()).isEmpty());
    }

    private static double crossover(double... pairs) {
        TreeMap<Double, Double> speedups = new TreeMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            speedups.put(pairs[i], pairs[i + 1]);
        }
        return Crossover.of(speedups).orElseThrow();
    }

    @Test
    void meansCountLayersAndTheBetterKernel() {
        List<SparseRow> rows = List.of(row(ONE, BLOCKS, 0.8, 2), row(THREE, BLOCKS, 0.8, 16), row(ONE, BLOCKS, 0.5, 4),
                row(ONE, SparseFormat.CSR, 0.8, 8));
        ConvShape refused = new ConvShape(3, 10, 10, 64, 3, 3, 1, 1, 1, 1, 4);
        List<SparseSummary> summaries = SparseSummary.of(rows, List.of(
                new SparseBenchmark.Refusal(what(refused, BLOCKS, 0.8), "why"),
                new SparseBenchmark.Refusal(what(ONE, BLOCKS, 0.9), "nothing of this ran")));
        assertEquals(3, summaries.size(), summaries.toString());
        SparseSummary first = summaries.getFirst();
        assertEquals(Math.pow(4 * 0.5 * 0.5 * 0.5, 1.0 / 4), first.geometricMean(), 1e-12);
        assertEquals(4, first.layers());
        assertEquals(0.5, first.least());
        assertEquals(THREE, first.slowest());
        assertEquals(8, first.allLayers());
        assertEquals(Math.pow(4, 1.0 / 8), first.betterOfBoth(), 1e-12);
        assertEquals(2, summaries.get(1).betterOfBoth(), 1e-12);
        assertEquals(1, summaries.get(2).geometricMean(), 1e-12);
    }

    @Test
    void patternsOfTheSameWholePercentsAreSummedUpTogether() {
        List<SparseSummary.Group> groups = new ArrayList<>();
        for (double sparsity : new double[] {0.9002, 0.8999, 0.802}) {
            groups.add(SparseSummary.Group.of(new SparseCase(ONE, ProductTypes.U8S8U8, BLOCKS, sparsity,
                    Optional.of("layer"), WeightZeros.NONE)));
        }
        assertEquals(groups.get(0), groups.get(1));
        assertEquals(0.8, groups.get(2).sparsity());
        assertEquals(0.9002, SparseSummary.Group.of(what(ONE, BLOCKS, 0.9002)).sparsity());
    }

    @Test
    void curvesAreMeansOverShapesThatHaveAllPoints() {
        SparseCurves curves = SparseCurves.of(List.of(row(ONE, BLOCKS, 0.5, 16), row(ONE, BLOCKS, 0.9, 4),
                row(THREE, BLOCKS, 0.5, 16), row(THREE, BLOCKS, 0.9, 1),
                row(new GemmShape(1, 2, 3), BLOCKS, 0.9, 0.001)));
        assertEquals(Set.of(ONE, THREE), curves.shapes());
        SparseCurves.Curve curve = curves.formats().get(BLOCKS);
        assertEquals(2.0 / 16, curve.tops().get(0.5), 1e-12);
        assertEquals(2 / Math.sqrt(2), curve.tops().get(0.9), 1e-12, "4, 1, 1, 1 us");
        assertEquals(2.0 / 8, curves.dense().get(0.9), 1e-12);
        double at = curve.crossover().orElseThrow();
        assertEquals(0.5 + 0.4 * 1 / (1 + 2.5), at, 1e-12, "2^-1 to 2^2.5");
        assertEquals(curve.tops().get(0.5), curve.topsAt(0.5));
        assertEquals((curve.tops().get(0.5) + curve.tops().get(0.9)) / 2, curve.topsAt(0.7), 1e-12);
    }
}
