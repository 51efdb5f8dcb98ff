package io.tersor.backend.vector;

import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A weights matrix [k, n] in panels of {@link Lanes#NR} columns: [n / NR][k][NR], the last panel filled up with zeros.
 * Aligned, so that no load crosses a cache line.
 *
 * @param bytes whether the elements are signed bytes, else they are floats
 * @param block columns of src that one micro-kernel call may sum
 * @param blocks number of such blocks; 1 for an empty sum
 */
record PackedWeights(MemorySegment data, boolean bytes, int k, int n, int block, int blocks) {
    /** With fewer rows than this, reading weights is most of the work, and integer ones are kept as bytes. */
    private static final long FEW_ROWS = 16;

    private static final long ALIGNMENT_BYTES = 64;

    /** The largest sum of integer products that binary32 holds exactly, with all partial sums. */
    private static final long EXACT = 1 << 24;

    /** A matrix by its elements, integer ones with the zero point subtracted. */
    @FunctionalInterface
    interface Matrix {
        float get(int k, int n);
    }

    static PackedWeights floats(Arena arena, int k, int n, Matrix weights) {
        return pack(arena, k, n, weights, MicroKernels.KC, false);
    }

    /**
     * Packs integers.
     *
     * @param largestSource the largest |src - zeroPoint| that can occur
     * @param rows how many rows runs typically have
     */
    static PackedWeights integers(Arena arena, int k, int n, Matrix weights, int largestSource, long rows) {
        float least = 0;
        float most = 1;
        for (int row = 0; row < k; row++) {
            for (int column = 0; column < n; column++) {
                float weight = weights.get(row, column);
                least = Math.min(least, weight);
                most = Math.max(most, weight);
            }
        }
        long largestSum = largestSum(largestSource);
        int block = MicroKernels.KC;
        if (!sumsWithin(largestSum, k, n, weights, evenBlock(k, block))) {
            // What any weights of this magnitude allow.
            block = (int) Math.min(block, largestSum / (long) Math.max(-least, most));
        }
        boolean bytes = rows < FEW_ROWS && least >= Byte.MIN_VALUE && most <= Byte.MAX_VALUE && Lanes.B == Lanes.F;
        return pack(arena, k, n, weights, block, bytes);
    }

    /** Returns the largest sum of weights' magnitudes whose products binary32 adds up exactly. */
    static long largestSum(int largestSource) {
        return EXACT / Math.max(1, largestSource);
    }

    /** Returns whether the magnitudes of every column's weights in every block have at most the given sum. */
    static boolean sumsWithin(long largest, int k, int n, Matrix weights, int block) {
        long[] sums = new long[n];
        for (int row = 0; row < k; row++) {
            if (row % block == 0) {
                Arrays.fill(sums, 0);
            }
            for (int column = 0; column < n; column++) {
                sums[column] += (long) Math.abs(weights.get(row, column));
                if (sums[column] > largest) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Returns the length of blocks that cover k, all but the last of equal length and none above the largest. */
    private static int evenBlock(int k, int largest) {
        return Math.ceilDiv(k, Math.max(1, Math.ceilDiv(k, largest)));
    }

    private static PackedWeights pack(Arena arena, int k, int n, Matrix weights, int largestBlock, boolean bytes) {
        int block = evenBlock(k, largestBlock);
        int panels = Math.ceilDiv(n, Lanes.NR);
        long elements = (long) panels * k * Lanes.NR;
        MemorySegment data = arena.allocate(bytes ? elements : elements * Float.BYTES, ALIGNMENT_BYTES);
        for (int panel = 0; panel < panels; panel++) {
            int columns = Math.min(Lanes.NR, n - panel * Lanes.NR);
            for (int row = 0; row < k; row++) {
                long at = ((long) panel * k + row) * Lanes.NR;
                for (int column = 0; column < columns; column++) {
                    float weight = weights.get(row, panel * Lanes.NR + column);
                    if (bytes) {
                        data.set(ValueLayout.JAVA_BYTE, at + column, (byte) weight);
                    } else {
                        data.setAtIndex(ValueLayout.JAVA_FLOAT, at + column, weight);
                    }
                }
            }
        }
        return new PackedWeights(data, bytes, k, n, block, k == 0 ? 1 : Math.ceilDiv(k, block));
    }

    /** Returns the largest |q - zeroPoint| of an 8-bit type. */
    static int largestSource(DataType type, QuantParams params) {
        return Math.max((int) type.max() - params.zeroPoint(), params.zeroPoint() - (int) type.min());
    }

    int panels() {
        return Math.ceilDiv(n, Lanes.NR);
    }

    /** Returns the byte offset of one panel's part that starts at row k. */
    long offset(int panel, int row) {
        return ((long) panel * k + row) * Lanes.NR * (bytes ? Byte.BYTES : Float.BYTES);
    }
}
