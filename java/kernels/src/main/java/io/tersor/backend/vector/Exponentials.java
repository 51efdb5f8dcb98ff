package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Exponentials and the logarithm of runs of floats in place, in whole vectors: what lies behind a run up to a whole
 * vector is changed too. Written out in additions, multiplications and fused ones, so that the bits do not depend on
 * whether the JVM has compiled them yet, as those of its own vector functions do.
 *
 * <p>e^x is 2^n * e^r with n = rint(x / ln 2) and |r| &lt;= ln(2) / 2, e^r by its Taylor polynomial of degree 7, whose
 * remainder is below half a unit in the last place.
 */
final class Exponentials {
    private static final float MAGIC = 0x1.8p23f;
    // Below the first, e^x is zero in binary32; above the second, infinite.
    private static final float LOWEST = -104f;
    private static final float HIGHEST = 89f;
    private static final float LOG2_E = (float) (1 / Math.log(2));
    // ln 2 in two parts, the first with few enough bits that n times it is exact.
    private static final float LN2_HIGH = 0x1.62e4p-1f;
    private static final float LN2_LOW = (float) (Math.log(2) - LN2_HIGH);
    private static final int SQRT_HALF_BITS = Float.floatToRawIntBits((float) Math.sqrt(0.5));

    private Exponentials() {}

    /** x = e^(x - subtracted), as if the difference were exact. */
    static void exp(float[] x, int at, int count, float subtracted) {
        for (int i = at; i < at + count; i += F) {
            FloatVector given = FloatVector.fromArray(FLOATS, x, i);
            FloatVector difference = given.sub(subtracted);
            FloatVector v = difference.max(LOWEST).min(HIGHEST);
            FloatVector n = v.mul(LOG2_E).add(MAGIC).sub(MAGIC);
            // What rounding took from the difference (Knuth's exact sum), which the exponential would magnify; 0 if tiny.
            FloatVector taken = difference.sub(given);
            FloatVector error = given.sub(difference.sub(taken)).sub(taken.add(subtracted));
            error = error.blend(0f, v.compare(VectorOperators.NE, difference));
            FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN2_HIGH), v);
            r = n.fma(FloatVector.broadcast(FLOATS, -LN2_LOW), r).add(error);
            FloatVector p = FloatVector.broadcast(FLOATS, 1f / 5040);
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 720));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 120));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 24));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 6));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f));
            // 2^n in two factors: n may be beyond the exponents of normal numbers.
            IntVector exponent = (IntVector) n.convert(VectorOperators.F2I, 0);
            IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
            IntVector rest = exponent.sub(half);
            p.mul(half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(rest.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .intoArray(x, i);
        }
    }

    /** x = e^x - 1, for x up to 88; where x is small, too, the error is small beside the result. */
    static void expm1(float[] x, int at, int count) {
        for (int i = at; i < at + count; i += F) {
            // e^-20 is below half a unit in the last place of 1.
            FloatVector v = FloatVector.fromArray(FLOATS, x, i).max(-20f);
            FloatVector n = v.mul(LOG2_E).add(MAGIC).sub(MAGIC);
            FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN2_HIGH), v);
            r = n.fma(FloatVector.broadcast(FLOATS, -LN2_LOW), r);
            FloatVector p = FloatVector.broadcast(FLOATS, 1f / 5040);
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 720));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 120));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 24));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 6));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
            p = p.fma(r.mul(r), r);
            IntVector exponent = (IntVector) n.convert(VectorOperators.F2I, 0);
            FloatVector power = exponent.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
            p.fma(power, power.sub(1f)).intoArray(x, i);
        }
    }

    /**
     * x = log(x). With x = 2^e * (1 + f) and 1 + f from sqrt(1/2) to sqrt(2), log(1 + f) is f - f^2 / 2 + f^3 * p(f), where
     * p came of Chebyshev's interpolation: its error is below 3e-8.
     */
    static void log(float[] x, int at, int count) {
        for (int i = at; i < at + count; i += F) {
            FloatVector given = FloatVector.fromArray(FLOATS, x, i);
            VectorMask<Float> tiny = given.compare(VectorOperators.LT, Float.MIN_NORMAL);
            IntVector bits = given.blend(given.mul(0x1p23f), tiny).reinterpretAsInts();
            IntVector exponent = bits.sub(SQRT_HALF_BITS).lanewise(VectorOperators.ASHR, 23);
            FloatVector f = bits.sub(exponent.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(1f);
            FloatVector e = (FloatVector) exponent.convert(VectorOperators.I2F, 0);
            e = e.blend(e.sub(23f), tiny);
            FloatVector p = FloatVector.broadcast(FLOATS, 0.06971612f);
            p = p.fma(f, FloatVector.broadcast(FLOATS, -0.11479734f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, 0.1168542f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, -0.12425687f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, 0.14249058f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, -0.16667803f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, 0.20000716f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, -0.24999997f));
            p = p.fma(f, FloatVector.broadcast(FLOATS, 0.3333333f));
            FloatVector square = f.mul(f);
            FloatVector y = e.fma(FloatVector.broadcast(FLOATS, LN2_LOW), p.mul(square).mul(f));
            y = square.fma(FloatVector.broadcast(FLOATS, -0.5f), y).add(f);
            y = e.fma(FloatVector.broadcast(FLOATS, LN2_HIGH), y);
            y = y.blend(given, given.compare(VectorOperators.EQ, Float.POSITIVE_INFINITY));
            y = y.blend(Float.NEGATIVE_INFINITY, given.compare(VectorOperators.EQ, 0f));
            // Neither below nor above: negative numbers and NaN.
            y.blend(Float.NaN, given.compare(VectorOperators.GE, 0f).not()).intoArray(x, i);
        }
    }
}
