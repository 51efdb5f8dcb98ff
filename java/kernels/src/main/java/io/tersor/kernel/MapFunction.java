package io.tersor.kernel;

/**
 * Functions of one number that {@link MapSpec} applies to every element, defined here by formulas in binary64. alpha and
 * beta are parameters, which a function may ignore. The scalar backend rounds these formulas once; the vector backend
 * computes in binary32 and is off by at most {@link #maxError}. NaN stays NaN; infinities give the formulas' limits.
 */
public enum MapFunction {
    /** |x|. */
    ABS(0),
    /** -x. */
    NEG(0),
    /** The largest integer that is not above x. */
    FLOOR(0),
    /** The smallest integer that is not below x. */
    CEIL(0),
    /** The nearest integer, the even one of two. */
    ROUND(0),
    /** The square root. */
    SQRT(0.5),
    /** 1 / x. */
    RECIPROCAL(0.5),
    /** e^x. */
    EXP(2),
    /** The natural logarithm. */
    LOG(2),
    /** The error function; Abramowitz and Stegun 7.1.1. */
    ERF(3),
    /** 1 / (1 + e^-x). */
    SIGMOID(3),
    /** alpha * tanh(beta * x). */
    TANH(5),
    /** log(1 + e^x). */
    SOFTPLUS(4),
    /** x / (1 + |x|). */
    SOFTSIGN(1.5),
    /** x * tanh(softplus(x)); Misra 2019. */
    MISH(5),
    /** x / (1 + e^(-alpha x)); Ramachandran et al. 2017. */
    SWISH(6),
    /** max(0, min(1, alpha * x + beta)). */
    HARD_SIGMOID(0.6),
    /** alpha * x + beta. */
    AFFINE(0.6),
    /** max(x, 0). */
    RELU(0),
    /** x for x &gt;= 0, else alpha * x. */
    LEAKY_RELU(0.5),
    /** x for x &gt; alpha, else 0. */
    THRESHOLDED_RELU(0),
    /** beta * x for x &gt;= 0, else beta * alpha * (e^x - 1): ELU, Clevert et al. 2015, and SELU, Klambauer et al. 2017. */
    ELU(4),
    /** x for x &gt;= 0, else alpha * (e^(x / alpha) - 1), alpha above 0; Barron 2017. */
    CELU(4),
    /** 1, 0 or -1 with the sign of x. */
    SIGN(0),
    /** The sine. */
    SIN(3),
    /** The cosine. */
    COS(3),
    /** The tangent. */
    TAN(5),
    /** The arcsine. */
    ASIN(3),
    /** The arccosine. */
    ACOS(3),
    /** The arctangent. */
    ATAN(3),
    /** (e^x - e^-x) / 2. */
    SINH(8),
    /** (e^x + e^-x) / 2. */
    COSH(6),
    /** x^alpha, {@link #power}. */
    POW(2);

    private final double maxUlps;

    MapFunction(double maxUlps) {
        this.maxUlps = maxUlps;
    }

    /**
     * Returns how far a backend's result may be from the formula's, y: a few units in the last place of binary32, those of
     * the smallest normal number where y is smaller, and those of 2^-10 |x| where MISH and SWISH approach 0 for negative x.
     */
    public double maxError(double x, double y) {
        double least = this == MISH || this == SWISH ? Math.max(Math.abs(x) * 0x1p-10, Float.MIN_NORMAL) : Float.MIN_NORMAL;
        return maxUlps * Math.ulp((float) Math.max(Math.abs(y), least));
    }

    /** Returns the function's value. */
    public double apply(double x, double alpha, double beta) {
        return switch (this) {
            case ABS -> Math.abs(x);
            case NEG -> -x;
            case FLOOR -> Math.floor(x);
            case CEIL -> Math.ceil(x);
            case ROUND -> Math.rint(x);
            case SQRT -> Math.sqrt(x);
            case RECIPROCAL -> 1 / x;
            case EXP -> Math.exp(x);
            case LOG -> Math.log(x);
            case ERF -> ErrorFunction.erf(x);
            case SIGMOID -> sigmoid(x);
            case TANH -> alpha * Math.tanh(beta * x);
            case SOFTPLUS -> softplus(x);
            case SOFTSIGN -> Double.isInfinite(x) ? Math.signum(x) : x / (1 + Math.abs(x));
            case MISH -> x == Double.NEGATIVE_INFINITY ? -0.0 : x * Math.tanh(softplus(x));
            case SWISH -> alpha * x == Double.NEGATIVE_INFINITY ? -0.0 * alpha : x * sigmoid(alpha * x);
            case HARD_SIGMOID -> Math.max(0, Math.min(1, alpha * x + beta));
            case AFFINE -> alpha * x + beta;
            case RELU -> x < 0 ? 0 : x;
            case LEAKY_RELU -> x >= 0 ? x : alpha * x;
            case THRESHOLDED_RELU -> x > alpha || Double.isNaN(x) ? x : 0;
            case ELU -> beta * (x >= 0 ? x : alpha * Math.expm1(x));
            case CELU -> x >= 0 ? x : alpha * Math.expm1(x / alpha);
            case SIGN -> Math.signum(x);
            case SIN -> Math.sin(x);
            case COS -> Math.cos(x);
            case TAN -> Math.tan(x);
            case ASIN -> Math.asin(x);
            case ACOS -> Math.acos(x);
            case ATAN -> Math.atan(x);
            case SINH -> Math.sinh(x);
            case COSH -> Math.cosh(x);
            case POW -> power(x, alpha);
        };
    }

    /**
     * Returns x^y as IEEE 754 (9.2.1, pow) and C have it: as {@link Math#pow}, but 1^y is 1 for every y, and so are
     * (-1)^infinity and (-1)^-infinity.
     */
    public static double power(double x, double y) {
        return x == 1 || x == -1 && Double.isInfinite(y) ? 1 : Math.pow(x, y);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double softplus(double x) {
        return x > 30 ? x + Math.exp(-x) : Math.log1p(Math.exp(x));
    }
}
