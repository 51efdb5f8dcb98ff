package io.tersor.kernel;

/**
 * The activation functions in binary64, from their textbook formulas: relative errors of some 2^-48, so that they serve
 * as references for binary32.
 */
public final class RealFunctions {
    /** Where the series needs too many terms and the continued fraction few. */
    private static final double SERIES_END = 2.5;

    private static final int CONTINUED_FRACTION_TERMS = 120;

    private RealFunctions() {}

    /** Returns the function's value; the limit for infinite arguments. */
    public static double apply(ActivationFunction function, double x) {
        if (x == Double.NEGATIVE_INFINITY && function != ActivationFunction.IDENTITY) {
            return 0;
        }
        return switch (function) {
            case IDENTITY -> x;
            case GELU -> x / 2 * erfc(-x / Math.sqrt(2));
            // x / 2 * (1 + tanh(z)) without the cancellation for negative z.
            case GELU_TANH -> x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case SILU -> x / (1 + Math.exp(-x));
            case HARD_SWISH -> x * Math.min(Math.max(x / 6 + 0.5, 0), 1);
        };
    }

    /** Returns 1 - erf(x). */
    static double erfc(double x) {
        if (Double.isNaN(x)) {
            return x;
        }
        if (x < 0) {
            return 2 - erfc(-x);
        }
        return x < SERIES_END ? 1 - series(x) : continuedFraction(x);
    }

    /** erf(x) = 2 / sqrt(pi) * exp(-x^2) * sum of 2^n x^(2n+1) / (2n+1)!!: all terms positive. */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; term > sum * 0x1p-60; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    /** erfc(x) = exp(-x^2) / sqrt(pi) / (x + (1/2) / (x + (2/2) / (x + (3/2) / (x + ...)))). */
    private static double continuedFraction(double x) {
        double tail = x;
        for (int i = CONTINUED_FRACTION_TERMS; i > 0; i--) {
            tail = x + i / 2.0 / tail;
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
    }
}
