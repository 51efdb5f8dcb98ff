package io.tersor.compress;

/** How the range of a value is derived from what it was seen to be. */
public sealed interface Calibrator {
    /** The whole range that was seen. */
    Calibrator MIN_MAX = new MinMax();

    /** The whole range that was seen. */
    record MinMax() implements Calibrator {
        @Override
        public RangeObserver observer() {
            return new MinMaxObserver();
        }

        @Override
        public String toString() {
            return "minmax";
        }
    }

    /**
     * The range that holds the given share of all elements, with equal shares left out below and above: elements outside
     * saturate, the others get finer steps.
     *
     * @param percent above 50, at most 100
     */
    record Percentile(double percent) implements Calibrator {
        /** The usual share. */
        public static final double USUAL = 99.99;

        /** Checks the share. */
        public Percentile {
            if (!(percent > 50 && percent <= 100)) {
                throw new CompressException("percentile: expected above 50 and at most 100, got " + percent);
            }
        }

        @Override
        public RangeObserver observer() {
            return new HistogramObserver(percent);
        }

        @Override
        public String toString() {
            return "percentile=" + percent;
        }
    }

    /** Returns a new observer of one value. */
    RangeObserver observer();
}
