package io.tersor.compress;

/** Remembers the smallest and the largest element. */
final class MinMaxObserver implements RangeObserver {
    private float min = Float.POSITIVE_INFINITY;
    private float max = Float.NEGATIVE_INFINITY;

    @Override
    public void accept(float[] elements) {
        for (float element : elements) {
            if (!Float.isFinite(element)) {
                throw new CompressException("expected finite numbers, got " + element);
            }
            min = Math.min(min, element);
            max = Math.max(max, element);
        }
    }

    @Override
    public Range range() {
        if (min > max) {
            throw new CompressException("no elements were seen");
        }
        return new Range(min, max);
    }
}
