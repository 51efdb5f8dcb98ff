package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.NR;

import jdk.incubator.vector.FloatVector;

/** The products of a depthwise convolution, nine taps at a time, whose weights stay in registers. */
final class DepthwiseKernel {
    /** Taps of one call. */
    static final int TAPS = 9;

    private DepthwiseKernel() {}

    /**
     * tile[p, j] = (fresh ? 0 : tile[p, j]) + sum over t of lines[at + offsets[tap + t] + p * NR + j] * weights[t, j],
     * for one vector of channels j, all in floats. Tiles and weights are rows of {@link Lanes#NR}.
     *
     * @param half the first channel of the vector in its panel: 0 or {@link Lanes#F}
     * @param weightsAt where the weights of the first tap start
     * @param pixels how many p there are
     */
    static void multiply(float[] lines, int at, int[] offsets, int tap, float[] weights, int weightsAt, int half,
            float[] tile, int pixels, boolean fresh) {
        int w = weightsAt + half;
        FloatVector w0 = FloatVector.fromArray(FLOATS, weights, w);
        FloatVector w1 = FloatVector.fromArray(FLOATS, weights, w + NR);
        FloatVector w2 = FloatVector.fromArray(FLOATS, weights, w + 2 * NR);
        FloatVector w3 = FloatVector.fromArray(FLOATS, weights, w + 3 * NR);
        FloatVector w4 = FloatVector.fromArray(FLOATS, weights, w + 4 * NR);
        FloatVector w5 = FloatVector.fromArray(FLOATS, weights, w + 5 * NR);
        FloatVector w6 = FloatVector.fromArray(FLOATS, weights, w + 6 * NR);
        FloatVector w7 = FloatVector.fromArray(FLOATS, weights, w + 7 * NR);
        FloatVector w8 = FloatVector.fromArray(FLOATS, weights, w + 8 * NR);
        int from = at + half;
        int a0 = from + offsets[tap];
        int a1 = from + offsets[tap + 1];
        int a2 = from + offsets[tap + 2];
        int a3 = from + offsets[tap + 3];
        int a4 = from + offsets[tap + 4];
        int a5 = from + offsets[tap + 5];
        int a6 = from + offsets[tap + 6];
        int a7 = from + offsets[tap + 7];
        int a8 = from + offsets[tap + 8];
        for (int p = 0; p < pixels * NR; p += NR) {
            FloatVector sum = fresh ? FloatVector.zero(FLOATS) : FloatVector.fromArray(FLOATS, tile, half + p);
            sum = FloatVector.fromArray(FLOATS, lines, a0 + p).fma(w0, sum);
            sum = FloatVector.fromArray(FLOATS, lines, a1 + p).fma(w1, sum);
            sum = FloatVector.fromArray(FLOATS, lines, a2 + p).fma(w2, sum);
            sum = FloatVector.fromArray(FLOATS, lines, a3 + p).fma(w3, sum);
            sum = FloatVector.fromArray(FLOATS, lines, a4 + p).fma(w4, sum);
            sum = FloatVector.fromArray(FLOATS, lines, a5 + p).fma(w5, sum);
            sum = FloatVector.fromArray(FLOATS, lines, a6 + p).fma(w6, sum);
            sum = FloatVector.fromArray(FLOATS, lines, a7 + p).fma(w7, sum);
            sum = FloatVector.fromArray(FLOATS, lines, a8 + p).fma(w8, sum);
            sum.intoArray(tile, half + p);
        }
    }
}
