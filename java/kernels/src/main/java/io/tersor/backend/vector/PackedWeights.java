package io.tersor.backend.vector;

import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A weights matrix [k, n] as floats, in panels of {@link Lanes#NR} columns: [n / NR][k][NR], the last panel filled up
 * with zeros. Aligned, so that no load crosses a cache line.
 *
 * @param block columns of src that one micro-kernel call may sum
 * @param blocks number of such blocks; 1 for an empty sum
 */
record PackedWeights(MemorySegment data, int k, int n, int block, int blocks) {
    private static final long ALIGNMENT_BYTES = 64;

    /** The largest sum of integer products that binary32 holds exactly, with all partial sums. */
    private static final long EXACT = 1 << 24;

    /** A matrix by its elements, integer ones with the zero point subtracted. */
    @FunctionalInterface
    interface Matrix {
        float get(int k, int n);
    }

    static PackedWeights floats(Arena arena, int k, int n, Matrix weights) {
        return pack(arena, k, n, weights, MicroKernels.KC);
    }

    /**
     * Packs integers.
     *
     * @param largestSource the largest |src - zeroPoint| that can occur
     */
    static PackedWeights integers(Arena arena, int k, int n, Matrix weights, int largestSource) {
        float largest = 1;
        for (int row = 0; row < k; row++) {
            for (int column = 0; column < n; column++) {
                largest = Math.max(largest, Math.abs(weights.get(row, column)));
            }
        }
        long block = EXACT / ((long) largest * Math.max(1, largestSource));
        return pack(arena, k, n, weights, (int) Math.min(block, MicroKernels.KC));
    }

    private static PackedWeights pack(Arena arena, int k, int n, Matrix weights, int largestBlock) {
        int blocks = Math.max(1, Math.ceilDiv(k, largestBlock));
        int panels = Math.ceilDiv(n, Lanes.NR);
        MemorySegment data = arena.allocate((long) panels * k * Lanes.NR * Float.BYTES, ALIGNMENT_BYTES);
        for (int panel = 0; panel < panels; panel++) {
            int columns = Math.min(Lanes.NR, n - panel * Lanes.NR);
            for (int row = 0; row < k; row++) {
                long at = ((long) panel * k + row) * Lanes.NR;
                for (int column = 0; column < columns; column++) {
                    data.setAtIndex(ValueLayout.JAVA_FLOAT, at + column, weights.get(row, panel * Lanes.NR + column));
                }
            }
        }
        return new PackedWeights(data, k, n, Math.ceilDiv(k, blocks), blocks);
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
        return ((long) panel * k + row) * Lanes.NR * Float.BYTES;
    }
}
