package io.tersor.compress;

/** Remembers the smallest and the largest element. */
final class MinMaxObserver implements RangeObserver {
    private float min = Float.POSITIVE_INFINITY;
    private float max = Float.NEGATIVE_INFINITY;

    @Override
    public void accept(float[] elements) {
        float low = min;
        float high = max;
        // Minimum and maximum of a NaN are NaN, so the loop needs no test.
        for (float element : elements) {
            low = Math.min(low, element);
            high = Math.max(high, element);
        }
        if (elements.length > 0 && !(Float.isFinite(low) && Float.isFinite(high))) {
            throw new CompressException("expected finite numbers, got " + (Float.isFinite(high) ? low : high));
        }
        min = low;
        max = high;
    }

    @Override
    public Range range() {
        if (min > max) {
            throw new CompressException("no elements were seen");
        }
        return new Range(min, max);
    }
}
