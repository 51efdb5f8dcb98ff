package io.tersor.compress;

/**
 * Counts elements in bins of equal width, a power of two, and leaves out what lies beyond a percentile.
 *
 * <p>When an element does not fit, neighbouring bins are merged in pairs until it does: bins are aligned to multiples of
 * their width, so the counts in the end depend on the elements alone, not on their order. The largest magnitude lies in
 * the outer half of its side, which leaves at least a thousand bins for it.
 */
final class HistogramObserver implements RangeObserver {
    private static final int SIDE = 4096;

    private final double percent;
    private final MinMaxObserver extremes = new MinMaxObserver();
    private long[] counts = new long[2 * SIDE];
    private boolean empty = true;
    private int exponent;
    private double binsPerUnit = 1;
    private long zeros;

    HistogramObserver(double percent) {
        this.percent = percent;
    }

    @Override
    public void accept(float[] elements) {
        extremes.accept(elements);
        for (float element : elements) {
            // Zero fits every width; counting it apart lets the first other element choose one.
            if (element == 0) {
                zeros++;
            } else {
                widen(element);
                counts[bin(element)]++;
            }
        }
    }

    private int bin(float element) {
        return (int) Math.floor(element * binsPerUnit) + SIDE;
    }

    private void widen(float element) {
        if (empty) {
            setExponent(Math.getExponent((double) element) - Math.getExponent((double) SIDE) + 1);
            empty = false;
        }
        while (Math.abs(element * binsPerUnit) >= SIDE) {
            long[] merged = new long[counts.length];
            for (int bin = 0; bin < counts.length; bin++) {
                merged[(bin - SIDE >> 1) + SIDE] += counts[bin];
            }
            counts = merged;
            setExponent(exponent + 1);
        }
    }

    private void setExponent(int other) {
        exponent = other;
        binsPerUnit = Math.scalb(1.0, -other);
    }

    @Override
    public Range range() {
        Range all = extremes.range();
        long total = zeros;
        for (long count : counts) {
            total += count;
        }
        long cut = (long) Math.floor(total * (100 - percent) / 200);
        return new Range(Math.clamp(low(cut), all.min(), all.max()), Math.clamp(high(cut), all.min(), all.max()));
    }

    private long count(int bin) {
        return counts[bin] + (bin == SIDE ? zeros : 0);
    }

    /** Returns the lower edge of the bin that holds the element after the first {@code cut} ones. */
    private float low(long cut) {
        long below = 0;
        int bin = 0;
        while (below + count(bin) <= cut) {
            below += count(bin++);
        }
        return (float) Math.scalb((double) bin - SIDE, exponent);
    }

    /** Returns the upper edge of the bin that holds the element before the last {@code cut} ones. */
    private float high(long cut) {
        long above = 0;
        int bin = 2 * SIDE - 1;
        while (above + count(bin) <= cut) {
            above += count(bin--);
        }
        return (float) Math.scalb((double) bin + 1 - SIDE, exponent);
    }
}
