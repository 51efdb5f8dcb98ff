package io.tersor.backend.vector;

import io.tersor.kernel.Conv2dSpec;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Integer weights of a 3x3 convolution as {@link VectorWinogradConv2d} multiplies them: for each of the 16 places of a
 * transformed patch a matrix [ic, oc] of (2 G) w (2 G)^T, four times what the algorithm asks for, so that they are
 * integers.
 */
final class WinogradWeights {
    /** Places of a patch in one direction, and in both. */
    static final int EXTENT = 4;
    static final int PLACES = EXTENT * EXTENT;

    private static final int[][] TWICE_G = {{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}};
    private static final int TAPS = 3;

    private WinogradWeights() {}

    /** Returns the matrix of each place, rows of places one after the other. */
    static PackedWeights[] pack(Arena arena, Conv2dSpec spec, Tensor weights) {
        int ic = spec.ic();
        int oc = spec.oc();
        float[][] taps = new float[TAPS * TAPS][ic * oc];
        ConvWeights reader = new ConvWeights(spec, weights);
        for (int tap = 0; tap < taps.length; tap++) {
            for (int n = 0; n < oc; n++) {
                for (int c = 0; c < ic; c++) {
                    taps[tap][c * oc + n] = reader.get(tap * ic + c, n);
                }
            }
        }
        PackedWeights[] packed = new PackedWeights[PLACES];
        float[] matrix = new float[ic * oc];
        for (int place = 0; place < PLACES; place++) {
            int[] down = TWICE_G[place / EXTENT];
            int[] along = TWICE_G[place % EXTENT];
            Arrays.fill(matrix, 0f);
            for (int tap = 0; tap < taps.length; tap++) {
                int factor = down[tap / TAPS] * along[tap % TAPS];
                if (factor != 0) {
                    float[] added = taps[tap];
                    for (int i = 0; i < matrix.length; i++) {
                        matrix[i] += factor * added[i];
                    }
                }
            }
            packed[place] = PackedWeights.integers(arena, ic, oc, (c, n) -> matrix[c * oc + n],
                    largestSource(spec, place), Long.MAX_VALUE);
        }
        return packed;
    }

    /** Returns the largest magnitude of a place of a transformed patch. */
    private static int largestSource(Conv2dSpec spec, int place) {
        int low = (int) spec.src().min() - spec.srcParams().zeroPoint();
        int high = (int) spec.src().max() - spec.srcParams().zeroPoint();
        for (int row : new int[] {place / EXTENT, place % EXTENT}) {
            // The second of a line of four is a sum, the others are differences.
            int range = high - low;
            low = row == 1 ? 2 * low : -range;
            high = row == 1 ? 2 * high : range;
        }
        return Math.max(-low, high);
    }
}
