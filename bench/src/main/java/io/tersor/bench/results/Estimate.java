package io.tersor.bench.results;

import io.tersor.TersorException;
import java.util.List;
import org.openjdk.jmh.util.ListStatistics;

/**
 * A positive figure measured in several JVMs: the geometric mean, and the interval in which the mean of many such JVMs
 * lies with a confidence of 95 %, by Student's t distribution of the logarithms. What differs from one JVM to the next
 * (compiled code, places in memory, the load of the machine) is in the interval; what differs from day to day is not.
 *
 * @param value the geometric mean
 * @param low the lower end of the interval
 * @param high the upper end
 * @param forks what each JVM has measured
 */
public record Estimate(double value, double low, double high, List<Double> forks) {
    /** With fewer figures their spread says nothing. */
    public static final int MIN_FORKS = 3;
    private static final double CONFIDENCE = 0.95;

    /** Copies the list. */
    public Estimate {
        forks = List.copyOf(forks);
    }

    /**
     * Returns the estimate from figures of so many JVMs.
     *
     * @throws TersorException if they are fewer than {@link #MIN_FORKS}, or one is not positive and finite
     */
    public static Estimate of(List<Double> forks) {
        return of("estimate", forks);
    }

    /**
     * Returns the estimate from figures of so many JVMs.
     *
     * @param name of the figure, for messages
     * @throws TersorException if they are fewer than {@link #MIN_FORKS}, or one is not positive and finite
     */
    public static Estimate of(String name, List<Double> forks) {
        if (forks.size() < MIN_FORKS || forks.stream().anyMatch(x -> !(x > 0 && x < Double.POSITIVE_INFINITY))) {
            throw new TersorException(name + ": expected figures of at least " + MIN_FORKS + " JVMs, all positive, got "
                    + forks);
        }
        ListStatistics logarithms = new ListStatistics(forks.stream().mapToDouble(Math::log).toArray());
        double[] interval = logarithms.getConfidenceIntervalAt(CONFIDENCE);
        return new Estimate(Math.exp(logarithms.getMean()), Math.exp(interval[0]), Math.exp(interval[1]), forks);
    }

    /** Returns the figure of one JVM, whose spread nobody knows: an interval without width. */
    public static Estimate single(double figure) {
        return new Estimate(figure, figure, figure, List.of(figure));
    }

    /** Returns whether the intervals have a point in common: then no difference is shown. */
    public boolean overlaps(Estimate other) {
        return low <= other.high && other.low <= high;
    }

    /** Returns the estimate of the reciprocal. */
    public Estimate inverse() {
        return new Estimate(1 / value, 1 / high, 1 / low, forks.stream().map(x -> 1 / x).toList());
    }
}
