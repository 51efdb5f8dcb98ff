package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static io.tersor.backend.vector.Lanes.NR;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The transformations of F(2x2, 3x3): of patches, B^T d B, and of sums, A^T m A, where B^T is
 * {1 0 -1 0, 0 1 1 0, 0 -1 1 0, 0 1 0 -1} and A^T {1 1 1 0, 0 1 -1 -1}; one line or column at a time.
 */
final class Winograd {
    private Winograd() {}

    /** Transforms four lines of a length in place, down their columns. */
    static void down(float[] a, int length) {
        for (int i = 0; i < length; i += F) {
            FloatVector d0 = FloatVector.fromArray(FLOATS, a, i);
            FloatVector d1 = FloatVector.fromArray(FLOATS, a, i + length);
            FloatVector d2 = FloatVector.fromArray(FLOATS, a, i + 2 * length);
            FloatVector d3 = FloatVector.fromArray(FLOATS, a, i + 3 * length);
            d0.sub(d2).intoArray(a, i);
            d1.add(d2).intoArray(a, i + length);
            d2.sub(d1).intoArray(a, i + 2 * length);
            d1.sub(d3).intoArray(a, i + 3 * length);
        }
    }

    /** Transforms four neighbours on a line, each of a number of channels, into four places. */
    static void along(float[] a, int at, int channels, float[] to, int to0, int to1, int to2, int to3) {
        for (int c = 0; c < channels; c += F) {
            FloatVector d0 = FloatVector.fromArray(FLOATS, a, at + c);
            FloatVector d1 = FloatVector.fromArray(FLOATS, a, at + channels + c);
            FloatVector d2 = FloatVector.fromArray(FLOATS, a, at + 2 * channels + c);
            FloatVector d3 = FloatVector.fromArray(FLOATS, a, at + 3 * channels + c);
            d0.sub(d2).intoArray(to, to0 + c);
            d1.add(d2).intoArray(to, to1 + c);
            d2.sub(d1).intoArray(to, to2 + c);
            d1.sub(d3).intoArray(to, to3 + c);
        }
    }

    /**
     * Transforms four times the sums of a tile back to two neighbouring pixels, the upper or the lower ones.
     *
     * @param stride distance of two places in {@code sums}
     */
    static void back(int[] sums, int at, int stride, boolean lower, int[] to, int toAt) {
        for (int c = 0; c < NR; c += F) {
            int from = at + c + (lower ? 4 * stride : 0);
            IntVector s0 = IntVector.fromArray(INTS, sums, from + 4 * stride)
                    .add(IntVector.fromArray(INTS, sums, from + 8 * stride));
            IntVector s1 = IntVector.fromArray(INTS, sums, from + 5 * stride)
                    .add(IntVector.fromArray(INTS, sums, from + 9 * stride));
            IntVector s2 = IntVector.fromArray(INTS, sums, from + 6 * stride)
                    .add(IntVector.fromArray(INTS, sums, from + 10 * stride));
            IntVector s3 = IntVector.fromArray(INTS, sums, from + 7 * stride)
                    .add(IntVector.fromArray(INTS, sums, from + 11 * stride));
            IntVector m0 = IntVector.fromArray(INTS, sums, from);
            IntVector m1 = IntVector.fromArray(INTS, sums, from + stride);
            IntVector m2 = IntVector.fromArray(INTS, sums, from + 2 * stride);
            IntVector m3 = IntVector.fromArray(INTS, sums, from + 3 * stride);
            if (lower) {
                s0 = m0.sub(s0);
                s1 = m1.sub(s1);
                s2 = m2.sub(s2);
                s3 = m3.sub(s3);
            } else {
                s0 = m0.add(s0);
                s1 = m1.add(s1);
                s2 = m2.add(s2);
                s3 = m3.add(s3);
            }
            s0.add(s1).add(s2).lanewise(VectorOperators.ASHR, 2).intoArray(to, toAt + c);
            s1.sub(s2).sub(s3).lanewise(VectorOperators.ASHR, 2).intoArray(to, toAt + NR + c);
        }
    }
}
