package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.NR;

import jdk.incubator.vector.FloatVector;

/**
 * The products of a depthwise convolution for a few neighbouring pixels p of a line and one vector of channels:
 * to[o + p * NR] = from[fo + p * NR] + sum over taps of lines[at + offset(tap) + p * NR] * weights(tap), in fused
 * multiply-adds.
 *
 * <p>Taps come in threes that read neighbouring pixels, so that a pixel is loaded once for three of them, and then
 * alone: {@code offsets} has, from index {@code group} on, the first tap of each three, then the single ones,
 * {@code weights} all taps in that order, {@link Lanes#NR} floats each. Each is one method of plain locals: the
 * compiler keeps them in registers.
 */
final class DepthwiseKernel {
    private DepthwiseKernel() {}

    /** Twelve pixels, for 32 vector registers. */
    static void pixels12(float[] lines, int at, int[] offsets, int group, int triples, int singles, float[] weights,
            int weightsAt, float[] from, int fo, float[] to, int o) {
        FloatVector s0 = FloatVector.fromArray(FLOATS, from, fo);
        FloatVector s1 = FloatVector.fromArray(FLOATS, from, fo + NR);
        FloatVector s2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR);
        FloatVector s3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR);
        FloatVector s4 = FloatVector.fromArray(FLOATS, from, fo + 4 * NR);
        FloatVector s5 = FloatVector.fromArray(FLOATS, from, fo + 5 * NR);
        FloatVector s6 = FloatVector.fromArray(FLOATS, from, fo + 6 * NR);
        FloatVector s7 = FloatVector.fromArray(FLOATS, from, fo + 7 * NR);
        FloatVector s8 = FloatVector.fromArray(FLOATS, from, fo + 8 * NR);
        FloatVector s9 = FloatVector.fromArray(FLOATS, from, fo + 9 * NR);
        FloatVector s10 = FloatVector.fromArray(FLOATS, from, fo + 10 * NR);
        FloatVector s11 = FloatVector.fromArray(FLOATS, from, fo + 11 * NR);
        int w = weightsAt;
        int g = group;
        for (; g < group + triples; g++, w += 3 * NR) {
            int a = at + offsets[g];
            FloatVector w0 = FloatVector.fromArray(FLOATS, weights, w);
            FloatVector w1 = FloatVector.fromArray(FLOATS, weights, w + NR);
            FloatVector w2 = FloatVector.fromArray(FLOATS, weights, w + 2 * NR);
            FloatVector p0 = FloatVector.fromArray(FLOATS, lines, a);
            s0 = p0.fma(w0, s0);
            FloatVector p1 = FloatVector.fromArray(FLOATS, lines, a + NR);
            s1 = p1.fma(w0, s1);
            s0 = p1.fma(w1, s0);
            FloatVector p2 = FloatVector.fromArray(FLOATS, lines, a + 2 * NR);
            s2 = p2.fma(w0, s2);
            s1 = p2.fma(w1, s1);
            s0 = p2.fma(w2, s0);
            FloatVector p3 = FloatVector.fromArray(FLOATS, lines, a + 3 * NR);
            s3 = p3.fma(w0, s3);
            s2 = p3.fma(w1, s2);
            s1 = p3.fma(w2, s1);
            FloatVector p4 = FloatVector.fromArray(FLOATS, lines, a + 4 * NR);
            s4 = p4.fma(w0, s4);
            s3 = p4.fma(w1, s3);
            s2 = p4.fma(w2, s2);
            FloatVector p5 = FloatVector.fromArray(FLOATS, lines, a + 5 * NR);
            s5 = p5.fma(w0, s5);
            s4 = p5.fma(w1, s4);
            s3 = p5.fma(w2, s3);
            FloatVector p6 = FloatVector.fromArray(FLOATS, lines, a + 6 * NR);
            s6 = p6.fma(w0, s6);
            s5 = p6.fma(w1, s5);
            s4 = p6.fma(w2, s4);
            FloatVector p7 = FloatVector.fromArray(FLOATS, lines, a + 7 * NR);
            s7 = p7.fma(w0, s7);
            s6 = p7.fma(w1, s6);
            s5 = p7.fma(w2, s5);
            FloatVector p8 = FloatVector.fromArray(FLOATS, lines, a + 8 * NR);
            s8 = p8.fma(w0, s8);
            s7 = p8.fma(w1, s7);
            s6 = p8.fma(w2, s6);
            FloatVector p9 = FloatVector.fromArray(FLOATS, lines, a + 9 * NR);
            s9 = p9.fma(w0, s9);
            s8 = p9.fma(w1, s8);
            s7 = p9.fma(w2, s7);
            FloatVector p10 = FloatVector.fromArray(FLOATS, lines, a + 10 * NR);
            s10 = p10.fma(w0, s10);
            s9 = p10.fma(w1, s9);
            s8 = p10.fma(w2, s8);
            FloatVector p11 = FloatVector.fromArray(FLOATS, lines, a + 11 * NR);
            s11 = p11.fma(w0, s11);
            s10 = p11.fma(w1, s10);
            s9 = p11.fma(w2, s9);
            FloatVector p12 = FloatVector.fromArray(FLOATS, lines, a + 12 * NR);
            s11 = p12.fma(w1, s11);
            s10 = p12.fma(w2, s10);
            FloatVector p13 = FloatVector.fromArray(FLOATS, lines, a + 13 * NR);
            s11 = p13.fma(w2, s11);
        }
        for (; g < group + triples + singles; g++, w += NR) {
            int a = at + offsets[g];
            FloatVector w0 = FloatVector.fromArray(FLOATS, weights, w);
            s0 = FloatVector.fromArray(FLOATS, lines, a).fma(w0, s0);
            s1 = FloatVector.fromArray(FLOATS, lines, a + NR).fma(w0, s1);
            s2 = FloatVector.fromArray(FLOATS, lines, a + 2 * NR).fma(w0, s2);
            s3 = FloatVector.fromArray(FLOATS, lines, a + 3 * NR).fma(w0, s3);
            s4 = FloatVector.fromArray(FLOATS, lines, a + 4 * NR).fma(w0, s4);
            s5 = FloatVector.fromArray(FLOATS, lines, a + 5 * NR).fma(w0, s5);
            s6 = FloatVector.fromArray(FLOATS, lines, a + 6 * NR).fma(w0, s6);
            s7 = FloatVector.fromArray(FLOATS, lines, a + 7 * NR).fma(w0, s7);
            s8 = FloatVector.fromArray(FLOATS, lines, a + 8 * NR).fma(w0, s8);
            s9 = FloatVector.fromArray(FLOATS, lines, a + 9 * NR).fma(w0, s9);
            s10 = FloatVector.fromArray(FLOATS, lines, a + 10 * NR).fma(w0, s10);
            s11 = FloatVector.fromArray(FLOATS, lines, a + 11 * NR).fma(w0, s11);
        }
        s0.intoArray(to, o);
        s1.intoArray(to, o + NR);
        s2.intoArray(to, o + 2 * NR);
        s3.intoArray(to, o + 3 * NR);
        s4.intoArray(to, o + 4 * NR);
        s5.intoArray(to, o + 5 * NR);
        s6.intoArray(to, o + 6 * NR);
        s7.intoArray(to, o + 7 * NR);
        s8.intoArray(to, o + 8 * NR);
        s9.intoArray(to, o + 9 * NR);
        s10.intoArray(to, o + 10 * NR);
        s11.intoArray(to, o + 11 * NR);
    }

    /** Four pixels, for 16 vector registers and for the last pixels. */
    static void pixels4(float[] lines, int at, int[] offsets, int group, int triples, int singles, float[] weights,
            int weightsAt, float[] from, int fo, float[] to, int o) {
        FloatVector s0 = FloatVector.fromArray(FLOATS, from, fo);
        FloatVector s1 = FloatVector.fromArray(FLOATS, from, fo + NR);
        FloatVector s2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR);
        FloatVector s3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR);
        int w = weightsAt;
        int g = group;
        for (; g < group + triples; g++, w += 3 * NR) {
            int a = at + offsets[g];
            FloatVector w0 = FloatVector.fromArray(FLOATS, weights, w);
            FloatVector w1 = FloatVector.fromArray(FLOATS, weights, w + NR);
            FloatVector w2 = FloatVector.fromArray(FLOATS, weights, w + 2 * NR);
            FloatVector p0 = FloatVector.fromArray(FLOATS, lines, a);
            s0 = p0.fma(w0, s0);
            FloatVector p1 = FloatVector.fromArray(FLOATS, lines, a + NR);
            s1 = p1.fma(w0, s1);
            s0 = p1.fma(w1, s0);
            FloatVector p2 = FloatVector.fromArray(FLOATS, lines, a + 2 * NR);
            s2 = p2.fma(w0, s2);
            s1 = p2.fma(w1, s1);
            s0 = p2.fma(w2, s0);
            FloatVector p3 = FloatVector.fromArray(FLOATS, lines, a + 3 * NR);
            s3 = p3.fma(w0, s3);
            s2 = p3.fma(w1, s2);
            s1 = p3.fma(w2, s1);
            FloatVector p4 = FloatVector.fromArray(FLOATS, lines, a + 4 * NR);
            s3 = p4.fma(w1, s3);
            s2 = p4.fma(w2, s2);
            FloatVector p5 = FloatVector.fromArray(FLOATS, lines, a + 5 * NR);
            s3 = p5.fma(w2, s3);
        }
        for (; g < group + triples + singles; g++, w += NR) {
            int a = at + offsets[g];
            FloatVector w0 = FloatVector.fromArray(FLOATS, weights, w);
            s0 = FloatVector.fromArray(FLOATS, lines, a).fma(w0, s0);
            s1 = FloatVector.fromArray(FLOATS, lines, a + NR).fma(w0, s1);
            s2 = FloatVector.fromArray(FLOATS, lines, a + 2 * NR).fma(w0, s2);
            s3 = FloatVector.fromArray(FLOATS, lines, a + 3 * NR).fma(w0, s3);
        }
        s0.intoArray(to, o);
        s1.intoArray(to, o + NR);
        s2.intoArray(to, o + 2 * NR);
        s3.intoArray(to, o + 3 * NR);
    }
}
