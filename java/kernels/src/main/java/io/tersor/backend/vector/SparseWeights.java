package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.NR;

/**
 * The weights of a matrix [k, n] that are not zero, unit by unit of neighbouring outputs: the columns of src that a
 * unit multiplies, each with one weight for every output of the unit, zeros among them where only some are zero.
 *
 * @param height outputs of a unit; whole units fill a panel of {@link Lanes#NR}
 * @param blocks parts of k whose sums binary32 holds exactly where they are integers, otherwise 1
 * @param starts for each block, and each unit of all panels in it, where its columns begin; one more at the end
 * @param columns where the columns lie among others that are {@link SparseGemm#TILE} floats apart
 * @param values {@code height} weights for each column
 */
record SparseWeights(int k, int n, int height, int blocks, int[] starts, int[] columns, float[] values) {
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
        int[] starts = new int[blocks * units + 1];
        for (int list = 0; list < blocks * units; list++) {
            int count = 0;
            int end = Math.min(k, (list / units + 1) * length);
            for (int row = list / units * length; row < end; row++) {
                count += isZero(weights, n, row, list % units * height, height) ? 0 : 1;
            }
            starts[list + 1] = Math.addExact(starts[list], count);
        }
        int[] columns = new int[starts[blocks * units]];
        float[] values = new float[Math.multiplyExact(columns.length, height)];
        for (int list = 0; list < blocks * units; list++) {
            int at = starts[list];
            int end = Math.min(k, (list / units + 1) * length);
            for (int row = list / units * length; row < end; row++) {
                int first = list % units * height;
                if (!isZero(weights, n, row, first, height)) {
                    columns[at] = row * SparseGemm.TILE;
                    for (int i = 0; i < Math.min(height, n - first); i++) {
                        values[at * height + i] = weights.get(row, first + i);
                    }
                    at++;
                }
            }
        }
        return new SparseWeights(k, n, height, blocks, starts, columns, values);
    }

    private static boolean isZero(PackedWeights.Matrix weights, int n, int row, int first, int height) {
        for (int column = first; column < Math.min(n, first + height); column++) {
            if (weights.get(row, column) != 0) {
                return false;
            }
        }
        return true;
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
