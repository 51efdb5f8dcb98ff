package io.tersor.compress;

/** Sees the elements of one value, batch by batch; the result does not depend on their order. Not thread-safe. */
public interface RangeObserver {
    /**
     * Sees some elements.
     *
     * @throws CompressException if one is not finite
     */
    void accept(float[] elements);

    /**
     * Returns the range to represent.
     *
     * @throws CompressException if no element was seen
     */
    Range range();
}
