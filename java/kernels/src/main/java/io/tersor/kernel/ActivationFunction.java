package io.tersor.kernel;

/**
 * Functions that a kernel may apply to its result. Each is defined here as a sequence of binary32 operations, rounded
 * half to even and fused only where {@link Math#fma} says so, which every backend but oneDNN follows step by step: they
 * agree bit for bit. The absolute error of each is below 4e-7 * max(1, |x|). NaN stays NaN.
 */
public enum ActivationFunction {
    /** x. */
    IDENTITY,
    /**
     * x * P(X &lt;= x) for a standard normal X, that is x / 2 * (1 + erf(x / sqrt(2))), Hendrycks and Gimpel 2016. The
     * error is below 9e-8 * max(1, |x|) and below 1e-3 of the result for x &gt;= -5, below 2e-9 for smaller ones.
     */
    GELU,
    /** GELU's approximation x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))), same source. */
    GELU_TANH,
    /** x / (1 + exp(-x)), also called swish; Elfwing et al. 2017. */
    SILU,
    /** x * min(max(x / 6 + 1 / 2, 0), 1); Howard et al. 2019, ONNX HardSwish. */
    HARD_SWISH;

    // exp(r) on |r| <= ln(2) / 2: the minimax polynomial of Moshier's Cephes (expf), as are the two parts of ln(2).
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** exp(-87) is still a normal number. Products with arguments below -87 are 0 for every purpose. */
    private static final float FAR = 87f;
    /** Adding it leaves no bits for a fraction. */
    private static final float ROUNDING = 0x1.8p23f;

    /** Returns the function's value. */
    public float apply(float x) {
        return switch (this) {
            case IDENTITY -> x;
            case GELU -> gelu(x);
            case GELU_TANH -> logisticTimes(x, x * (1.5957691f + 0.071354814f * (x * x)));
            case SILU -> logisticTimes(x, x);
            case HARD_SWISH -> hardSwish(x);
        };
    }

    /** exp(-t) for t &gt;= 0, of relative error below 2^-22; what is above 87 counts as 87, and so does NaN. */
    static float expOfNegative(float t) {
        float x = -(t < FAR ? t : FAR);
        float n = x * LOG2_E + ROUNDING - ROUNDING;
        float r = x - n * LN2_HIGH - n * LN2_LOW;
        float p = 1.9875691500e-4f;
        p = p * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * (r * r) + r + 1f;
        return p * Float.intBitsToFloat((int) n + 127 << 23);
    }

    /** x, kept from meeting a factor of 0 when it is -infinity. */
    private static float bounded(float x) {
        return -FAR > x ? -FAR : x;
    }

    /** x / (1 + exp(-z)), where z has the sign of x. */
    private static float logisticTimes(float x, float z) {
        float e = expOfNegative(Math.abs(z));
        return (x < 0f ? bounded(x) * e : x) / (1f + e);
    }

    /**
     * max(x, 0) - a * 2^p(a) with a = |x|, where 2^p is P(X &gt; a). p came of Remez' exchange on [0, 5.5] with
     * p(0) = -1 and the error of a * 2^p bounded both ways: 1.9e-8, and 1.4e-3 of itself. Farther out p falls faster
     * than it should, below what 1e-8 can tell; a stops where 2^p is about to be subnormal. 2^f on |f| &lt;= 1/2 is
     * minimax of the relative error, 1.1e-7, with 1 at 0.
     */
    private static float gelu(float x) {
        float magnitude = Math.abs(x);
        float a = magnitude < 10.75f ? magnitude : 10.75f;
        float p = Math.fma(-1.4141351e-6f, a, 2.2523005e-5f);
        p = Math.fma(p, a, -1.0696067e-4f);
        p = Math.fma(p, a, -3.258115e-4f);
        p = Math.fma(p, a, 7.3059136e-3f);
        p = Math.fma(p, a, -5.265959e-2f);
        p = Math.fma(p, a, -4.591569e-1f);
        p = Math.fma(p, a, -1.1511105f);
        p = Math.fma(p, a, -1f);
        float n = p + ROUNDING - ROUNDING;
        float f = p - n;
        float power = Math.fma(1.3264673e-3f, f, 9.671515e-3f);
        power = Math.fma(power, f, 5.550734e-2f);
        power = Math.fma(power, f, 2.4022242e-1f);
        power = Math.fma(power, f, 6.93147e-1f);
        power = Math.fma(power, f, 1f);
        float tail = Float.intBitsToFloat(Float.floatToRawIntBits(power) + ((int) n << 23));
        return Math.fma(-a, tail, 0f > x ? 0f : x);
    }

    private static float hardSwish(float x) {
        float h = x * 0.16666667f + 0.5f;
        h = h > 0f ? h : 0f;
        h = h < 1f ? h : 1f;
        return bounded(x) * h;
    }
}
