package io.tersor.bench.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/**
 * Maps values onto an axis.
 *
 * @param logarithmic whether equal ratios are equally far apart
 * @param min the value at {@code from}
 * @param max the value at {@code to}
 * @param from a coordinate
 * @param to another, on either side of it
 */
record Scale(boolean logarithmic, double min, double max, double from, double to) {
    private static final double[][] MANTISSAS = {{1}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 7},
        {1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9}};
    private static final double[] STEPS = {1, 0.5, 0.25, 0.2, 0.1, 0.05};
    private static final double ROUNDING = 1e-9;

    /** Returns the coordinate of a value. */
    double at(double value) {
        double share = logarithmic ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
        return from + share * (to - from);
    }

    /**
     * Returns round values in the range.
     *
     * @param atLeast how many, if the finest steps give as many
     * @param apart the least distance of their coordinates; those that are closer to another are left out
     */
    List<Double> ticks(int atLeast, double apart) {
        List<Double> ticks = List.of();
        int finest = logarithmic ? MANTISSAS.length : STEPS.length;
        for (int i = 0; i < finest && ticks.size() < atLeast; i++) {
            ticks = logarithmic ? logarithmic(MANTISSAS[i]) : linear(STEPS[i]);
        }
        // 1 is where ratios change sides, so that others give way to it.
        List<Double> spaced = new ArrayList<>(ticks.stream().filter(tick -> tick == 1).toList());
        for (double tick : ticks) {
            if (spaced.stream().allMatch(other -> Math.abs(at(tick) - at(other)) >= apart)) {
                spaced.add(tick);
            }
        }
        return spaced.stream().sorted().toList();
    }

    private List<Double> logarithmic(double[] mantissas) {
        List<Double> ticks = new ArrayList<>();
        for (double decade = Math.pow(10, Math.floor(Math.log10(min))); decade <= max; decade *= 10) {
            for (double mantissa : mantissas) {
                add(ticks, decade * mantissa);
            }
        }
        return ticks;
    }

    private List<Double> linear(double share) {
        List<Double> ticks = new ArrayList<>();
        double step = share * Math.pow(10, Math.ceil(Math.log10(max - min)));
        for (double tick = Math.ceil(min / step - ROUNDING) * step; tick <= max + ROUNDING * step; tick += step) {
            add(ticks, tick);
        }
        return ticks;
    }

    private void add(List<Double> ticks, double tick) {
        if (tick >= min - Math.abs(min) * ROUNDING && tick <= max * (1 + ROUNDING)) {
            ticks.add(new BigDecimal(tick).round(new MathContext(6)).doubleValue());
        }
    }

    /** Returns a tick without needless zeros. */
    static String label(double tick) {
        BigDecimal rounded = new BigDecimal(tick).round(new MathContext(4)).stripTrailingZeros();
        return rounded.signum() == 0 ? "0" : rounded.toPlainString();
    }
}
