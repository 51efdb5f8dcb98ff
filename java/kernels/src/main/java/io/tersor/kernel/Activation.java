package io.tersor.kernel;

import io.tersor.OperandException;

/**
 * What a kernel applies to its result before the result is stored: y = min(max(x, lo), hi), in real units. NaN becomes
 * {@code lo}; with {@link #NONE} a NaN of a floating result stays.
 *
 * @param lo the lower bound, possibly negative infinity
 * @param hi the upper bound, possibly infinity, not below {@code lo}
 */
public record Activation(float lo, float hi) {
    /** Leaves the result as it is. */
    public static final Activation NONE = new Activation(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);

    /** max(x, 0). */
    public static final Activation RELU = new Activation(0f, Float.POSITIVE_INFINITY);

    /** min(max(x, 0), 6). */
    public static final Activation RELU6 = new Activation(0f, 6f);

    /** Checks that the bounds are ordered. */
    public Activation {
        OperandException.check(lo <= hi, "activation", "lo <= hi", lo + ", " + hi);
    }

    /** Returns the activation that keeps values between two bounds. */
    public static Activation clip(float lo, float hi) {
        return new Activation(lo, hi);
    }

    /** Returns whether nothing is changed. */
    public boolean isNone() {
        return equals(NONE);
    }

    @Override
    public String toString() {
        return isNone() ? "none" : equals(RELU) ? "relu" : "clip(" + lo + ", " + hi + ")";
    }
}
