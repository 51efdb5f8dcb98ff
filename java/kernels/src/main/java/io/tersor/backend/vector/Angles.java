package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import io.tersor.kernel.MapFunction;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Trigonometric functions of runs of floats in place, in whole vectors as in {@link Exponentials}. All polynomials came of
 * Chebyshev's interpolation, with errors below 3e-8.
 */
final class Angles {
    private static final float MAGIC = 0x1.8p23f;
    private static final int SIGN = Integer.MIN_VALUE;
    /** Up to here the multiple of pi / 2 that is taken from x leaves an argument as exact as a float can be. */
    private static final float FAR = 0x1p15f;
    /** Below it, sine and tangent are x. */
    private static final float NEAR = 0x1p-14f;
    // pi / 2 in three parts.
    private static final float PART_1 = (float) (Math.PI / 2);
    private static final float PART_2 = (float) (Math.PI / 2 - PART_1);
    private static final float PART_3 = (float) (Math.PI / 2 - PART_1 - PART_2 + 6.123233995736766e-17);

    private Angles() {}

    /**
     * Sine, cosine or tangent.
     *
     * @param work where there is room for as many values
     * @param more likewise
     */
    static void circular(MapFunction function, float[] x, int at, int count, int work, int more) {
        boolean near = reduce(x, at, count, work, more);
        switch (function) {
            case SIN -> wave(x, at, count, 0, work, more);
            case COS -> wave(x, at, count, 1, work, more);
            default -> tangent(x, at, count, work, more);
        }
        for (int i = 0; i < count && !near; i++) {
            if (!(Math.abs(x[at + i]) <= FAR)) {
                x[work + i] = (float) function.apply(x[at + i], 0, 0);
            }
        }
        System.arraycopy(x, work, x, at, count);
    }

    /** work = x - n * pi / 2, more = n, the nearest integer; returns whether that is good for all. */
    private static boolean reduce(float[] x, int at, int count, int work, int more) {
        FloatVector largest = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            largest = largest.max(v.abs());
            FloatVector n = v.mul((float) (2 / Math.PI)).add(MAGIC).sub(MAGIC);
            FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -PART_1), v);
            r = n.fma(FloatVector.broadcast(FLOATS, -PART_2), r);
            n.fma(FloatVector.broadcast(FLOATS, -PART_3), r).intoArray(x, work + i);
            n.intoArray(x, more + i);
        }
        return largest.compare(VectorOperators.LE, FAR).allTrue();
    }

    /** The sine of |r| up to pi / 4, whose square is u. */
    private static FloatVector sine(FloatVector r, FloatVector u) {
        FloatVector p = FloatVector.broadcast(FLOATS, -1.9582831e-4f);
        p = p.fma(u, FloatVector.broadcast(FLOATS, 8.332725e-3f));
        p = p.fma(u, FloatVector.broadcast(FLOATS, -0.16666664f));
        return p.fma(r.mul(u), r);
    }

    /** The cosine of the root of u, up to pi / 4. */
    private static FloatVector cosine(FloatVector u) {
        FloatVector q = FloatVector.broadcast(FLOATS, 2.4542871e-5f);
        q = q.fma(u, FloatVector.broadcast(FLOATS, -1.3888279e-3f));
        q = q.fma(u, FloatVector.broadcast(FLOATS, 4.1666664e-2f));
        q = q.fma(u, FloatVector.broadcast(FLOATS, -0.5f));
        return q.fma(u, FloatVector.broadcast(FLOATS, 1f));
    }

    /** work = the sine of x, or of x + pi / 2. */
    private static void wave(float[] x, int at, int count, int quarter, int work, int more) {
        for (int i = 0; i < count; i += F) {
            FloatVector r = FloatVector.fromArray(FLOATS, x, work + i);
            FloatVector u = r.mul(r);
            FloatVector sine = sine(r, u);
            FloatVector cosine = cosine(u);
            IntVector n = ((IntVector) FloatVector.fromArray(FLOATS, x, more + i).convert(VectorOperators.F2I, 0))
                    .add(quarter);
            VectorMask<Float> odd = n.and(1).compare(VectorOperators.NE, 0).cast(FLOATS);
            FloatVector y = sine.blend(cosine, odd).reinterpretAsInts()
                    .lanewise(VectorOperators.XOR, n.and(2).lanewise(VectorOperators.LSHL, 30)).reinterpretAsFloats();
            if (quarter == 0) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
                y = y.blend(v, v.abs().compare(VectorOperators.LT, NEAR));
            }
            y.intoArray(x, work + i);
        }
    }

    private static void tangent(float[] x, int at, int count, int work, int more) {
        for (int i = 0; i < count; i += F) {
            FloatVector r = FloatVector.fromArray(FLOATS, x, work + i);
            FloatVector u = r.mul(r);
            FloatVector sine = sine(r, u);
            FloatVector cosine = cosine(u);
            IntVector n = (IntVector) FloatVector.fromArray(FLOATS, x, more + i).convert(VectorOperators.F2I, 0);
            VectorMask<Float> odd = n.and(1).compare(VectorOperators.NE, 0).cast(FLOATS);
            FloatVector y = sine.blend(cosine.neg(), odd).div(cosine.blend(sine, odd));
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            y.blend(v, v.abs().compare(VectorOperators.LT, NEAR)).intoArray(x, work + i);
        }
    }

    /** Of |x|, or of its reciprocal, which is pi / 2 less. */
    static void arctangent(float[] x, int at, int count) {
        for (int i = at; i < at + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i);
            FloatVector size = v.abs();
            VectorMask<Float> above = size.compare(VectorOperators.GT, 1f);
            FloatVector t = size.blend(FloatVector.broadcast(FLOATS, 1f).div(size), above);
            FloatVector u = t.mul(t);
            FloatVector p = FloatVector.broadcast(FLOATS, 1.4886919e-3f);
            p = p.fma(u, FloatVector.broadcast(FLOATS, -9.144629e-3f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, 2.6305001e-2f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, -4.8960514e-2f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, 7.031914e-2f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, -8.931827e-2f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, 0.11088262f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, -0.14284004f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, 0.1999995f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, -0.33333334f));
            FloatVector y = p.fma(t.mul(u), t);
            y = y.blend(FloatVector.broadcast(FLOATS, PART_1).sub(y.sub(PART_2)), above);
            y.reinterpretAsInts().lanewise(VectorOperators.OR, v.reinterpretAsInts().and(SIGN)).reinterpretAsFloats()
                    .intoArray(x, i);
        }
    }

    /** Of |x| up to 1/2, else by asin(z) = pi / 2 - 2 asin(sqrt((1 - z) / 2)); what is negative by symmetry. */
    static void arcsine(float[] x, int at, int count, int work) {
        inner(x, at, count, work);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector y = FloatVector.fromArray(FLOATS, x, work + i);
            FloatVector far = y.fma(FloatVector.broadcast(FLOATS, -2f), FloatVector.broadcast(FLOATS, PART_1)).add(PART_2);
            y = y.blend(far, v.abs().compare(VectorOperators.GT, 0.5f));
            y.reinterpretAsInts().lanewise(VectorOperators.OR, v.reinterpretAsInts().and(SIGN)).reinterpretAsFloats()
                    .intoArray(x, at + i);
        }
    }

    /** Likewise: pi / 2 less the arcsine, without its cancellation. */
    static void arccosine(float[] x, int at, int count, int work) {
        inner(x, at, count, work);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector y = FloatVector.fromArray(FLOATS, x, work + i);
            VectorMask<Float> negative = v.compare(VectorOperators.LT, 0f);
            FloatVector twice = y.add(y);
            twice = twice.blend(FloatVector.broadcast(FLOATS, 2 * PART_1).sub(twice.sub(2 * PART_2)), negative);
            FloatVector signed = y.blend(y.neg(), negative);
            FloatVector near = FloatVector.broadcast(FLOATS, PART_1).sub(signed.sub(PART_2));
            near.blend(twice, v.abs().compare(VectorOperators.GT, 0.5f)).intoArray(x, at + i);
        }
    }

    /** work = asin(t) with t = |x| up to 1/2, else sqrt((1 - |x|) / 2). */
    private static void inner(float[] x, int at, int count, int work) {
        for (int i = 0; i < count; i += F) {
            FloatVector size = FloatVector.fromArray(FLOATS, x, at + i).abs();
            VectorMask<Float> far = size.compare(VectorOperators.GT, 0.5f);
            FloatVector u = size.mul(size).blend(FloatVector.broadcast(FLOATS, 0.5f).sub(size.mul(0.5f)), far);
            FloatVector t = size.blend(u.lanewise(VectorOperators.SQRT), far);
            FloatVector p = FloatVector.broadcast(FLOATS, 3.3700727e-2f);
            p = p.fma(u, FloatVector.broadcast(FLOATS, 1.7143717e-2f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, 3.1101728e-2f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, 4.459932e-2f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, 7.500095e-2f));
            p = p.fma(u, FloatVector.broadcast(FLOATS, 0.16666666f));
            p.fma(t.mul(u), t).intoArray(x, work + i);
        }
    }
}
