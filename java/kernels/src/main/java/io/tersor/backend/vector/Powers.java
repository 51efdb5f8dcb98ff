package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Powers of runs of floats, in whole vectors as in {@link Exponentials}: 2^(y * log2 |x|), then what is special. The
 * exponential magnifies the logarithm's error by up to 150, so that one is computed in binary64.
 */
final class Powers {
    private static final VectorSpecies<Double> DOUBLES = VectorShape.forBitSize(Lanes.BITS).withLanes(double.class);
    private static final VectorSpecies<Float> HALF = VectorShape.forBitSize(Lanes.BITS / 2).withLanes(float.class);
    private static final int D = DOUBLES.length();

    private static final float MAGIC = 0x1.8p23f;
    private static final long ONE_BITS = Double.doubleToRawLongBits(1);
    private static final long SQRT_HALF_BITS = Double.doubleToRawLongBits(Math.sqrt(0.5));
    private static final double TWO_52 = 0x1p52;
    /** Beyond it in either direction every power is zero or infinite. */
    private static final double FAR = 200;
    /** From here on every float is an integer. */
    private static final float WHOLE = 0x1p23f;

    private Powers() {}

    /** x = x^exponent, with room for as many values at two other places. */
    static void pow(float[] a, int x, int count, float exponent, int work, int more) {
        // Products and roots where they give no more error.
        if (exponent == 2f || exponent == 4f || exponent == -2f) {
            if (exponent < 0) {
                MapFunctions.reciprocal(a, x, count);
            }
            square(a, x, count);
            if (exponent == 4f) {
                square(a, x, count);
            }
        } else if (exponent == 3f) {
            cube(a, x, count);
        } else if (exponent == 1f || exponent == -1f) {
            if (exponent < 0) {
                MapFunctions.reciprocal(a, x, count);
            }
        } else if (exponent == 0.5f || exponent == -0.5f) {
            root(a, x, count);
            if (exponent < 0) {
                MapFunctions.reciprocal(a, x, count);
            }
        } else {
            Arrays.fill(a, more, more + count, exponent);
            logarithm(a, x, more, count, work, more);
            exponential(a, count, work, more);
            Arrays.fill(a, more, more + count, exponent);
            special(a, x, more, count, work);
        }
    }

    /** x = x^y. */
    static void pow(float[] a, int x, int y, int count, int work, int more) {
        logarithm(a, x, y, count, work, more);
        exponential(a, count, work, more);
        special(a, x, y, count, work);
    }

    private static void square(float[] a, int x, int count) {
        for (int i = x; i < x + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, a, i);
            v.mul(v).intoArray(a, i);
        }
    }

    private static void cube(float[] a, int x, int count) {
        for (int i = x; i < x + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, a, i);
            v.mul(v).mul(v).intoArray(a, i);
        }
    }

    /** The square root, but of -infinity it is infinity and of -0 it is 0: those of a power. */
    private static void root(float[] a, int x, int count) {
        for (int i = x; i < x + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, a, i);
            v = v.blend(Float.POSITIVE_INFINITY, v.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
            v.lanewise(VectorOperators.SQRT).add(0f).intoArray(a, i);
        }
    }

    /**
     * high + low = y * log2 |x|, bounded. With |x| = 2^e * m and m from sqrt(1/2) to sqrt(2), log2(m) is s * p(s^2) with
     * s = (m - 1) / (m + 1); p came of Chebyshev's interpolation, with an error below 2e-11.
     */
    private static void logarithm(float[] a, int x, int y, int count, int high, int low) {
        for (int i = 0; i < count; i += D) {
            DoubleVector v = (DoubleVector) FloatVector.fromArray(HALF, a, x + i).abs()
                    .convertShape(VectorOperators.F2D, DOUBLES, 0);
            LongVector bits = v.reinterpretAsLongs();
            // No shift keeps the sign of longs in AVX2, so the exponent keeps its bias.
            LongVector exponent = bits.add(ONE_BITS - SQRT_HALF_BITS).lanewise(VectorOperators.LSHR, 52);
            DoubleVector m = bits.sub(exponent.lanewise(VectorOperators.LSHL, 52)).add(ONE_BITS).reinterpretAsDoubles();
            DoubleVector e = exponent.lanewise(VectorOperators.OR, Double.doubleToRawLongBits(TWO_52))
                    .reinterpretAsDoubles().sub(TWO_52 + 1023);
            DoubleVector s = m.sub(1).div(m.add(1));
            DoubleVector u = s.mul(s);
            DoubleVector p = DoubleVector.broadcast(DOUBLES, 0.3407211365679768);
            p = p.fma(u, DoubleVector.broadcast(DOUBLES, 0.41167329725598006));
            p = p.fma(u, DoubleVector.broadcast(DOUBLES, 0.5770835734160721));
            p = p.fma(u, DoubleVector.broadcast(DOUBLES, 0.9617966734149979));
            p = p.fma(u, DoubleVector.broadcast(DOUBLES, 2.885390081790015));
            DoubleVector log = p.fma(s, e);
            log = log.blend(Double.NEGATIVE_INFINITY, v.compare(VectorOperators.EQ, 0));
            log = log.blend(Double.POSITIVE_INFINITY, v.compare(VectorOperators.EQ, Double.POSITIVE_INFINITY));
            DoubleVector times = (DoubleVector) FloatVector.fromArray(HALF, a, y + i)
                    .convertShape(VectorOperators.F2D, DOUBLES, 0);
            DoubleVector t = log.mul(times).max(-FAR).min(FAR);
            FloatVector upper = (FloatVector) t.convertShape(VectorOperators.D2F, HALF, 0);
            DoubleVector rest = t.sub((DoubleVector) upper.convertShape(VectorOperators.F2D, DOUBLES, 0));
            upper.intoArray(a, high + i);
            ((FloatVector) rest.convertShape(VectorOperators.D2F, HALF, 0)).intoArray(a, low + i);
        }
    }

    /** high = 2^(high + low); on |f| &lt;= 1/2 2^f by Chebyshev's interpolation, with an error below 2e-8. */
    private static void exponential(float[] a, int count, int high, int low) {
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, a, high + i);
            FloatVector n = v.add(MAGIC).sub(MAGIC);
            FloatVector f = v.sub(n).add(FloatVector.fromArray(FLOATS, a, low + i));
            FloatVector p = FloatVector.broadcast(FLOATS, 1.5461676e-4f);
            p = p.fma(f, FloatVector.broadcast(FLOATS, 1.3400697e-3f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, 9.618056e-3f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, 5.5503264e-2f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, 0.2402265f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, 0.6931472f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, 1f));
            // 2^n in two factors: n may be beyond the exponents of normal numbers.
            IntVector exponent = (IntVector) n.convert(VectorOperators.F2I, 0);
            IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
            IntVector rest = exponent.sub(half);
            p.mul(half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(rest.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .intoArray(a, high + i);
        }
    }

    /** x = x^y, of which the magnitude is known where it is a finite power of a number. */
    private static void special(float[] a, int x, int y, int count, int magnitude) {
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, a, x + i);
            FloatVector times = FloatVector.fromArray(FLOATS, a, y + i);
            FloatVector size = times.abs();
            FloatVector half = size.mul(0.5f);
            VectorMask<Float> whole = size.add(WHOLE).sub(WHOLE).compare(VectorOperators.EQ, size)
                    .or(size.compare(VectorOperators.GE, WHOLE));
            VectorMask<Float> even = half.add(WHOLE).sub(WHOLE).compare(VectorOperators.EQ, half)
                    .or(half.compare(VectorOperators.GE, WHOLE));
            VectorMask<Float> signed = v.reinterpretAsInts().compare(VectorOperators.LT, 0).cast(FLOATS);
            FloatVector r = FloatVector.fromArray(FLOATS, a, magnitude + i);
            r = r.blend(r.neg(), signed.and(whole).andNot(even));
            r = r.blend(Float.NaN, v.compare(VectorOperators.LT, 0f).andNot(whole)
                    .and(v.compare(VectorOperators.GT, Float.NEGATIVE_INFINITY)));
            r = r.blend(Float.NaN, v.compare(VectorOperators.NE, v));
            r = r.blend(1f, v.abs().compare(VectorOperators.EQ, 1f)
                    .and(size.compare(VectorOperators.EQ, Float.POSITIVE_INFINITY)));
            r.blend(1f, v.compare(VectorOperators.EQ, 1f).or(times.compare(VectorOperators.EQ, 0f)))
                    .intoArray(a, x + i);
        }
    }
}
