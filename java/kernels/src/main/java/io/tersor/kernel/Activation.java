package io.tersor.kernel;

import io.tersor.OperandException;
import java.util.Locale;

/**
 * What a kernel applies to its result before the result is stored: y = min(max(f(x), lo), hi), in real units. NaN
 * becomes {@code lo}; without bounds a NaN of a floating result stays.
 *
 * @param function f
 * @param lo the lower bound, possibly negative infinity
 * @param hi the upper bound, possibly infinity, not below {@code lo}
 */
public record Activation(ActivationFunction function, float lo, float hi) {
    /** Leaves the result as it is. */
    public static final Activation NONE = of(ActivationFunction.IDENTITY);

    /** max(x, 0). */
    public static final Activation RELU = clip(0f, Float.POSITIVE_INFINITY);

    /** min(max(x, 0), 6). */
    public static final Activation RELU6 = clip(0f, 6f);

    /** {@link ActivationFunction#GELU}. */
    public static final Activation GELU = of(ActivationFunction.GELU);

    /** {@link ActivationFunction#SILU}. */
    public static final Activation SILU = of(ActivationFunction.SILU);

    /** {@link ActivationFunction#HARD_SWISH}. */
    public static final Activation HARD_SWISH = of(ActivationFunction.HARD_SWISH);

    /** Checks that the bounds are ordered. */
    public Activation {
        OperandException.check(lo <= hi, "activation", "lo <= hi", lo + ", " + hi);
    }

    /** Returns the activation that keeps values between two bounds. */
    public static Activation clip(float lo, float hi) {
        return new Activation(ActivationFunction.IDENTITY, lo, hi);
    }

    /** Returns the function without bounds. */
    public static Activation of(ActivationFunction function) {
        return new Activation(function, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
    }

    /** Returns whether nothing is changed. */
    public boolean isNone() {
        return isClip() && !isBounded();
    }

    /** Returns whether there is no function but the bounds. */
    public boolean isClip() {
        return function == ActivationFunction.IDENTITY;
    }

    /** Returns whether there is a bound. */
    public boolean isBounded() {
        return lo != Float.NEGATIVE_INFINITY || hi != Float.POSITIVE_INFINITY;
    }

    @Override
    public String toString() {
        if (isClip()) {
            return isNone() ? "none" : equals(RELU) ? "relu" : "clip(" + lo + ", " + hi + ")";
        }
        String name = function.name().toLowerCase(Locale.ROOT);
        return isBounded() ? name + " clip(" + lo + ", " + hi + ")" : name;
    }
}
