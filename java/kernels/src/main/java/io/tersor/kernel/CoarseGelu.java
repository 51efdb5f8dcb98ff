package io.tersor.kernel;

/**
 * {@link ActivationFunction#GELU} for results that are rounded to 8 bits, in half as many operations: |error| &lt;=
 * 1.7e-4, at most 0.09 of a step where it serves. {@link Epilogue} takes it there; every backend but oneDNN follows it
 * step by step, so that they agree bit for bit.
 */
public final class CoarseGelu {
    /** Steps of a result per unit, up to which it serves. */
    private static final float FINEST = 512f;

    private CoarseGelu() {}

    /** Returns whether it serves results that are multiplied by {@code outputScale} and then rounded to integers. */
    static boolean serves(float outputScale) {
        return outputScale <= FINEST;
    }

    /**
     * Returns x' * (1 / 2 + c * q(c^2)), where x' = max(x, -b) and c = min(x', b): NaN for NaN, x from b on, and
     * -8.5e-7 up to -b. q came of a linear program: the least error of the whole with q(b^2) = 1 / (2 b), and of all b
     * that with the least error.
     */
    public static float apply(float x) {
        float above = -3.940625f > x ? -3.940625f : x;
        float c = 3.940625f < above ? 3.940625f : above;
        float s = c * c;
        float q = Math.fma(2.4725448e-8f, s, -1.6951443e-6f);
        q = Math.fma(q, s, 4.9814007e-5f);
        q = Math.fma(q, s, -8.314316e-4f);
        q = Math.fma(q, s, 8.853834e-3f);
        q = Math.fma(q, s, -6.4745314e-2f);
        q = Math.fma(q, s, 3.980019e-1f);
        return above * Math.fma(c, q, 0.5f);
    }
}
