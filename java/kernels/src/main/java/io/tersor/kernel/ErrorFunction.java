package io.tersor.kernel;

/**
 * The error function in binary64: its Taylor series (Abramowitz and Stegun 7.1.6) for small arguments, the continued
 * fraction of its complement (7.1.14) for larger ones. Error about 1e-15.
 */
public final class ErrorFunction {
    private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);
    private static final double SERIES_LIMIT = 2.5;
    private static final double ONE_LIMIT = 6;

    private ErrorFunction() {}

    /** Returns erf(x), 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
    public static double erf(double x) {
        double size = Math.abs(x);
        if (Double.isNaN(x)) {
            return x;
        }
        double value = size < SERIES_LIMIT ? series(size) : size < ONE_LIMIT ? 1 - complement(size) : 1;
        return Math.copySign(value, x);
    }

    /** erf(x) = 2 / sqrt(pi) * exp(-x^2) * sum over n of 2^n x^(2n+1) / (2n+1)!!, all terms positive. */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; term > sum * 1e-17; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
    }

    /** erfc(x) = exp(-x^2) / sqrt(pi) * 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...)))). */
    private static double complement(double x) {
        double fraction = x;
        for (int n = 60; n >= 1; n--) {
            fraction = x + n / 2.0 / fraction;
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
    }
}
