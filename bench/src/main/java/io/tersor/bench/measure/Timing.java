package io.tersor.bench.measure;

import java.util.Arrays;
import java.util.List;

/**
 * Times of repeated runs, in microseconds.
 *
 * @param medianMicros the middle run
 * @param minMicros the fastest run: the least disturbed one
 * @param lowMicros the run below which a quarter lies
 * @param highMicros the run above which a quarter lies
 * @param runs how many were timed
 */
public record Timing(double medianMicros, double minMicros, double lowMicros, double highMicros, int runs) {
    private static final int MAX_RUNS = 100_000;

    /**
     * Runs the work until it is warm, then times it.
     *
     * @param warmUpSeconds how long to run it untimed, at least once
     * @param timedSeconds how long to time it, at least {@code minRuns} runs
     */
    public static Timing of(Runnable work, double warmUpSeconds, double timedSeconds, int minRuns) {
        long warm = System.nanoTime() + (long) (warmUpSeconds * 1e9);
        do {
            work.run();
        } while (System.nanoTime() < warm);
        long[] nanos = new long[MAX_RUNS];
        int runs = 0;
        long end = System.nanoTime() + (long) (timedSeconds * 1e9);
        while (runs < MAX_RUNS && (runs < minRuns || System.nanoTime() < end)) {
            long start = System.nanoTime();
            work.run();
            nanos[runs++] = System.nanoTime() - start;
        }
        return ofNanos(Arrays.stream(nanos, 0, runs).mapToObj(time -> (double) time).toList());
    }

    /** Returns what the given times of single runs, in nanoseconds, amount to; at least one. */
    public static Timing ofNanos(List<Double> nanos) {
        double[] sorted = nanos.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return new Timing(quantile(sorted, 0.5), sorted[0] / 1e3, quantile(sorted, 0.25), quantile(sorted, 0.75),
                sorted.length);
    }

    private static double quantile(double[] sorted, double fraction) {
        return sorted[(int) Math.round((sorted.length - 1) * fraction)] / 1e3;
    }
}
