package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/**
 * Stages of a Fourier transformation by decimation in frequency (Gentleman and Sande, "Fast Fourier Transforms: for Fun
 * and Profit", 1966) and of its inverse, for vectors of complex numbers: a vector of real parts, behind it one of
 * imaginary parts.
 *
 * <p>A stage takes {@code blocks} blocks of radix * {@code part} elements. Element i is read {@code fo + i * fs} bytes
 * from the start of the memory and written at {@code o + i * s}, which may be the same.
 * {@code twiddles} has, from index {@code first} on, cos and sin of 2 pi p j / (radix * part) for each j below part and
 * each p from 1 to radix - 1. Each stage is one method of plain locals: the compiler keeps them in registers.
 */
final class FftStages {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final long IMAGINARY = F * Float.BYTES;
    private static final float MINUS_HALF = -0.5f;
    private static final float SIN_60 = (float) Math.sqrt(0.75);

    private FftStages() {}

    /** Four parts of each block. */
    static void forward4(MemorySegment memory, long fo, long fs, long o, long s, int blocks, int part,
            float[] twiddles, int first) {
        for (int j = 0; j < part; j++) {
            int t = first + j * 6;
            FloatVector c1 = FloatVector.broadcast(FLOATS, twiddles[t]);
            FloatVector s1 = FloatVector.broadcast(FLOATS, twiddles[t + 1]);
            FloatVector c2 = FloatVector.broadcast(FLOATS, twiddles[t + 2]);
            FloatVector s2 = FloatVector.broadcast(FLOATS, twiddles[t + 3]);
            FloatVector c3 = FloatVector.broadcast(FLOATS, twiddles[t + 4]);
            FloatVector s3 = FloatVector.broadcast(FLOATS, twiddles[t + 5]);
            for (int b = 0; b < blocks; b++) {
                long i = (long) b * 4 * part + j;
                long f = fo + i * fs;
                long d = o + i * s;
                FloatVector r0 = FloatVector.fromMemorySegment(FLOATS, memory, f, ORDER);
                FloatVector i0 = FloatVector.fromMemorySegment(FLOATS, memory, f + IMAGINARY, ORDER);
                FloatVector r1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs, ORDER);
                FloatVector i1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs + IMAGINARY, ORDER);
                FloatVector r2 = FloatVector.fromMemorySegment(FLOATS, memory, f + 2 * part * fs, ORDER);
                FloatVector i2 = FloatVector.fromMemorySegment(FLOATS, memory, f + 2 * part * fs + IMAGINARY, ORDER);
                FloatVector r3 = FloatVector.fromMemorySegment(FLOATS, memory, f + 3 * part * fs, ORDER);
                FloatVector i3 = FloatVector.fromMemorySegment(FLOATS, memory, f + 3 * part * fs + IMAGINARY, ORDER);
                FloatVector ar = r0.add(r2);
                FloatVector ai = i0.add(i2);
                FloatVector br = r0.sub(r2);
                FloatVector bi = i0.sub(i2);
                FloatVector cr = r1.add(r3);
                FloatVector ci = i1.add(i3);
                FloatVector dr = i1.sub(i3);
                FloatVector di = r3.sub(r1);
                ar.add(cr).intoMemorySegment(memory, d, ORDER);
                ai.add(ci).intoMemorySegment(memory, d + IMAGINARY, ORDER);
                FloatVector xr = br.add(dr);
                FloatVector xi = bi.add(di);
                xi.fma(s1, xr.mul(c1)).intoMemorySegment(memory, d + part * s, ORDER);
                xi.mul(c1).sub(xr.mul(s1)).intoMemorySegment(memory, d + part * s + IMAGINARY, ORDER);
                FloatVector yr = ar.sub(cr);
                FloatVector yi = ai.sub(ci);
                yi.fma(s2, yr.mul(c2)).intoMemorySegment(memory, d + 2 * part * s, ORDER);
                yi.mul(c2).sub(yr.mul(s2)).intoMemorySegment(memory, d + 2 * part * s + IMAGINARY, ORDER);
                FloatVector zr = br.sub(dr);
                FloatVector zi = bi.sub(di);
                zi.fma(s3, zr.mul(c3)).intoMemorySegment(memory, d + 3 * part * s, ORDER);
                zi.mul(c3).sub(zr.mul(s3)).intoMemorySegment(memory, d + 3 * part * s + IMAGINARY, ORDER);
            }
        }
    }

    /** Undoes {@link #forward4}, but for a factor of 4. */
    static void inverse4(MemorySegment memory, long fo, long fs, long o, long s, int blocks, int part,
            float[] twiddles, int first) {
        for (int j = 0; j < part; j++) {
            int t = first + j * 6;
            FloatVector c1 = FloatVector.broadcast(FLOATS, twiddles[t]);
            FloatVector s1 = FloatVector.broadcast(FLOATS, twiddles[t + 1]);
            FloatVector c2 = FloatVector.broadcast(FLOATS, twiddles[t + 2]);
            FloatVector s2 = FloatVector.broadcast(FLOATS, twiddles[t + 3]);
            FloatVector c3 = FloatVector.broadcast(FLOATS, twiddles[t + 4]);
            FloatVector s3 = FloatVector.broadcast(FLOATS, twiddles[t + 5]);
            for (int b = 0; b < blocks; b++) {
                long i = (long) b * 4 * part + j;
                long f = fo + i * fs;
                long d = o + i * s;
                FloatVector r0 = FloatVector.fromMemorySegment(FLOATS, memory, f, ORDER);
                FloatVector i0 = FloatVector.fromMemorySegment(FLOATS, memory, f + IMAGINARY, ORDER);
                FloatVector r1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs, ORDER);
                FloatVector i1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs + IMAGINARY, ORDER);
                FloatVector r2 = FloatVector.fromMemorySegment(FLOATS, memory, f + 2 * part * fs, ORDER);
                FloatVector i2 = FloatVector.fromMemorySegment(FLOATS, memory, f + 2 * part * fs + IMAGINARY, ORDER);
                FloatVector r3 = FloatVector.fromMemorySegment(FLOATS, memory, f + 3 * part * fs, ORDER);
                FloatVector i3 = FloatVector.fromMemorySegment(FLOATS, memory, f + 3 * part * fs + IMAGINARY, ORDER);
                FloatVector u1 = r1.mul(c1).sub(i1.mul(s1));
                FloatVector v1 = r1.fma(s1, i1.mul(c1));
                FloatVector u2 = r2.mul(c2).sub(i2.mul(s2));
                FloatVector v2 = r2.fma(s2, i2.mul(c2));
                FloatVector u3 = r3.mul(c3).sub(i3.mul(s3));
                FloatVector v3 = r3.fma(s3, i3.mul(c3));
                FloatVector ar = r0.add(u2);
                FloatVector ai = i0.add(v2);
                FloatVector br = r0.sub(u2);
                FloatVector bi = i0.sub(v2);
                FloatVector cr = u1.add(u3);
                FloatVector ci = v1.add(v3);
                FloatVector dr = v3.sub(v1);
                FloatVector di = u1.sub(u3);
                ar.add(cr).intoMemorySegment(memory, d, ORDER);
                ai.add(ci).intoMemorySegment(memory, d + IMAGINARY, ORDER);
                br.add(dr).intoMemorySegment(memory, d + part * s, ORDER);
                bi.add(di).intoMemorySegment(memory, d + part * s + IMAGINARY, ORDER);
                ar.sub(cr).intoMemorySegment(memory, d + 2 * part * s, ORDER);
                ai.sub(ci).intoMemorySegment(memory, d + 2 * part * s + IMAGINARY, ORDER);
                br.sub(dr).intoMemorySegment(memory, d + 3 * part * s, ORDER);
                bi.sub(di).intoMemorySegment(memory, d + 3 * part * s + IMAGINARY, ORDER);
            }
        }
    }

    /** Two parts of each block. */
    static void forward2(MemorySegment memory, long fo, long fs, long o, long s, int blocks, int part,
            float[] twiddles, int first) {
        for (int j = 0; j < part; j++) {
            int t = first + j * 2;
            FloatVector c1 = FloatVector.broadcast(FLOATS, twiddles[t]);
            FloatVector s1 = FloatVector.broadcast(FLOATS, twiddles[t + 1]);
            for (int b = 0; b < blocks; b++) {
                long i = (long) b * 2 * part + j;
                long f = fo + i * fs;
                long d = o + i * s;
                FloatVector r0 = FloatVector.fromMemorySegment(FLOATS, memory, f, ORDER);
                FloatVector i0 = FloatVector.fromMemorySegment(FLOATS, memory, f + IMAGINARY, ORDER);
                FloatVector r1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs, ORDER);
                FloatVector i1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs + IMAGINARY, ORDER);
                r0.add(r1).intoMemorySegment(memory, d, ORDER);
                i0.add(i1).intoMemorySegment(memory, d + IMAGINARY, ORDER);
                FloatVector xr = r0.sub(r1);
                FloatVector xi = i0.sub(i1);
                xi.fma(s1, xr.mul(c1)).intoMemorySegment(memory, d + part * s, ORDER);
                xi.mul(c1).sub(xr.mul(s1)).intoMemorySegment(memory, d + part * s + IMAGINARY, ORDER);
            }
        }
    }

    /** Undoes {@link #forward2}, but for a factor of 2. */
    static void inverse2(MemorySegment memory, long fo, long fs, long o, long s, int blocks, int part,
            float[] twiddles, int first) {
        for (int j = 0; j < part; j++) {
            int t = first + j * 2;
            FloatVector c1 = FloatVector.broadcast(FLOATS, twiddles[t]);
            FloatVector s1 = FloatVector.broadcast(FLOATS, twiddles[t + 1]);
            for (int b = 0; b < blocks; b++) {
                long i = (long) b * 2 * part + j;
                long f = fo + i * fs;
                long d = o + i * s;
                FloatVector r0 = FloatVector.fromMemorySegment(FLOATS, memory, f, ORDER);
                FloatVector i0 = FloatVector.fromMemorySegment(FLOATS, memory, f + IMAGINARY, ORDER);
                FloatVector r1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs, ORDER);
                FloatVector i1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs + IMAGINARY, ORDER);
                FloatVector u1 = r1.mul(c1).sub(i1.mul(s1));
                FloatVector v1 = r1.fma(s1, i1.mul(c1));
                r0.add(u1).intoMemorySegment(memory, d, ORDER);
                i0.add(v1).intoMemorySegment(memory, d + IMAGINARY, ORDER);
                r0.sub(u1).intoMemorySegment(memory, d + part * s, ORDER);
                i0.sub(v1).intoMemorySegment(memory, d + part * s + IMAGINARY, ORDER);
            }
        }
    }

    /** Three parts of each block. */
    static void forward3(MemorySegment memory, long fo, long fs, long o, long s, int blocks, int part,
            float[] twiddles, int first) {
        for (int j = 0; j < part; j++) {
            int t = first + j * 4;
            FloatVector c1 = FloatVector.broadcast(FLOATS, twiddles[t]);
            FloatVector s1 = FloatVector.broadcast(FLOATS, twiddles[t + 1]);
            FloatVector c2 = FloatVector.broadcast(FLOATS, twiddles[t + 2]);
            FloatVector s2 = FloatVector.broadcast(FLOATS, twiddles[t + 3]);
            for (int b = 0; b < blocks; b++) {
                long i = (long) b * 3 * part + j;
                long f = fo + i * fs;
                long d = o + i * s;
                FloatVector r0 = FloatVector.fromMemorySegment(FLOATS, memory, f, ORDER);
                FloatVector i0 = FloatVector.fromMemorySegment(FLOATS, memory, f + IMAGINARY, ORDER);
                FloatVector r1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs, ORDER);
                FloatVector i1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs + IMAGINARY, ORDER);
                FloatVector r2 = FloatVector.fromMemorySegment(FLOATS, memory, f + 2 * part * fs, ORDER);
                FloatVector i2 = FloatVector.fromMemorySegment(FLOATS, memory, f + 2 * part * fs + IMAGINARY, ORDER);
                FloatVector ar = r1.add(r2);
                FloatVector ai = i1.add(i2);
                FloatVector br = ar.mul(MINUS_HALF).add(r0);
                FloatVector bi = ai.mul(MINUS_HALF).add(i0);
                FloatVector dr = i1.sub(i2).mul(SIN_60);
                FloatVector di = r2.sub(r1).mul(SIN_60);
                r0.add(ar).intoMemorySegment(memory, d, ORDER);
                i0.add(ai).intoMemorySegment(memory, d + IMAGINARY, ORDER);
                FloatVector xr = br.add(dr);
                FloatVector xi = bi.add(di);
                xi.fma(s1, xr.mul(c1)).intoMemorySegment(memory, d + part * s, ORDER);
                xi.mul(c1).sub(xr.mul(s1)).intoMemorySegment(memory, d + part * s + IMAGINARY, ORDER);
                FloatVector yr = br.sub(dr);
                FloatVector yi = bi.sub(di);
                yi.fma(s2, yr.mul(c2)).intoMemorySegment(memory, d + 2 * part * s, ORDER);
                yi.mul(c2).sub(yr.mul(s2)).intoMemorySegment(memory, d + 2 * part * s + IMAGINARY, ORDER);
            }
        }
    }

    /** Undoes {@link #forward3}, but for a factor of 3. */
    static void inverse3(MemorySegment memory, long fo, long fs, long o, long s, int blocks, int part,
            float[] twiddles, int first) {
        for (int j = 0; j < part; j++) {
            int t = first + j * 4;
            FloatVector c1 = FloatVector.broadcast(FLOATS, twiddles[t]);
            FloatVector s1 = FloatVector.broadcast(FLOATS, twiddles[t + 1]);
            FloatVector c2 = FloatVector.broadcast(FLOATS, twiddles[t + 2]);
            FloatVector s2 = FloatVector.broadcast(FLOATS, twiddles[t + 3]);
            for (int b = 0; b < blocks; b++) {
                long i = (long) b * 3 * part + j;
                long f = fo + i * fs;
                long d = o + i * s;
                FloatVector r0 = FloatVector.fromMemorySegment(FLOATS, memory, f, ORDER);
                FloatVector i0 = FloatVector.fromMemorySegment(FLOATS, memory, f + IMAGINARY, ORDER);
                FloatVector r1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs, ORDER);
                FloatVector i1 = FloatVector.fromMemorySegment(FLOATS, memory, f + part * fs + IMAGINARY, ORDER);
                FloatVector r2 = FloatVector.fromMemorySegment(FLOATS, memory, f + 2 * part * fs, ORDER);
                FloatVector i2 = FloatVector.fromMemorySegment(FLOATS, memory, f + 2 * part * fs + IMAGINARY, ORDER);
                FloatVector u1 = r1.mul(c1).sub(i1.mul(s1));
                FloatVector v1 = r1.fma(s1, i1.mul(c1));
                FloatVector u2 = r2.mul(c2).sub(i2.mul(s2));
                FloatVector v2 = r2.fma(s2, i2.mul(c2));
                FloatVector ar = u1.add(u2);
                FloatVector ai = v1.add(v2);
                FloatVector br = ar.mul(MINUS_HALF).add(r0);
                FloatVector bi = ai.mul(MINUS_HALF).add(i0);
                FloatVector dr = v2.sub(v1).mul(SIN_60);
                FloatVector di = u1.sub(u2).mul(SIN_60);
                r0.add(ar).intoMemorySegment(memory, d, ORDER);
                i0.add(ai).intoMemorySegment(memory, d + IMAGINARY, ORDER);
                br.add(dr).intoMemorySegment(memory, d + part * s, ORDER);
                bi.add(di).intoMemorySegment(memory, d + part * s + IMAGINARY, ORDER);
                br.sub(dr).intoMemorySegment(memory, d + 2 * part * s, ORDER);
                bi.sub(di).intoMemorySegment(memory, d + 2 * part * s + IMAGINARY, ORDER);
            }
        }
    }

    /**
     * Multiplies the frequencies of two real signals, of which one is the real and the other the imaginary part of what
     * was transformed, with a factor each: with Z at a place and W at the opposite one they are (Z + conj W) / 2 and
     * (Z - conj W) / 2i.
     *
     * @param at where the places start, in bytes
     * @param oppositeAt where the places start in which the opposite ones are
     * @param opposites for each place the opposite one
     * @param count of the places that are multiplied, each together with its opposite
     * @param places which these are
     * @param factors half of the factors, two complex numbers for each place
     */
    static void multiply(MemorySegment memory, long at, long oppositeAt, int[] places, int count, int[] opposites,
            MemorySegment factors, long factor) {
        long f = factor;
        for (int i = 0; i < count; i++, f += 4 * IMAGINARY) {
            long z = at + places[i] * 2 * IMAGINARY;
            long w = oppositeAt + opposites[places[i]] * 2 * IMAGINARY;
            FloatVector zr = FloatVector.fromMemorySegment(FLOATS, memory, z, ORDER);
            FloatVector zi = FloatVector.fromMemorySegment(FLOATS, memory, z + IMAGINARY, ORDER);
            FloatVector wr = FloatVector.fromMemorySegment(FLOATS, memory, w, ORDER);
            FloatVector wi = FloatVector.fromMemorySegment(FLOATS, memory, w + IMAGINARY, ORDER);
            FloatVector gr = FloatVector.fromMemorySegment(FLOATS, factors, f, ORDER);
            FloatVector gi = FloatVector.fromMemorySegment(FLOATS, factors, f + IMAGINARY, ORDER);
            FloatVector hr = FloatVector.fromMemorySegment(FLOATS, factors, f + 2 * IMAGINARY, ORDER);
            FloatVector hi = FloatVector.fromMemorySegment(FLOATS, factors, f + 3 * IMAGINARY, ORDER);
            FloatVector xr = zr.add(wr);
            FloatVector xi = zi.sub(wi);
            FloatVector yr = zi.add(wi);
            FloatVector yi = wr.sub(zr);
            FloatVector pr = xr.mul(gr).sub(xi.mul(gi));
            FloatVector pi = xr.fma(gi, xi.mul(gr));
            FloatVector qr = yr.mul(hr).sub(yi.mul(hi));
            FloatVector qi = yr.fma(hi, yi.mul(hr));
            pr.sub(qi).intoMemorySegment(memory, z, ORDER);
            pi.add(qr).intoMemorySegment(memory, z + IMAGINARY, ORDER);
            pr.add(qi).intoMemorySegment(memory, w, ORDER);
            qr.sub(pi).intoMemorySegment(memory, w + IMAGINARY, ORDER);
        }
    }
}
