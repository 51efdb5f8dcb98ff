package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.CoarseGelu;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link ActivationFunction} on whole vectors: its operations in its order, so that the bits are the same. In passes
 * over arrays, since no method may take or return vectors and long ones exceed the compiler's limits.
 */
final class Functions {
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float FAR = 87f;

    private Functions() {}

    /**
     * x = f(x).
     *
     * @param x {@code count} values from {@code at} on, and room up to whole vectors
     * @param work room for as many values, from its start on
     */
    static void apply(ActivationFunction function, float[] x, int at, int count, float[] work) {
        switch (function) {
            case IDENTITY -> {}
            case GELU -> gelu(x, at, count);
            case GELU_TANH -> {
                tanhArgument(x, at, count, work);
                expOfNegative(work, count);
                logisticTimes(x, at, count, work);
            }
            case SILU -> {
                magnitude(x, at, count, work);
                expOfNegative(work, count);
                logisticTimes(x, at, count, work);
            }
            case HARD_SWISH -> hardSwish(x, at, count);
        }
    }

    private static void tanhArgument(float[] x, int at, int count, float[] t) {
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            v.mul(v).mul(0.071354814f).add(1.5957691f).mul(v).abs().intoArray(t, i);
        }
    }

    private static void magnitude(float[] x, int at, int count, float[] t) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, at + i).abs().intoArray(t, i);
        }
    }

    /** t = exp(-t) for t &gt;= 0. */
    private static void expOfNegative(float[] t, int count) {
        FloatVector far = FloatVector.broadcast(FLOATS, FAR);
        for (int i = 0; i < count; i += F) {
            FloatVector given = FloatVector.fromArray(FLOATS, t, i);
            FloatVector x = far.blend(given, given.compare(VectorOperators.LT, far)).neg();
            FloatVector rounded = x.mul(LOG2_E).add(Bytes.MAGIC);
            FloatVector n = rounded.sub(Bytes.MAGIC);
            FloatVector r = x.sub(n.mul(LN2_HIGH)).sub(n.mul(LN2_LOW));
            FloatVector p = r.mul(1.9875691500e-4f).add(1.3981999507e-3f);
            p = p.mul(r).add(8.3334519073e-3f);
            p = p.mul(r).add(4.1665795894e-2f);
            p = p.mul(r).add(1.6666665459e-1f);
            p = p.mul(r).add(5.0000001201e-1f);
            p = p.mul(r.mul(r)).add(r).add(1f);
            IntVector exponent = rounded.reinterpretAsInts().sub(Bytes.MAGIC_BITS - 127);
            p.mul(exponent.lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats()).intoArray(t, i);
        }
    }

    /** x = x / (1 + exp(-z)), where z has the sign of x and e = exp(-|z|). */
    private static void logisticTimes(float[] x, int at, int count, float[] e) {
        FloatVector far = FloatVector.broadcast(FLOATS, -FAR);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector exp = FloatVector.fromArray(FLOATS, e, i);
            FloatVector bounded = v.blend(far, v.compare(VectorOperators.LT, far));
            v.blend(bounded.mul(exp), v.compare(VectorOperators.LT, 0f)).div(exp.add(1f)).intoArray(x, at + i);
        }
    }

    /** x = {@link CoarseGelu} of x. */
    static void geluCoarse(float[] x, int at, int count) {
        FloatVector bound = FloatVector.broadcast(FLOATS, 3.940625f);
        FloatVector lowest = FloatVector.broadcast(FLOATS, -3.940625f);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector above = v.blend(lowest, v.compare(VectorOperators.LT, lowest));
            FloatVector c = above.blend(bound, above.compare(VectorOperators.GT, bound));
            FloatVector s = c.mul(c);
            FloatVector q = FloatVector.broadcast(FLOATS, 2.4725448e-8f);
            q = q.fma(s, FloatVector.broadcast(FLOATS, -1.6951443e-6f));
            q = q.fma(s, FloatVector.broadcast(FLOATS, 4.9814007e-5f));
            q = q.fma(s, FloatVector.broadcast(FLOATS, -8.314316e-4f));
            q = q.fma(s, FloatVector.broadcast(FLOATS, 8.853834e-3f));
            q = q.fma(s, FloatVector.broadcast(FLOATS, -6.4745314e-2f));
            q = q.fma(s, FloatVector.broadcast(FLOATS, 3.980019e-1f));
            above.mul(c.fma(q, FloatVector.broadcast(FLOATS, 0.5f))).intoArray(x, at + i);
        }
    }

    private static void gelu(float[] x, int at, int count) {
        FloatVector far = FloatVector.broadcast(FLOATS, 10.75f);
        FloatVector zero = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector magnitude = v.abs();
            FloatVector a = far.blend(magnitude, magnitude.compare(VectorOperators.LT, far));
            FloatVector p = FloatVector.broadcast(FLOATS, -1.4141351e-6f);
            p = p.fma(a, FloatVector.broadcast(FLOATS, 2.2523005e-5f));
            p = p.fma(a, FloatVector.broadcast(FLOATS, -1.0696067e-4f));
            p = p.fma(a, FloatVector.broadcast(FLOATS, -3.258115e-4f));
            p = p.fma(a, FloatVector.broadcast(FLOATS, 7.3059136e-3f));
            p = p.fma(a, FloatVector.broadcast(FLOATS, -5.265959e-2f));
            p = p.fma(a, FloatVector.broadcast(FLOATS, -4.591569e-1f));
            p = p.fma(a, FloatVector.broadcast(FLOATS, -1.1511105f));
            p = p.fma(a, FloatVector.broadcast(FLOATS, -1f));
            FloatVector rounded = p.add(Bytes.MAGIC);
            FloatVector f = p.sub(rounded.sub(Bytes.MAGIC));
            FloatVector power = FloatVector.broadcast(FLOATS, 1.3264673e-3f);
            power = power.fma(f, FloatVector.broadcast(FLOATS, 9.671515e-3f));
            power = power.fma(f, FloatVector.broadcast(FLOATS, 5.550734e-2f));
            power = power.fma(f, FloatVector.broadcast(FLOATS, 2.4022242e-1f));
            power = power.fma(f, FloatVector.broadcast(FLOATS, 6.93147e-1f));
            power = power.fma(f, FloatVector.broadcast(FLOATS, 1f));
            IntVector exponent = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            FloatVector tail = power.reinterpretAsInts().add(exponent).reinterpretAsFloats();
            FloatVector positive = v.blend(zero, v.compare(VectorOperators.LT, 0f));
            a.neg().fma(tail, positive).intoArray(x, at + i);
        }
    }

    private static void hardSwish(float[] x, int at, int count) {
        FloatVector far = FloatVector.broadcast(FLOATS, -FAR);
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector one = FloatVector.broadcast(FLOATS, 1f);
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            FloatVector h = v.mul(0.16666667f).add(0.5f);
            h = zero.blend(h, h.compare(VectorOperators.GT, 0f));
            h = one.blend(h, h.compare(VectorOperators.LT, 1f));
            v.blend(far, v.compare(VectorOperators.LT, far)).mul(h).intoArray(x, at + i);
        }
    }
}
