package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import io.tersor.kernel.MapFunction;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** {@link MapFunction} on runs of floats in whole vectors, in passes over arrays as in {@link Functions}. */
final class MapFunctions {
    private static final float MAGIC = 0x1.8p23f;
    /** Where the error function's two approximations meet. */
    private static final float ERF_SPLIT = 0.9375f;

    private MapFunctions() {}

    /**
     * x = f(x).
     *
     * @param x {@code count} values from {@code at} on, and room up to whole vectors
     * @param work where in x there is room for as many values
     */
    static void apply(MapFunction function, float alpha, float beta, float[] x, int at, int count, int work) {
        switch (function) {
            case ABS -> abs(x, at, count);
            case NEG -> affine(x, at, count, -1f, -0f);
            case FLOOR -> integer(x, at, count, -1f);
            case CEIL -> integer(x, at, count, 1f);
            case ROUND -> integer(x, at, count, 0f);
            case SQRT -> sqrt(x, at, count);
            case RECIPROCAL -> reciprocal(x, at, count);
            case EXP -> Exponentials.exp(x, at, count, 0f);
            case LOG -> Exponentials.log(x, at, count);
            case ERF -> erf(x, at, count, work);
            case SIGMOID -> logistic(x, at, count, 1f, false, work);
            case TANH -> tanh(x, at, count, alpha, beta, work);
            case SOFTPLUS -> softplus(x, at, count, work);
            case SOFTSIGN -> softsign(x, at, count);
            case MISH -> mish(x, at, count, work);
            case SWISH -> logistic(x, at, count, alpha, true, work);
            case HARD_SIGMOID -> hardSigmoid(x, at, count, alpha, beta);
            case AFFINE -> affine(x, at, count, alpha, beta);
            case RELU -> threshold(x, at, count, 0f);
            case LEAKY_RELU -> leaky(x, at, count, alpha);
            case THRESHOLDED_RELU -> threshold(x, at, count, alpha);
            case ELU -> elu(x, at, count, 1f, alpha, beta, work);
            case CELU -> elu(x, at, count, alpha, alpha, 1f, work);
            case SIGN -> sign(x, at, count);
            case SIN, COS, TAN -> Angles.circular(function, x, at, count, work, work + Chunk.SCALE);
            case ASIN -> Angles.arcsine(x, at, count, work);
            case ACOS -> Angles.arccosine(x, at, count, work);
            case ATAN -> Angles.arctangent(x, at, count);
            case SINH -> sinh(x, at, count, work);
            case COSH -> cosh(x, at, count, work);
            case POW -> Powers.pow(x, at, count, alpha, work, work + Chunk.SCALE);
        }
    }

    private static void abs(float[] x, int at, int count) {
        for (int i = at; i < at + count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).abs().intoArray(x, i);
        }
    }

    private static void affine(float[] x, int at, int count, float alpha, float beta) {
        FloatVector offset = FloatVector.broadcast(FLOATS, beta);
        for (int i = at; i < at + count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).fma(FloatVector.broadcast(FLOATS, alpha), offset).intoArray(x, i);
        }
    }

    /** The nearest integer, or the next one in a direction; what has no fraction stays. */
    private static void integer(float[] x, int at, int count, float direction) {
        for (int i = at; i < at + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i);
            FloatVector size = v.abs();
            FloatVector sign = FloatVector.broadcast(FLOATS, 1f).blend(-1f,
                    v.reinterpretAsInts().compare(VectorOperators.LT, 0).cast(FLOATS));
            FloatVector nearest = size.add(MAGIC - 0x1p22f).sub(MAGIC - 0x1p22f).mul(sign);
            if (direction != 0f) {
                VectorMask<Float> beyond = nearest.mul(direction).compare(VectorOperators.LT, v.mul(direction));
                nearest = nearest.blend(nearest.add(direction), beyond);
            }
            v.blend(nearest, size.compare(VectorOperators.LT, 0x1p23f)).intoArray(x, i);
        }
    }

    private static void sqrt(float[] x, int at, int count) {
        for (int i = at; i < at + count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).lanewise(VectorOperators.SQRT).intoArray(x, i);
        }
    }

    private static void sign(float[] x, int at, int count) {
        for (int i = at; i < at + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i);
            v.blend(1f, v.compare(VectorOperators.GT, 0f)).blend(-1f, v.compare(VectorOperators.LT, 0f)).intoArray(x, i);
        }
    }

    /** 1 / x. */
    static void reciprocal(float[] x, int at, int count) {
        FloatVector one = FloatVector.broadcast(FLOATS, 1f);
        for (int i = at; i < at + count; i += F) {
            one.div(FloatVector.fromArray(FLOATS, x, i)).intoArray(x, i);
        }
    }

    /** work = -|factor * x|. */
    private static void minusMagnitude(float[] x, int at, int count, float factor, int work) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, at + i).mul(factor).abs().neg().intoArray(x, work + i);
        }
    }

    /** 1 / (1 + e^-z) with z = factor * x, or x times that. */
    private static void logistic(float[] x, int at, int count, float factor, boolean times, int work) {
        minusMagnitude(x, at, count, factor, work);
        Exponentials.exp(x, work, count, 0f);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector e = FloatVector.fromArray(FLOATS, x, work + i);
            VectorMask<Float> negative = v.mul(factor).compare(VectorOperators.LT, 0f);
            // An infinity must not meet a factor of 0.
            FloatVector y = times ? v.blend(v.max(-Float.MAX_VALUE).min(Float.MAX_VALUE).mul(e), negative)
                    : FloatVector.broadcast(FLOATS, 1f).blend(e, negative);
            y.div(e.add(1f)).intoArray(x, at + i);
        }
    }

    /** tanh(y) = (e^2y - 1) / (e^2y + 1), which is 1 from y = 10 on. */
    private static void tanh(float[] x, int at, int count, float alpha, float beta, int work) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, at + i).mul(beta).mul(2f).min(20f).intoArray(x, work + i);
        }
        Exponentials.expm1(x, work, count);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector e = FloatVector.fromArray(FLOATS, x, work + i);
            FloatVector y = e.div(e.add(2f)).mul(alpha);
            // Zeros keep their sign.
            y.blend(v.mul(beta).mul(alpha), v.compare(VectorOperators.EQ, 0f)).intoArray(x, at + i);
        }
    }

    /** 2 sinh(y) cosh(y) with y = |x| / 2 and e = e^y - 1: no sum cancels, and e^x may be beyond the largest float. */
    private static void sinh(float[] x, int at, int count, int work) {
        minusMagnitude(x, at, count, 0.5f, work);
        for (int i = work; i < work + count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).neg().min(88f).intoArray(x, i);
        }
        Exponentials.expm1(x, work, count);
        for (int i = 0; i < count; i += F) {
            FloatVector e = FloatVector.fromArray(FLOATS, x, work + i);
            FloatVector power = e.add(1f);
            FloatVector inverse = FloatVector.broadcast(FLOATS, 1f).div(power);
            FloatVector y = e.fma(inverse, e).mul(power.add(inverse).mul(0.5f));
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            y.blend(y.neg(), v.compare(VectorOperators.LT, 0f)).blend(v, v.compare(VectorOperators.EQ, 0f))
                    .intoArray(x, at + i);
        }
    }

    /** (e^2 + e^-2) / 2 with e = e^(|x| / 2). */
    private static void cosh(float[] x, int at, int count, int work) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, at + i).mul(0.5f).abs().intoArray(x, work + i);
        }
        Exponentials.exp(x, work, count, 0f);
        for (int i = 0; i < count; i += F) {
            FloatVector e = FloatVector.fromArray(FLOATS, x, work + i);
            FloatVector half = FloatVector.broadcast(FLOATS, 0.5f);
            e.mul(0.5f).mul(e).add(half.div(e.mul(e))).intoArray(x, at + i);
        }
    }

    /** max(x, 0) + log(1 + e) with e = e^-|x|: log(u) * e / (u - 1) with u = 1 + e as rounded, Kahan's way. */
    private static void softplus(float[] x, int at, int count, int work) {
        minusMagnitude(x, at, count, 1f, work);
        Exponentials.exp(x, work, count, 0f);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector e = FloatVector.fromArray(FLOATS, x, work + i);
            FloatVector above = e.add(1f).sub(1f);
            // Nothing is left of e in u: the logarithm is e, and what is added to x is nothing beside it.
            FloatVector ratio = e.div(above);
            ratio.blend(0f, above.compare(VectorOperators.EQ, 0f)).intoArray(x, work + i);
            v.max(0f).add(e.blend(0f, above.compare(VectorOperators.NE, 0f))).intoArray(x, at + i);
            above.add(1f).intoArray(x, work + Chunk.SCALE + i);
        }
        Exponentials.log(x, work + Chunk.SCALE, count);
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, work + i).fma(FloatVector.fromArray(FLOATS, x, work + Chunk.SCALE + i),
                    FloatVector.fromArray(FLOATS, x, at + i)).intoArray(x, at + i);
        }
    }

    private static void softsign(float[] x, int at, int count) {
        for (int i = at; i < at + count; i += F) {
            // Infinity over infinity is no number.
            FloatVector v = FloatVector.fromArray(FLOATS, x, i).max(-0x1p100f).min(0x1p100f);
            v.div(v.abs().add(1f)).intoArray(x, i);
        }
    }

    /** x * ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1), which is x from 20 on. */
    private static void mish(float[] x, int at, int count, int work) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, at + i).min(20f).intoArray(x, work + i);
        }
        Exponentials.exp(x, work, count, 0f);
        for (int i = 0; i < count; i += F) {
            FloatVector e = FloatVector.fromArray(FLOATS, x, work + i);
            FloatVector w = e.mul(e.add(2f));
            FloatVector.fromArray(FLOATS, x, at + i).max(-Float.MAX_VALUE).mul(w.div(w.add(2f))).intoArray(x, at + i);
        }
    }

    private static void hardSigmoid(float[] x, int at, int count, float alpha, float beta) {
        affine(x, at, count, alpha, beta);
        for (int i = at; i < at + count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).min(1f).max(0f).intoArray(x, i);
        }
    }

    private static void leaky(float[] x, int at, int count, float alpha) {
        for (int i = at; i < at + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i);
            v.mul(alpha).blend(v, v.compare(VectorOperators.GE, 0f)).intoArray(x, i);
        }
    }

    private static void threshold(float[] x, int at, int count, float bound) {
        for (int i = at; i < at + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i);
            v.blend(0f, v.compare(VectorOperators.LE, bound)).intoArray(x, i);
        }
    }

    /** gamma times x, or times alpha * (e^(x / width) - 1) below 0. */
    private static void elu(float[] x, int at, int count, float width, float alpha, float gamma, int work) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, at + i).min(0f).div(width).intoArray(x, work + i);
        }
        Exponentials.expm1(x, work, count);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector e = FloatVector.fromArray(FLOATS, x, work + i).mul(alpha);
            e.blend(v, v.compare(VectorOperators.GE, 0f)).mul(gamma).intoArray(x, at + i);
        }
    }

    /**
     * x * p(x^2) up to {@value #ERF_SPLIT}, beyond it 1 - e^q(|x|) with q the logarithm of the complement, 1 from 4 on; both
     * came of Chebyshev's interpolation, with errors below 6e-10 and 2e-8.
     */
    private static void erf(float[] x, int at, int count, int work) {
        for (int i = 0; i < count; i += F) {
            FloatVector t = FloatVector.fromArray(FLOATS, x, at + i).abs().min(4f);
            FloatVector q = FloatVector.broadcast(FLOATS, 1.6432831e-6f);
            q = q.fma(t, FloatVector.broadcast(FLOATS, -4.617511e-5f));
            q = q.fma(t, FloatVector.broadcast(FLOATS, 5.9774803e-4f));
            q = q.fma(t, FloatVector.broadcast(FLOATS, -4.763751e-3f));
            q = q.fma(t, FloatVector.broadcast(FLOATS, 2.6432024e-2f));
            q = q.fma(t, FloatVector.broadcast(FLOATS, -0.11009729f));
            q = q.fma(t, FloatVector.broadcast(FLOATS, -0.6318103f));
            q = q.fma(t, FloatVector.broadcast(FLOATS, -1.1302409f));
            q.fma(t, FloatVector.broadcast(FLOATS, 3.2148696e-4f)).intoArray(x, work + i);
        }
        Exponentials.exp(x, work, count, 0f);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector s = v.mul(v);
            FloatVector p = FloatVector.broadcast(FLOATS, 8.285826e-5f);
            p = p.fma(s, FloatVector.broadcast(FLOATS, -8.122961e-4f));
            p = p.fma(s, FloatVector.broadcast(FLOATS, 5.1993183e-3f));
            p = p.fma(s, FloatVector.broadcast(FLOATS, -2.6858723e-2f));
            p = p.fma(s, FloatVector.broadcast(FLOATS, 0.11283684f));
            p = p.fma(s, FloatVector.broadcast(FLOATS, -0.37612632f));
            p = p.fma(s, FloatVector.broadcast(FLOATS, 0.1283792f));
            FloatVector far = FloatVector.broadcast(FLOATS, 1f).sub(FloatVector.fromArray(FLOATS, x, work + i));
            far = far.blend(far.neg(), v.compare(VectorOperators.LT, 0f));
            p.fma(v, v).blend(far, v.abs().compare(VectorOperators.GT, ERF_SPLIT)).intoArray(x, at + i);
        }
    }
}
