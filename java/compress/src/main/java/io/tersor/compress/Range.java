package io.tersor.compress;

/**
 * An interval of real numbers that a value was seen to take, or is to be represented in.
 *
 * @param min the lower bound, finite
 * @param max the upper bound, finite, not below {@code min}
 */
public record Range(float min, float max) {
    /** Checks that the bounds are finite and ordered. */
    public Range {
        if (!(Float.isFinite(min) && Float.isFinite(max) && min <= max)) {
            throw new CompressException("range: expected finite bounds in order, got " + min + " to " + max);
        }
    }

    /** Returns the smallest range that holds both. */
    public Range union(Range other) {
        return new Range(Math.min(min, other.min), Math.max(max, other.max));
    }
}
