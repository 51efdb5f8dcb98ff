package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.BYTES;
import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static io.tersor.backend.vector.Lanes.NR;
import static io.tersor.backend.vector.MicroKernels.LDA;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The products of {@link MicroKernels} with weights that lie in memory as signed bytes, a quarter of the size: for few
 * rows, where reading the weights is most of the work. Needs vectors of bytes as long as those of floats.
 */
final class ByteKernels {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private ByteKernels() {}

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
            FloatVector b0 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, bo + (long) k * NR, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            FloatVector b1 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, bo + (long) k * NR + F, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
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
            FloatVector b0 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, bo + (long) k * NR, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            FloatVector b1 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, bo + (long) k * NR + F, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
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

    /** One row. Four sums side by side hide the latency of the additions. */
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
            long at = bo + (long) k * NR;
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[ao + k]);
            FloatVector b0 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            u0 = a0.fma(b0, u0);
            FloatVector c0 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at + F, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            v0 = a0.fma(c0, v0);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[ao + k + 1]);
            FloatVector b1 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at + NR, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            u1 = a1.fma(b1, u1);
            FloatVector c1 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at + NR + F, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            v1 = a1.fma(c1, v1);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[ao + k + 2]);
            FloatVector b2 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at + 2 * NR, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            u2 = a2.fma(b2, u2);
            FloatVector c2 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at + 2 * NR + F, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            v2 = a2.fma(c2, v2);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[ao + k + 3]);
            FloatVector b3 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at + 3 * NR, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            u3 = a3.fma(b3, u3);
            FloatVector c3 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at + 3 * NR + F, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            v3 = a3.fma(c3, v3);
        }
        for (; k < kc; k++) {
            long at = bo + (long) k * NR;
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[ao + k]);
            FloatVector b0 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            u0 = a0.fma(b0, u0);
            FloatVector c0 = (FloatVector) ByteVector.fromMemorySegment(BYTES, b, at + F, ORDER)
                    .convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            v0 = a0.fma(c0, v0);
        }
        u0.add(u1).add(u2.add(u3)).intoArray(c, co);
        v0.add(v1).add(v2.add(v3)).intoArray(c, co + F);
    }
}
