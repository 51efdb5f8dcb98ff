package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.NR;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/**
 * Register-blocked products of a few packed rows with one packed panel of weights:
 * c[r, j] = from[r, j] + sum over k of a[r, k] * b[k, j], in fused multiply-adds.
 *
 * <p>a: rows of stride {@link #LDA}; b: native memory, kc rows of {@link Lanes#NR} floats; from and c: rows of
 * {@link Lanes#NR}, possibly the same array. Each is one method of plain locals: the compiler keeps them in registers.
 */
final class MicroKernels {
    /** Largest block of k. */
    static final int KC = 1024;

    /** Distance of two packed rows: off the powers of two, which would share cache sets. */
    static final int LDA = KC + 16;

    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int ROW_BYTES = NR * Float.BYTES;
    private static final int VECTOR_BYTES = F * Float.BYTES;

    private MicroKernels() {}

    /** Twelve rows: 24 sums, for 32 vector registers. */
    static void rows12(float[] a, int ao, MemorySegment b, long bo, int kc, float[] from, int fo, float[] c,
            int co) {
        FloatVector u0 = FloatVector.fromArray(FLOATS, from, fo);
        FloatVector v0 = FloatVector.fromArray(FLOATS, from, fo + F);
        FloatVector u1 = FloatVector.fromArray(FLOATS, from, fo + NR);
        FloatVector v1 = FloatVector.fromArray(FLOATS, from, fo + NR + F);
        FloatVector u2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR);
        FloatVector v2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR + F);
        FloatVector u3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR);
        FloatVector v3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR + F);
        FloatVector u4 = FloatVector.fromArray(FLOATS, from, fo + 4 * NR);
        FloatVector v4 = FloatVector.fromArray(FLOATS, from, fo + 4 * NR + F);
        FloatVector u5 = FloatVector.fromArray(FLOATS, from, fo + 5 * NR);
        FloatVector v5 = FloatVector.fromArray(FLOATS, from, fo + 5 * NR + F);
        FloatVector u6 = FloatVector.fromArray(FLOATS, from, fo + 6 * NR);
        FloatVector v6 = FloatVector.fromArray(FLOATS, from, fo + 6 * NR + F);
        FloatVector u7 = FloatVector.fromArray(FLOATS, from, fo + 7 * NR);
        FloatVector v7 = FloatVector.fromArray(FLOATS, from, fo + 7 * NR + F);
        FloatVector u8 = FloatVector.fromArray(FLOATS, from, fo + 8 * NR);
        FloatVector v8 = FloatVector.fromArray(FLOATS, from, fo + 8 * NR + F);
        FloatVector u9 = FloatVector.fromArray(FLOATS, from, fo + 9 * NR);
        FloatVector v9 = FloatVector.fromArray(FLOATS, from, fo + 9 * NR + F);
        FloatVector u10 = FloatVector.fromArray(FLOATS, from, fo + 10 * NR);
        FloatVector v10 = FloatVector.fromArray(FLOATS, from, fo + 10 * NR + F);
        FloatVector u11 = FloatVector.fromArray(FLOATS, from, fo + 11 * NR);
        FloatVector v11 = FloatVector.fromArray(FLOATS, from, fo + 11 * NR + F);
        for (int k = 0; k < kc; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, b, bo + (long) k * ROW_BYTES, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, b, bo + (long) k * ROW_BYTES + VECTOR_BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[ao + k]);
            u0 = a0.fma(b0, u0);
            v0 = a0.fma(b1, v0);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[ao + LDA + k]);
            u1 = a1.fma(b0, u1);
            v1 = a1.fma(b1, v1);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[ao + 2 * LDA + k]);
            u2 = a2.fma(b0, u2);
            v2 = a2.fma(b1, v2);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[ao + 3 * LDA + k]);
            u3 = a3.fma(b0, u3);
            v3 = a3.fma(b1, v3);
            FloatVector a4 = FloatVector.broadcast(FLOATS, a[ao + 4 * LDA + k]);
            u4 = a4.fma(b0, u4);
            v4 = a4.fma(b1, v4);
            FloatVector a5 = FloatVector.broadcast(FLOATS, a[ao + 5 * LDA + k]);
            u5 = a5.fma(b0, u5);
            v5 = a5.fma(b1, v5);
            FloatVector a6 = FloatVector.broadcast(FLOATS, a[ao + 6 * LDA + k]);
            u6 = a6.fma(b0, u6);
            v6 = a6.fma(b1, v6);
            FloatVector a7 = FloatVector.broadcast(FLOATS, a[ao + 7 * LDA + k]);
            u7 = a7.fma(b0, u7);
            v7 = a7.fma(b1, v7);
            FloatVector a8 = FloatVector.broadcast(FLOATS, a[ao + 8 * LDA + k]);
            u8 = a8.fma(b0, u8);
            v8 = a8.fma(b1, v8);
            FloatVector a9 = FloatVector.broadcast(FLOATS, a[ao + 9 * LDA + k]);
            u9 = a9.fma(b0, u9);
            v9 = a9.fma(b1, v9);
            FloatVector a10 = FloatVector.broadcast(FLOATS, a[ao + 10 * LDA + k]);
            u10 = a10.fma(b0, u10);
            v10 = a10.fma(b1, v10);
            FloatVector a11 = FloatVector.broadcast(FLOATS, a[ao + 11 * LDA + k]);
            u11 = a11.fma(b0, u11);
            v11 = a11.fma(b1, v11);
        }
        u0.intoArray(c, co);
        v0.intoArray(c, co + F);
        u1.intoArray(c, co + NR);
        v1.intoArray(c, co + NR + F);
        u2.intoArray(c, co + 2 * NR);
        v2.intoArray(c, co + 2 * NR + F);
        u3.intoArray(c, co + 3 * NR);
        v3.intoArray(c, co + 3 * NR + F);
        u4.intoArray(c, co + 4 * NR);
        v4.intoArray(c, co + 4 * NR + F);
        u5.intoArray(c, co + 5 * NR);
        v5.intoArray(c, co + 5 * NR + F);
        u6.intoArray(c, co + 6 * NR);
        v6.intoArray(c, co + 6 * NR + F);
        u7.intoArray(c, co + 7 * NR);
        v7.intoArray(c, co + 7 * NR + F);
        u8.intoArray(c, co + 8 * NR);
        v8.intoArray(c, co + 8 * NR + F);
        u9.intoArray(c, co + 9 * NR);
        v9.intoArray(c, co + 9 * NR + F);
        u10.intoArray(c, co + 10 * NR);
        v10.intoArray(c, co + 10 * NR + F);
        u11.intoArray(c, co + 11 * NR);
        v11.intoArray(c, co + 11 * NR + F);
    }

    /** Eight rows: 16 sums, for 32 vector registers. */
    static void rows8(float[] a, int ao, MemorySegment b, long bo, int kc, float[] from, int fo, float[] c, int co) {
        FloatVector u0 = FloatVector.fromArray(FLOATS, from, fo);
        FloatVector v0 = FloatVector.fromArray(FLOATS, from, fo + F);
        FloatVector u1 = FloatVector.fromArray(FLOATS, from, fo + NR);
        FloatVector v1 = FloatVector.fromArray(FLOATS, from, fo + NR + F);
        FloatVector u2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR);
        FloatVector v2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR + F);
        FloatVector u3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR);
        FloatVector v3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR + F);
        FloatVector u4 = FloatVector.fromArray(FLOATS, from, fo + 4 * NR);
        FloatVector v4 = FloatVector.fromArray(FLOATS, from, fo + 4 * NR + F);
        FloatVector u5 = FloatVector.fromArray(FLOATS, from, fo + 5 * NR);
        FloatVector v5 = FloatVector.fromArray(FLOATS, from, fo + 5 * NR + F);
        FloatVector u6 = FloatVector.fromArray(FLOATS, from, fo + 6 * NR);
        FloatVector v6 = FloatVector.fromArray(FLOATS, from, fo + 6 * NR + F);
        FloatVector u7 = FloatVector.fromArray(FLOATS, from, fo + 7 * NR);
        FloatVector v7 = FloatVector.fromArray(FLOATS, from, fo + 7 * NR + F);
        for (int k = 0; k < kc; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, b, bo + (long) k * ROW_BYTES, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, b, bo + (long) k * ROW_BYTES + VECTOR_BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[ao + k]);
            u0 = a0.fma(b0, u0);
            v0 = a0.fma(b1, v0);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[ao + LDA + k]);
            u1 = a1.fma(b0, u1);
            v1 = a1.fma(b1, v1);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[ao + 2 * LDA + k]);
            u2 = a2.fma(b0, u2);
            v2 = a2.fma(b1, v2);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[ao + 3 * LDA + k]);
            u3 = a3.fma(b0, u3);
            v3 = a3.fma(b1, v3);
            FloatVector a4 = FloatVector.broadcast(FLOATS, a[ao + 4 * LDA + k]);
            u4 = a4.fma(b0, u4);
            v4 = a4.fma(b1, v4);
            FloatVector a5 = FloatVector.broadcast(FLOATS, a[ao + 5 * LDA + k]);
            u5 = a5.fma(b0, u5);
            v5 = a5.fma(b1, v5);
            FloatVector a6 = FloatVector.broadcast(FLOATS, a[ao + 6 * LDA + k]);
            u6 = a6.fma(b0, u6);
            v6 = a6.fma(b1, v6);
            FloatVector a7 = FloatVector.broadcast(FLOATS, a[ao + 7 * LDA + k]);
            u7 = a7.fma(b0, u7);
            v7 = a7.fma(b1, v7);
        }
        u0.intoArray(c, co);
        v0.intoArray(c, co + F);
        u1.intoArray(c, co + NR);
        v1.intoArray(c, co + NR + F);
        u2.intoArray(c, co + 2 * NR);
        v2.intoArray(c, co + 2 * NR + F);
        u3.intoArray(c, co + 3 * NR);
        v3.intoArray(c, co + 3 * NR + F);
        u4.intoArray(c, co + 4 * NR);
        v4.intoArray(c, co + 4 * NR + F);
        u5.intoArray(c, co + 5 * NR);
        v5.intoArray(c, co + 5 * NR + F);
        u6.intoArray(c, co + 6 * NR);
        v6.intoArray(c, co + 6 * NR + F);
        u7.intoArray(c, co + 7 * NR);
        v7.intoArray(c, co + 7 * NR + F);
    }

    /** Four rows: 8 sums, for 16 vector registers and for the last rows. */
    static void rows4(float[] a, int ao, MemorySegment b, long bo, int kc, float[] from, int fo, float[] c, int co) {
        FloatVector u0 = FloatVector.fromArray(FLOATS, from, fo);
        FloatVector v0 = FloatVector.fromArray(FLOATS, from, fo + F);
        FloatVector u1 = FloatVector.fromArray(FLOATS, from, fo + NR);
        FloatVector v1 = FloatVector.fromArray(FLOATS, from, fo + NR + F);
        FloatVector u2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR);
        FloatVector v2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR + F);
        FloatVector u3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR);
        FloatVector v3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR + F);
        for (int k = 0; k < kc; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, b, bo + (long) k * ROW_BYTES, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, b, bo + (long) k * ROW_BYTES + VECTOR_BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[ao + k]);
            u0 = a0.fma(b0, u0);
            v0 = a0.fma(b1, v0);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[ao + LDA + k]);
            u1 = a1.fma(b0, u1);
            v1 = a1.fma(b1, v1);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[ao + 2 * LDA + k]);
            u2 = a2.fma(b0, u2);
            v2 = a2.fma(b1, v2);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[ao + 3 * LDA + k]);
            u3 = a3.fma(b0, u3);
            v3 = a3.fma(b1, v3);
        }
        u0.intoArray(c, co);
        v0.intoArray(c, co + F);
        u1.intoArray(c, co + NR);
        v1.intoArray(c, co + NR + F);
        u2.intoArray(c, co + 2 * NR);
        v2.intoArray(c, co + 2 * NR + F);
        u3.intoArray(c, co + 3 * NR);
        v3.intoArray(c, co + 3 * NR + F);
    }

    /**
     * One row and four panels, {@code panelBytes} apart: c[p, j] for each panel. Four streams of weights come faster
     * from memory than one.
     */
    static void row1(float[] a, int ao, MemorySegment b, long bo, long panelBytes, int kc, float[] from, int fo,
            float[] c, int co) {
        FloatVector u0 = FloatVector.fromArray(FLOATS, from, fo);
        FloatVector v0 = FloatVector.fromArray(FLOATS, from, fo + F);
        FloatVector u1 = FloatVector.fromArray(FLOATS, from, fo + NR);
        FloatVector v1 = FloatVector.fromArray(FLOATS, from, fo + NR + F);
        FloatVector u2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR);
        FloatVector v2 = FloatVector.fromArray(FLOATS, from, fo + 2 * NR + F);
        FloatVector u3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR);
        FloatVector v3 = FloatVector.fromArray(FLOATS, from, fo + 3 * NR + F);
        long p1 = bo + panelBytes;
        long p2 = p1 + panelBytes;
        long p3 = p2 + panelBytes;
        for (int k = 0; k < kc; k++) {
            long at = (long) k * ROW_BYTES;
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[ao + k]);
            u0 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, bo + at, ORDER), u0);
            v0 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, bo + at + VECTOR_BYTES, ORDER), v0);
            u1 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, p1 + at, ORDER), u1);
            v1 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, p1 + at + VECTOR_BYTES, ORDER), v1);
            u2 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, p2 + at, ORDER), u2);
            v2 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, p2 + at + VECTOR_BYTES, ORDER), v2);
            u3 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, p3 + at, ORDER), u3);
            v3 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, p3 + at + VECTOR_BYTES, ORDER), v3);
        }
        u0.intoArray(c, co);
        v0.intoArray(c, co + F);
        u1.intoArray(c, co + NR);
        v1.intoArray(c, co + NR + F);
        u2.intoArray(c, co + 2 * NR);
        v2.intoArray(c, co + 2 * NR + F);
        u3.intoArray(c, co + 3 * NR);
        v3.intoArray(c, co + 3 * NR + F);
    }

    /** One row and one panel. Four sums side by side hide the latency of the additions. */
    static void rows1(float[] a, int ao, MemorySegment b, long bo, int kc, float[] from, int fo, float[] c, int co) {
        FloatVector u0 = FloatVector.fromArray(FLOATS, from, fo);
        FloatVector v0 = FloatVector.fromArray(FLOATS, from, fo + F);
        FloatVector u1 = FloatVector.zero(FLOATS);
        FloatVector v1 = FloatVector.zero(FLOATS);
        FloatVector u2 = FloatVector.zero(FLOATS);
        FloatVector v2 = FloatVector.zero(FLOATS);
        FloatVector u3 = FloatVector.zero(FLOATS);
        FloatVector v3 = FloatVector.zero(FLOATS);
        int k = 0;
        for (; k < kc - 3; k += 4) {
            long at = bo + (long) k * ROW_BYTES;
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[ao + k]);
            u0 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, at, ORDER), u0);
            v0 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, at + VECTOR_BYTES, ORDER), v0);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[ao + k + 1]);
            u1 = a1.fma(FloatVector.fromMemorySegment(FLOATS, b, at + ROW_BYTES, ORDER), u1);
            v1 = a1.fma(FloatVector.fromMemorySegment(FLOATS, b, at + ROW_BYTES + VECTOR_BYTES, ORDER), v1);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[ao + k + 2]);
            u2 = a2.fma(FloatVector.fromMemorySegment(FLOATS, b, at + 2 * ROW_BYTES, ORDER), u2);
            v2 = a2.fma(FloatVector.fromMemorySegment(FLOATS, b, at + 2 * ROW_BYTES + VECTOR_BYTES, ORDER), v2);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[ao + k + 3]);
            u3 = a3.fma(FloatVector.fromMemorySegment(FLOATS, b, at + 3 * ROW_BYTES, ORDER), u3);
            v3 = a3.fma(FloatVector.fromMemorySegment(FLOATS, b, at + 3 * ROW_BYTES + VECTOR_BYTES, ORDER), v3);
        }
        for (; k < kc; k++) {
            long at = bo + (long) k * ROW_BYTES;
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[ao + k]);
            u0 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, at, ORDER), u0);
            v0 = a0.fma(FloatVector.fromMemorySegment(FLOATS, b, at + VECTOR_BYTES, ORDER), v0);
        }
        u0.add(u1).add(u2.add(u3)).intoArray(c, co);
        v0.add(v1).add(v2.add(v3)).intoArray(c, co + F);
    }
}
