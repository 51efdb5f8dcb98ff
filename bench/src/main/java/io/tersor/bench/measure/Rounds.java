package io.tersor.bench.measure;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Times several contenders in turn, round after round, so that whatever slows the machine for a while slows all of
 * them. Short runs are timed many at once.
 */
public final class Rounds {
    private static final int ROUNDS = 20;
    private static final int MIN_ROUNDS = 3;
    private static final double SAMPLE_NANOS = 20_000;
    private static final double PROBE_SHARE = 0.03;

    private final List<? extends Contender> contenders;
    private final List<List<Double>> nanos = new ArrayList<>();
    private final List<double[]> roundLeasts = new ArrayList<>();

    private Rounds(List<? extends Contender> contenders) {
        this.contenders = contenders;
    }

    /**
     * Times contenders that are warm.
     *
     * @param seconds how long to time each, at least a few runs
     */
    public static Rounds of(List<? extends Contender> contenders, double seconds) {
        Rounds rounds = new Rounds(contenders);
        rounds.time(seconds);
        return rounds;
    }

    private void time(double seconds) {
        double[] fastest = contenders.stream()
                .mapToDouble(contender -> fastest(contender, PROBE_SHARE * seconds * 1e9)).toArray();
        double slowest = 0;
        for (double run : fastest) {
            slowest = Math.max(slowest, run);
        }
        int count = (int) Math.clamp(seconds * 1e9 / slowest, MIN_ROUNDS, ROUNDS);
        for (int i = 0; i < contenders.size(); i++) {
            nanos.add(new ArrayList<>());
            roundLeasts.add(new double[count]);
        }
        for (int round = 0; round < count; round++) {
            for (int i = 0; i < contenders.size(); i++) {
                List<Double> samples = slice(contenders.get(i), fastest[i], seconds * 1e9 / count);
                roundLeasts.get(i)[round] = Collections.min(samples);
                nanos.get(i).addAll(samples);
            }
        }
    }

    /** Runs a contender for a while, at least once; returns its fastest run in nanoseconds. */
    static double fastest(Contender contender, double nanos) {
        double fastest = contender.time(1);
        double taken = fastest;
        while (taken < nanos) {
            int runs = runs(fastest);
            double time = contender.time(runs);
            fastest = Math.min(fastest, time / runs);
            taken += time;
        }
        return fastest;
    }

    private static int runs(double nanosPerRun) {
        return (int) Math.ceil(SAMPLE_NANOS / Math.max(1, nanosPerRun));
    }

    /** Returns nanoseconds per run. The first run finds the caches full of the contender before, and is left out. */
    private static List<Double> slice(Contender contender, double fastest, double nanos) {
        int runs = runs(fastest);
        if (fastest * runs < nanos / 4) {
            contender.time(runs);
        }
        List<Double> samples = new ArrayList<>();
        double taken = 0;
        do {
            double time = contender.time(runs);
            samples.add(time / runs);
            taken += time;
        } while (taken < nanos);
        return samples;
    }

    /** Returns the times of one run of a contender. */
    public Timing timing(int contender) {
        return Timing.ofNanos(nanos.get(contender));
    }

    /** Returns how many times as fast as another a contender is: the median over the rounds, of their fastest runs. */
    public double speed(int contender, int other) {
        double[] mine = roundLeasts.get(contender);
        double[] others = roundLeasts.get(other);
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < mine.length; round++) {
            ratios.add(others[round] / mine[round]);
        }
        ratios.sort(null);
        int middle = ratios.size() / 2;
        return ratios.size() % 2 == 1 ? ratios.get(middle) : Math.sqrt(ratios.get(middle - 1) * ratios.get(middle));
    }
}
