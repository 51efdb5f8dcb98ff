package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;

import io.tersor.kernel.DynamicQuantization;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The rows of an f32 matrix as levels, see {@link DynamicQuantization}. With the first block of columns the whole rows
 * are read for their largest magnitudes, and their scales left in the scratch.
 *
 * @param k length of the rows
 * @param block columns that are packed at a time
 */
record DynamicRows(MatrixRows rows, int k, int block) implements RowPacker {
    private static final int MAGNITUDE = 0x7FFFFFFF;

    @Override
    public void pack(Scratch scratch, long row, int count, int first, int columns, int at) {
        if (first == 0) {
            measure(scratch, row, count, at);
        }
        if (first > 0 || k > block) {
            rows.pack(scratch, row, count, first, columns, at);
        }
        for (int r = 0; r < count; r++) {
            quantize(scratch.a, at + r * MicroKernels.LDA, columns,
                    DynamicQuantization.inverse(scratch.magnitudes[r]));
        }
    }

    private void measure(Scratch scratch, long row, int count, int at) {
        Arrays.fill(scratch.magnitudes, 0, count, 0f);
        for (int first = 0; first < k; first += block) {
            int columns = Math.min(block, k - first);
            rows.pack(scratch, row, count, first, columns, at);
            for (int r = 0; r < count; r++) {
                // Math.max keeps NaN.
                scratch.magnitudes[r] =
                        Math.max(scratch.magnitudes[r], largest(scratch.a, at + r * MicroKernels.LDA, columns));
            }
        }
        for (int r = 0; r < count; r++) {
            scratch.rowScales[r] = DynamicQuantization.scale(scratch.magnitudes[r]);
        }
    }

    /** Returns the largest magnitude, NaN if there is one: as integers, magnitudes are in order and NaN above all. */
    private static float largest(float[] x, int at, int count) {
        IntVector most = IntVector.zero(INTS);
        int i = 0;
        for (; i <= count - F; i += F) {
            most = most.max(FloatVector.fromArray(FLOATS, x, at + i).reinterpretAsInts().and(MAGNITUDE));
        }
        int bits = most.reduceLanes(VectorOperators.MAX);
        for (; i < count; i++) {
            bits = Math.max(bits, Float.floatToRawIntBits(x[at + i]) & MAGNITUDE);
        }
        return Float.intBitsToFloat(bits);
    }

    /** x = rint(x * inverse), and what lies behind it up to a whole vector. */
    private static void quantize(float[] x, int at, int count, float inverse) {
        if (inverse == 0f) {
            Arrays.fill(x, at, at + count, 0f);
            return;
        }
        for (int i = at; i < at + count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).mul(inverse).add(Bytes.MAGIC).sub(Bytes.MAGIC).intoArray(x, i);
        }
    }
}
