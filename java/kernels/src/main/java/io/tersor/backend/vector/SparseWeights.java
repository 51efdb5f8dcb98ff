package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.NR;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntUnaryOperator;

/**
 * The weights of a matrix [k, n] that are not zero, unit by unit of neighbouring outputs: the columns of src that a
 * unit multiplies, each with one weight for every output of the unit, zeros among them where only some are zero.
 *
 * @param height outputs of a unit; whole units fill a panel of {@link Lanes#NR}
 * @param blocks parts of k whose sums binary32 holds exactly where they are integers, otherwise 1
 * @param starts for each block, and each unit of all panels in it, where its columns begin; one more at the end
 * @param places which unit of its panel each of these is
 * @param columns where the columns lie: the index in k as packed, bytes for the kernels
 * @param values {@code height} weights for each column
 */
record SparseWeights(int k, int n, int height, int blocks, int[] starts, int[] places, int[] columns,
        float[] values) {
    static SparseWeights floats(int k, int n, int height, PackedWeights.Matrix weights) {
        return pack(k, n, height, 1, weights);
    }

    /**
     * Packs integers.
     *
     * @param largestSource the largest |src - zeroPoint| that can occur
     */
    static SparseWeights integers(int k, int n, int height, PackedWeights.Matrix weights, int largestSource) {
        long largestSum = PackedWeights.largestSum(largestSource);
        int blocks = 1;
        while (!PackedWeights.sumsWithin(largestSum, k, n, weights, blockLength(k, blocks))) {
            blocks *= 2;
        }
        return pack(k, n, height, blocks, weights);
    }

    private static int blockLength(int k, int blocks) {
        return Math.max(1, Math.ceilDiv(k, blocks));
    }

    private static SparseWeights pack(int k, int n, int height, int blocks, PackedWeights.Matrix weights) {
        int units = Math.ceilDiv(n, NR) * NR / height;
        int length = blockLength(k, blocks);
        int[] counts = new int[blocks * units];
        long all = 0;
        for (int list = 0; list < counts.length; list++) {
            int end = Math.min(k, (list / units + 1) * length);
            for (int row = list / units * length; row < end; row++) {
                counts[list] += isZero(weights, n, row, list % units * height, height) ? 0 : 1;
            }
            all += counts[list];
        }
        int[] starts = new int[counts.length + 1];
        int[] order = order(counts, NR / height);
        int[] columns = new int[Math.toIntExact(all)];
        float[] values = new float[Math.multiplyExact(columns.length, height)];
        int at = 0;
        for (int list = 0; list < counts.length; list++) {
            int end = Math.min(k, (list / units + 1) * length);
            int first = order[list] % units * height;
            for (int row = list / units * length; row < end; row++) {
                if (!isZero(weights, n, row, first, height)) {
                    columns[at] = row;
                    for (int i = 0; i < Math.min(height, n - first); i++) {
                        values[at * height + i] = weights.get(row, first + i);
                    }
                    at++;
                }
            }
            starts[list + 1] = at;
            order[list] %= NR / height;
        }
        return new SparseWeights(k, n, height, blocks, starts, order, columns, values);
    }

    /** Returns the lists, those of each panel by falling length, so that where a loop ends is easy to predict. */
    private static int[] order(int[] counts, int perPanel) {
        Integer[] order = new Integer[counts.length];
        Arrays.setAll(order, i -> i);
        for (int panel = 0; panel < counts.length; panel += perPanel) {
            Arrays.sort(order, panel, panel + perPanel, Comparator.comparingInt(list -> -counts[list]));
        }
        return Arrays.stream(order).mapToInt(Integer::intValue).toArray();
    }

    private static boolean isZero(PackedWeights.Matrix weights, int n, int row, int first, int height) {
        for (int column = first; column < Math.min(n, first + height); column++) {
            if (weights.get(row, column) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns these weights with other places of the columns. */
    SparseWeights at(IntUnaryOperator place) {
        return new SparseWeights(k, n, height, blocks, starts, places, Arrays.stream(columns).map(place).toArray(),
                values);
    }

    int panels() {
        return Math.ceilDiv(n, NR);
    }

    /** Returns the units of one panel. */
    int unitsPerPanel() {
        return NR / height;
    }

    /** Returns the index in {@link #starts} of a panel's first unit. */
    int list(int block, int panel) {
        return (block * panels() + panel) * unitsPerPanel();
    }
}
