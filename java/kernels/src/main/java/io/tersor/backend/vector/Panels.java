package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;
import static io.tersor.backend.vector.MicroKernels.LDA;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Matrices [k, n] that are packed at run time as {@link PackedWeights} are before it, as floats: [n / NR][k][NR]. */
final class Panels {
    static final float[] ZEROS = new float[MR * NR];

    private Panels() {}

    /** Returns the bytes that a packed matrix takes. */
    static long bytes(int k, int n) {
        return (long) Math.ceilDiv(n, NR) * k * NR * Float.BYTES;
    }

    /** Returns the byte offset of a panel's part that starts at row k of {@code rows}. */
    static long offset(int panel, int rows, int k) {
        return ((long) panel * rows + k) * NR * Float.BYTES;
    }

    /**
     * Packs a matrix whose rows lie in memory.
     *
     * @param first the element where it starts
     * @param stride elements between two rows
     * @param at where in {@code to} it goes, in bytes
     */
    static void pack(DataType type, int zeroPoint, MemorySegment from, long first, long stride, int k, int n,
            Scratch scratch, MemorySegment to, long at) {
        float[] line = scratch.operand;
        for (int panel = 0; panel * NR < n; panel++) {
            int columns = Math.min(NR, n - panel * NR);
            Arrays.fill(line, 0, NR, 0f);
            for (int row = 0; row < k; row++) {
                Runs.load(type, from, first + row * stride + (long) panel * NR, zeroPoint, line, 0, columns);
                MemorySegment.copy(line, 0, to, JAVA_FLOAT, at + offset(panel, k, row), NR);
            }
        }
    }

    /** Packs a matrix whose columns lie in memory, {@code stride} elements apart; see {@link #pack}. */
    static void packTransposed(DataType type, int zeroPoint, MemorySegment from, long first, long stride, int k, int n,
            Scratch scratch, MemorySegment to, long at) {
        float[] line = scratch.operand;
        float[] columns = scratch.a;
        Arrays.fill(line, 0, NR, 0f);
        for (int panel = 0; panel * NR < n; panel++) {
            int count = Math.min(NR, n - panel * NR);
            Arrays.fill(line, count, NR, 0f);
            for (int block = 0; block < k; block += MicroKernels.KC) {
                int rows = Math.min(MicroKernels.KC, k - block);
                for (int column = 0; column < count; column++) {
                    Runs.load(type, from, first + (panel * NR + column) * stride + block, zeroPoint, columns,
                            column * LDA, rows);
                }
                for (int row = 0; row < rows; row++) {
                    for (int column = 0; column < count; column++) {
                        line[column] = columns[column * LDA + row];
                    }
                    MemorySegment.copy(line, 0, to, JAVA_FLOAT, at + offset(panel, k, block + row), NR);
                }
            }
        }
    }

    /** Returns the rows of the micro-kernel for what is left. */
    static int height(int left) {
        return left == 1 ? 1 : MR == 12 && left > 4 ? left > 8 ? 12 : 8 : 4;
    }

    /** c = from + a * b for one panel; a's rows are {@link MicroKernels#LDA} apart. */
    static void multiply(int height, float[] a, int ao, MemorySegment b, long bo, int k, float[] from, float[] c) {
        switch (height) {
            case 12 -> MicroKernels.rows12(a, ao, b, bo, k, from, 0, c, 0);
            case 8 -> MicroKernels.rows8(a, ao, b, bo, k, from, 0, c, 0);
            case 4 -> MicroKernels.rows4(a, ao, b, bo, k, from, 0, c, 0);
            default -> MicroKernels.rows1(a, ao, b, bo, k, from, 0, c, 0);
        }
    }
}
