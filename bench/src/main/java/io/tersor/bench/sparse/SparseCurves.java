package io.tersor.bench.sparse;

import io.tersor.bench.product.ProductShape;
import io.tersor.sparse.SparseFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;

/**
 * Rates of the fastest runs over sparsity, each the geometric mean over layers: those of all shapes on which every
 * format ran at each of its sparsities, as often as the network has them.
 *
 * @param shapes that are in the means
 * @param formats one curve for each
 * @param dense 10^12 operations per second of the dense kernel, by sparsity
 */
record SparseCurves(Set<ProductShape> shapes, Map<SparseFormat, Curve> formats, NavigableMap<Double, Double> dense) {
    /**
     * One format.
     *
     * @param tops 10^12 operations per second as the dense kernel would need them, by sparsity
     * @param speedups over dense, by sparsity
     */
    record Curve(NavigableMap<Double, Double> tops, NavigableMap<Double, Double> speedups) {
        /** Returns from which sparsity on the format is faster than dense. */
        OptionalDouble crossover() {
            return Crossover.of(speedups);
        }

        /** Returns the rate on the straight line between the measured points around a sparsity among them. */
        double topsAt(double sparsity) {
            Map.Entry<Double, Double> below = tops.floorEntry(sparsity);
            Map.Entry<Double, Double> above = tops.ceilingEntry(sparsity);
            double width = above.getKey() - below.getKey();
            double share = width == 0 ? 0 : (sparsity - below.getKey()) / width;
            return below.getValue() + share * (above.getValue() - below.getValue());
        }
    }

    /** A weighted mean of logarithms under way. */
    private static final class Mean {
        private double sum;
        private double weight;

        void add(double value, int count) {
            sum += count * Math.log(value);
            weight += count;
        }

        double value() {
            return Math.exp(sum / weight);
        }
    }

    /** Returns the curves of rows of the same types. */
    static SparseCurves of(List<SparseRow> rows) {
        Set<ProductShape> shapes = common(rows);
        Map<SparseFormat, TreeMap<Double, Mean>> tops = new LinkedHashMap<>();
        Map<SparseFormat, TreeMap<Double, Mean>> speedups = new LinkedHashMap<>();
        TreeMap<Double, Mean> dense = new TreeMap<>();
        for (SparseRow row : rows) {
            SparseCase what = row.what();
            if (shapes.contains(what.shape())) {
                int count = what.shape().count();
                mean(tops.computeIfAbsent(what.format(), _ -> new TreeMap<>()), what)
                        .add(row.sparse().mostTops(), count);
                mean(speedups.computeIfAbsent(what.format(), _ -> new TreeMap<>()), what)
                        .add(row.speedupOverDense(), count);
                mean(dense, what).add(row.dense().mostTops(), count);
            }
        }
        Map<SparseFormat, Curve> curves = new LinkedHashMap<>();
        tops.forEach((format, means) -> curves.put(format, new Curve(values(means), values(speedups.get(format)))));
        return new SparseCurves(shapes, curves, values(dense));
    }

    /** A point of a curve. */
    private record Point(SparseFormat format, double sparsity) {
        static Point of(SparseRow row) {
            return new Point(row.what().format(), row.what().sparsity());
        }
    }

    private static Set<ProductShape> common(List<SparseRow> rows) {
        Map<ProductShape, Set<Point>> points = new LinkedHashMap<>();
        Set<Point> all = new LinkedHashSet<>();
        for (SparseRow row : rows) {
            all.add(Point.of(row));
            points.computeIfAbsent(row.what().shape(), _ -> new LinkedHashSet<>()).add(Point.of(row));
        }
        points.values().removeIf(own -> own.size() < all.size());
        return points.keySet();
    }

    private static Mean mean(TreeMap<Double, Mean> means, SparseCase what) {
        return means.computeIfAbsent(what.sparsity(), _ -> new Mean());
    }

    private static NavigableMap<Double, Double> values(TreeMap<Double, Mean> means) {
        TreeMap<Double, Double> values = new TreeMap<>();
        means.forEach((sparsity, mean) -> values.put(sparsity, mean.value()));
        return values;
    }
}
