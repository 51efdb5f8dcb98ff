package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.SparseSums.TILE;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/**
 * Sums of the columns of a tile that have weights, for some lists of {@link SparseWeights}: to[r, p] = sum over i of
 * values[i, r] * tile[columns[i] + p], in fused multiply-adds, for the rows p of the tile side by side. Each is one
 * method of plain locals, see {@link MicroKernels}.
 */
final class SparseKernels {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** Bytes of a vector. */
    private static final long V = (long) F * Float.BYTES;

    private SparseKernels() {}

    /** One output each, {@link SparseSums#TILE} rows. Two sums of each vector hide the latency of the additions. */
    static void outputs1(MemorySegment tile, SparseWeights weights, int first, int count, float[] to) {
        int[] starts = weights.starts();
        int[] columns = weights.columns();
        float[] values = weights.values();
        for (int list = first; list < first + count; list++) {
            int end = starts[list + 1];
            int i = starts[list];
            FloatVector u0 = FloatVector.zero(FLOATS);
            FloatVector u1 = FloatVector.zero(FLOATS);
            FloatVector u2 = FloatVector.zero(FLOATS);
            FloatVector u3 = FloatVector.zero(FLOATS);
            FloatVector v0 = FloatVector.zero(FLOATS);
            FloatVector v1 = FloatVector.zero(FLOATS);
            FloatVector v2 = FloatVector.zero(FLOATS);
            FloatVector v3 = FloatVector.zero(FLOATS);
            for (; i < end - 1; i += 2) {
                long a = columns[i];
                FloatVector w = FloatVector.broadcast(FLOATS, values[i]);
                u0 = w.fma(FloatVector.fromMemorySegment(FLOATS, tile, a, ORDER), u0);
                u1 = w.fma(FloatVector.fromMemorySegment(FLOATS, tile, a + V, ORDER), u1);
                u2 = w.fma(FloatVector.fromMemorySegment(FLOATS, tile, a + 2 * V, ORDER), u2);
                u3 = w.fma(FloatVector.fromMemorySegment(FLOATS, tile, a + 3 * V, ORDER), u3);
                long b = columns[i + 1];
                FloatVector x = FloatVector.broadcast(FLOATS, values[i + 1]);
                v0 = x.fma(FloatVector.fromMemorySegment(FLOATS, tile, b, ORDER), v0);
                v1 = x.fma(FloatVector.fromMemorySegment(FLOATS, tile, b + V, ORDER), v1);
                v2 = x.fma(FloatVector.fromMemorySegment(FLOATS, tile, b + 2 * V, ORDER), v2);
                v3 = x.fma(FloatVector.fromMemorySegment(FLOATS, tile, b + 3 * V, ORDER), v3);
            }
            if (i < end) {
                long a = columns[i];
                FloatVector w = FloatVector.broadcast(FLOATS, values[i]);
                u0 = w.fma(FloatVector.fromMemorySegment(FLOATS, tile, a, ORDER), u0);
                u1 = w.fma(FloatVector.fromMemorySegment(FLOATS, tile, a + V, ORDER), u1);
                u2 = w.fma(FloatVector.fromMemorySegment(FLOATS, tile, a + 2 * V, ORDER), u2);
                u3 = w.fma(FloatVector.fromMemorySegment(FLOATS, tile, a + 3 * V, ORDER), u3);
            }
            int p = weights.places()[list] * TILE;
            u0.add(v0).intoArray(to, p);
            u1.add(v1).intoArray(to, p + F);
            u2.add(v2).intoArray(to, p + 2 * F);
            u3.add(v3).intoArray(to, p + 3 * F);
        }
    }

    /** One output each, one vector of rows from {@code row} on. */
    static void outputs1Narrow(MemorySegment tile, int row, SparseWeights weights, int first, int count, float[] to) {
        long at = (long) row * Float.BYTES;
        int[] starts = weights.starts();
        int[] columns = weights.columns();
        float[] values = weights.values();
        for (int list = first; list < first + count; list++) {
            int end = starts[list + 1];
            int i = starts[list];
            FloatVector u0 = FloatVector.zero(FLOATS);
            FloatVector u1 = FloatVector.zero(FLOATS);
            FloatVector u2 = FloatVector.zero(FLOATS);
            FloatVector u3 = FloatVector.zero(FLOATS);
            for (; i < end - 3; i += 4) {
                u0 = FloatVector.fromMemorySegment(FLOATS, tile, at + columns[i], ORDER)
                        .fma(FloatVector.broadcast(FLOATS, values[i]), u0);
                u1 = FloatVector.fromMemorySegment(FLOATS, tile, at + columns[i + 1], ORDER)
                        .fma(FloatVector.broadcast(FLOATS, values[i + 1]), u1);
                u2 = FloatVector.fromMemorySegment(FLOATS, tile, at + columns[i + 2], ORDER)
                        .fma(FloatVector.broadcast(FLOATS, values[i + 2]), u2);
                u3 = FloatVector.fromMemorySegment(FLOATS, tile, at + columns[i + 3], ORDER)
                        .fma(FloatVector.broadcast(FLOATS, values[i + 3]), u3);
            }
            for (; i < end; i++) {
                u0 = FloatVector.fromMemorySegment(FLOATS, tile, at + columns[i], ORDER)
                        .fma(FloatVector.broadcast(FLOATS, values[i]), u0);
            }
            u0.add(u1).add(u2.add(u3)).intoArray(to, weights.places()[list] * TILE + row);
        }
    }

    /** Four outputs each, {@link SparseSums#TILE} rows: 16 sums, for 32 vector registers. */
    static void outputs4(MemorySegment tile, SparseWeights weights, int first, int count, float[] to) {
        int[] starts = weights.starts();
        int[] columns = weights.columns();
        float[] values = weights.values();
        for (int list = first; list < first + count; list++) {
            FloatVector u0 = FloatVector.zero(FLOATS);
            FloatVector u1 = FloatVector.zero(FLOATS);
            FloatVector u2 = FloatVector.zero(FLOATS);
            FloatVector u3 = FloatVector.zero(FLOATS);
            FloatVector v0 = FloatVector.zero(FLOATS);
            FloatVector v1 = FloatVector.zero(FLOATS);
            FloatVector v2 = FloatVector.zero(FLOATS);
            FloatVector v3 = FloatVector.zero(FLOATS);
            FloatVector w0 = FloatVector.zero(FLOATS);
            FloatVector w1 = FloatVector.zero(FLOATS);
            FloatVector w2 = FloatVector.zero(FLOATS);
            FloatVector w3 = FloatVector.zero(FLOATS);
            FloatVector x0 = FloatVector.zero(FLOATS);
            FloatVector x1 = FloatVector.zero(FLOATS);
            FloatVector x2 = FloatVector.zero(FLOATS);
            FloatVector x3 = FloatVector.zero(FLOATS);
            for (int i = starts[list]; i < starts[list + 1]; i++) {
                long a = columns[i];
                FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, tile, a, ORDER);
                FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, tile, a + V, ORDER);
                FloatVector a2 = FloatVector.fromMemorySegment(FLOATS, tile, a + 2 * V, ORDER);
                FloatVector a3 = FloatVector.fromMemorySegment(FLOATS, tile, a + 3 * V, ORDER);
                FloatVector b0 = FloatVector.broadcast(FLOATS, values[4 * i]);
                u0 = b0.fma(a0, u0);
                u1 = b0.fma(a1, u1);
                u2 = b0.fma(a2, u2);
                u3 = b0.fma(a3, u3);
                FloatVector b1 = FloatVector.broadcast(FLOATS, values[4 * i + 1]);
                v0 = b1.fma(a0, v0);
                v1 = b1.fma(a1, v1);
                v2 = b1.fma(a2, v2);
                v3 = b1.fma(a3, v3);
                FloatVector b2 = FloatVector.broadcast(FLOATS, values[4 * i + 2]);
                w0 = b2.fma(a0, w0);
                w1 = b2.fma(a1, w1);
                w2 = b2.fma(a2, w2);
                w3 = b2.fma(a3, w3);
                FloatVector b3 = FloatVector.broadcast(FLOATS, values[4 * i + 3]);
                x0 = b3.fma(a0, x0);
                x1 = b3.fma(a1, x1);
                x2 = b3.fma(a2, x2);
                x3 = b3.fma(a3, x3);
            }
            int p = weights.places()[list] * 4 * TILE;
            u0.intoArray(to, p);
            u1.intoArray(to, p + F);
            u2.intoArray(to, p + 2 * F);
            u3.intoArray(to, p + 3 * F);
            v0.intoArray(to, p + TILE);
            v1.intoArray(to, p + TILE + F);
            v2.intoArray(to, p + TILE + 2 * F);
            v3.intoArray(to, p + TILE + 3 * F);
            w0.intoArray(to, p + 2 * TILE);
            w1.intoArray(to, p + 2 * TILE + F);
            w2.intoArray(to, p + 2 * TILE + 2 * F);
            w3.intoArray(to, p + 2 * TILE + 3 * F);
            x0.intoArray(to, p + 3 * TILE);
            x1.intoArray(to, p + 3 * TILE + F);
            x2.intoArray(to, p + 3 * TILE + 2 * F);
            x3.intoArray(to, p + 3 * TILE + 3 * F);
        }
    }
}
