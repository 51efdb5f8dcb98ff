package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.SparseGemm.TILE;

import jdk.incubator.vector.FloatVector;

/**
 * Sums of the columns of a tile that have weights: to[r, p] = sum over i of values[i, r] * tile[columns[i] + p], in
 * fused multiply-adds, for the rows p of the tile side by side. Each is one method of plain locals, see
 * {@link MicroKernels}.
 */
final class SparseKernels {
    private SparseKernels() {}

    /** One output, {@link SparseGemm#TILE} rows. Two sums each hide the latency of the additions. */
    static void outputs1(float[] tile, int[] columns, float[] values, int from, int end, float[] to, int at) {
        FloatVector u0 = FloatVector.zero(FLOATS);
        FloatVector u1 = FloatVector.zero(FLOATS);
        FloatVector u2 = FloatVector.zero(FLOATS);
        FloatVector u3 = FloatVector.zero(FLOATS);
        FloatVector v0 = FloatVector.zero(FLOATS);
        FloatVector v1 = FloatVector.zero(FLOATS);
        FloatVector v2 = FloatVector.zero(FLOATS);
        FloatVector v3 = FloatVector.zero(FLOATS);
        int i = from;
        for (; i < end - 1; i += 2) {
            int a = columns[i];
            FloatVector w = FloatVector.broadcast(FLOATS, values[i]);
            u0 = w.fma(FloatVector.fromArray(FLOATS, tile, a), u0);
            u1 = w.fma(FloatVector.fromArray(FLOATS, tile, a + F), u1);
            u2 = w.fma(FloatVector.fromArray(FLOATS, tile, a + 2 * F), u2);
            u3 = w.fma(FloatVector.fromArray(FLOATS, tile, a + 3 * F), u3);
            int b = columns[i + 1];
            FloatVector x = FloatVector.broadcast(FLOATS, values[i + 1]);
            v0 = x.fma(FloatVector.fromArray(FLOATS, tile, b), v0);
            v1 = x.fma(FloatVector.fromArray(FLOATS, tile, b + F), v1);
            v2 = x.fma(FloatVector.fromArray(FLOATS, tile, b + 2 * F), v2);
            v3 = x.fma(FloatVector.fromArray(FLOATS, tile, b + 3 * F), v3);
        }
        if (i < end) {
            int a = columns[i];
            FloatVector w = FloatVector.broadcast(FLOATS, values[i]);
            u0 = w.fma(FloatVector.fromArray(FLOATS, tile, a), u0);
            u1 = w.fma(FloatVector.fromArray(FLOATS, tile, a + F), u1);
            u2 = w.fma(FloatVector.fromArray(FLOATS, tile, a + 2 * F), u2);
            u3 = w.fma(FloatVector.fromArray(FLOATS, tile, a + 3 * F), u3);
        }
        u0.add(v0).intoArray(to, at);
        u1.add(v1).intoArray(to, at + F);
        u2.add(v2).intoArray(to, at + 2 * F);
        u3.add(v3).intoArray(to, at + 3 * F);
    }

    /** One output, one vector of rows from {@code first} on. */
    static void outputs1Narrow(float[] tile, int first, int[] columns, float[] values, int from, int end,
            float[] to, int at) {
        FloatVector u0 = FloatVector.zero(FLOATS);
        FloatVector u1 = FloatVector.zero(FLOATS);
        FloatVector u2 = FloatVector.zero(FLOATS);
        FloatVector u3 = FloatVector.zero(FLOATS);
        int i = from;
        for (; i < end - 3; i += 4) {
            u0 = FloatVector.fromArray(FLOATS, tile, first + columns[i])
                    .fma(FloatVector.broadcast(FLOATS, values[i]), u0);
            u1 = FloatVector.fromArray(FLOATS, tile, first + columns[i + 1])
                    .fma(FloatVector.broadcast(FLOATS, values[i + 1]), u1);
            u2 = FloatVector.fromArray(FLOATS, tile, first + columns[i + 2])
                    .fma(FloatVector.broadcast(FLOATS, values[i + 2]), u2);
            u3 = FloatVector.fromArray(FLOATS, tile, first + columns[i + 3])
                    .fma(FloatVector.broadcast(FLOATS, values[i + 3]), u3);
        }
        for (; i < end; i++) {
            u0 = FloatVector.fromArray(FLOATS, tile, first + columns[i])
                    .fma(FloatVector.broadcast(FLOATS, values[i]), u0);
        }
        u0.add(u1).add(u2.add(u3)).intoArray(to, at);
    }

    /** Four outputs, {@link SparseGemm#TILE} rows: 16 sums, for 32 vector registers. */
    static void outputs4(float[] tile, int[] columns, float[] values, int from, int end, float[] to, int at) {
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
        for (int i = from; i < end; i++) {
            int a = columns[i];
            FloatVector a0 = FloatVector.fromArray(FLOATS, tile, a);
            FloatVector a1 = FloatVector.fromArray(FLOATS, tile, a + F);
            FloatVector a2 = FloatVector.fromArray(FLOATS, tile, a + 2 * F);
            FloatVector a3 = FloatVector.fromArray(FLOATS, tile, a + 3 * F);
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
        u0.intoArray(to, at);
        u1.intoArray(to, at + F);
        u2.intoArray(to, at + 2 * F);
        u3.intoArray(to, at + 3 * F);
        v0.intoArray(to, at + TILE);
        v1.intoArray(to, at + TILE + F);
        v2.intoArray(to, at + TILE + 2 * F);
        v3.intoArray(to, at + TILE + 3 * F);
        w0.intoArray(to, at + 2 * TILE);
        w1.intoArray(to, at + 2 * TILE + F);
        w2.intoArray(to, at + 2 * TILE + 2 * F);
        w3.intoArray(to, at + 2 * TILE + 3 * F);
        x0.intoArray(to, at + 3 * TILE);
        x1.intoArray(to, at + 3 * TILE + F);
        x2.intoArray(to, at + 3 * TILE + 2 * F);
        x3.intoArray(to, at + 3 * TILE + 3 * F);
    }
}
