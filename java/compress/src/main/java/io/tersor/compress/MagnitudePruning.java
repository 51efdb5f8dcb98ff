package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Sets the weights of least magnitude to zero, in the units of a format, and marks them with it ({@link
 * Graph#sparsity()}). Of blocks and of single entries those of least norm go, the first ones of equals; of n of m the n
 * largest entries of every m stay, the first ones of equals. A unit's norm is taken per entry, so that blocks cut off
 * by an end count like whole ones. Depthwise convolutions stay as they are, as do weights that something else reads too.
 *
 * @param sparsity the share of the units that become zero, above 0 and below 1; of n of m always 1 - n/m
 * @param scope whether each layer loses that share, or all of them together by one threshold
 * @param kept the layers that stay as they are
 */
public record MagnitudePruning(SparseFormat format, double sparsity, Scope scope, Kept kept, Norm norm)
        implements Reduction {
    /** What shares a threshold. */
    public enum Scope {
        /** Each layer has its own. */
        LAYER,
        /** All layers have the same. */
        GLOBAL
    }

    /** How the magnitude of a unit is measured. */
    public enum Norm {
        /** The mean of |w|. */
        L1,
        /** The root of the mean of w * w. */
        L2
    }

    /** Checks the numbers. */
    public MagnitudePruning {
        if (!(sparsity > 0 && sparsity < 1)) {
            throw new CompressException("sparsity: expected above 0 and below 1, got " + sparsity);
        }
        if (format instanceof SparseFormat.NOfM(int n, int m) && sparsity != 1 - (double) n / m) {
            throw new CompressException("sparsity: expected " + (1 - (double) n / m) + " for " + format + ", got "
                    + sparsity);
        }
    }

    /** Returns what prunes each layer by the second norm, leaving the first and the last one as they are. */
    public static MagnitudePruning of(SparseFormat format, double sparsity) {
        return new MagnitudePruning(format, sparsity, Scope.LAYER, Kept.ENDS, Norm.L2);
    }

    static MagnitudePruning of(RecipeText text, SparseFormat format) {
        boolean counted = format instanceof SparseFormat.NOfM;
        double usual = format instanceof SparseFormat.NOfM(int n, int m) ? 1 - (double) n / m : Double.NaN;
        double sparsity = text.number("sparsity").orElse(usual);
        if (Double.isNaN(sparsity)) {
            throw new CompressException("recipe " + text + ": sparsity=S: expected with the format " + format);
        }
        if (counted && (text.word("scope").isPresent() || text.word("norm").isPresent())) {
            throw new CompressException("recipe " + text + ": scope and norm do not apply to " + format);
        }
        return new MagnitudePruning(format, sparsity, text.choice("scope", Scope.class, Scope.LAYER),
                text.word("keep").map(Kept::parse).orElse(Kept.ENDS), text.choice("norm", Norm.class, Norm.L2));
    }

    @Override
    public Graph apply(Graph graph) {
        List<WeightLayer> layers = prunable(graph);
        if (layers.isEmpty()) {
            throw new CompressException("network " + graph.name() + ": expected layers to prune beside those kept ("
                    + kept + "), got none");
        }
        List<boolean[]> zeros = format instanceof SparseFormat.NOfM(int n, int m)
                ? layers.stream().map(layer -> smallest(layer, n, m)).toList()
                : scope == Scope.LAYER ? layers.stream().flatMap(layer -> units(List.of(layer)).stream()).toList()
                        : units(layers);
        GraphBuilder builder = graph.toBuilder();
        for (int i = 0; i < layers.size(); i++) {
            WeightLayer layer = layers.get(i);
            builder.initializer(layer.weights(), pruned(layer, zeros.get(i))).sparsity(layer.weights(), format);
        }
        return builder.build();
    }

    private List<WeightLayer> prunable(Graph graph) {
        Set<String> ends = kept.nodes(graph);
        return WeightLayer.of(graph).stream().filter(layer -> !layer.isDepthwise()
                && graph.consumers(layer.weights()).stream().allMatch(user -> !ends.contains(user.name())
                        && !graph.isOutput(layer.weights())
                        && user.inputs().stream().filter(layer.weights()::equals).count() == 1
                        && WeightLayer.of(graph, user).filter(other -> other.weights().equals(layer.weights())
                                && other.isLike(layer)).isPresent()))
                .toList();
    }

    /** Returns which elements of each layer become zero: those of the units of least norm of all layers together. */
    private List<boolean[]> units(List<WeightLayer> layers) {
        int rows = format instanceof SparseFormat.Block(int r, int _) ? r : 1;
        int columns = format instanceof SparseFormat.Block(int _, int c) ? c : 1;
        List<double[]> norms = new ArrayList<>();
        for (WeightLayer layer : layers) {
            norms.add(norms(layer, layer.grid(rows, columns)));
        }
        double[] sorted = norms.stream().flatMapToDouble(Arrays::stream).sorted().toArray();
        long wanted = Math.round(sparsity * sorted.length);
        double threshold = wanted == 0 ? Double.NEGATIVE_INFINITY : sorted[(int) wanted - 1];
        long equal = wanted - Arrays.stream(sorted).filter(norm -> norm < threshold).count();
        List<boolean[]> zeros = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            double[] own = norms.get(i);
            boolean[] units = new boolean[own.length];
            for (int unit = 0; unit < own.length; unit++) {
                units[unit] = own[unit] < threshold || own[unit] == threshold && equal-- > 0;
            }
            UnitGrid grid = layers.get(i).grid(rows, columns);
            boolean[] elements = new boolean[(int) layers.get(i).values().shape().elements()];
            for (int element = 0; element < elements.length; element++) {
                elements[element] = units[grid.unit(element)];
            }
            zeros.add(elements);
        }
        return zeros;
    }

    private double[] norms(WeightLayer layer, UnitGrid grid) {
        float[] elements = finite(layer);
        double[] sums = new double[grid.count()];
        int[] counts = new int[sums.length];
        for (int i = 0; i < elements.length; i++) {
            int unit = grid.unit(i);
            sums[unit] += norm == Norm.L1 ? Math.abs(elements[i]) : (double) elements[i] * elements[i];
            counts[unit]++;
        }
        for (int unit = 0; unit < sums.length; unit++) {
            double mean = sums[unit] / counts[unit];
            sums[unit] = norm == Norm.L1 ? mean : Math.sqrt(mean);
        }
        return sums;
    }

    private static float[] finite(WeightLayer layer) {
        float[] elements = layer.elements();
        for (float element : elements) {
            if (!Float.isFinite(element)) {
                throw new CompressException("node " + layer.node().name() + ": weights " + layer.weights()
                        + ": expected finite numbers, got " + element);
            }
        }
        return elements;
    }

    /** Returns which elements are not among the n largest of their m. */
    private static boolean[] smallest(WeightLayer layer, int n, int m) {
        float[] elements = finite(layer);
        int inputs = layer.inputs();
        boolean[] zeros = new boolean[elements.length];
        for (int row = 0; row < elements.length; row += inputs) {
            for (int start = row; start < row + inputs; start += m) {
                int end = Math.min(start + m, row + inputs);
                for (int i = start; i < end; i++) {
                    int larger = 0;
                    for (int other = start; other < end; other++) {
                        float difference = Math.abs(elements[other]) - Math.abs(elements[i]);
                        larger += difference > 0 || difference == 0 && other < i ? 1 : 0;
                    }
                    zeros[i] = larger >= n;
                }
            }
        }
        return zeros;
    }

    private static Tensor pruned(WeightLayer layer, boolean[] zeros) {
        float[] elements = layer.elements();
        for (int i = 0; i < zeros.length; i++) {
            elements[i] = zeros[i] ? 0 : elements[i];
        }
        // The graph keeps its constants' memory alive, so their arena must be the collector's to close.
        return layer.withElements(elements, Arena.ofAuto());
    }

    /** Returns the options of the recipe. */
    @Override
    public String toString() {
        return "format=" + format + (format instanceof SparseFormat.NOfM ? "" : ",sparsity=" + sparsity)
                + (scope == Scope.LAYER ? "" : ",scope=" + scope.name().toLowerCase(Locale.ROOT))
                + (kept == Kept.ENDS ? "" : ",keep=" + kept)
                + (norm == Norm.L2 ? "" : ",norm=" + norm.name().toLowerCase(Locale.ROOT));
    }
}
