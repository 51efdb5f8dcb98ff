package io.tersor.bench.report;

import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.WorkloadName;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How many times as fast one contender is as another on several workloads, at least one.
 *
 * @param ratios one for each workload
 */
record Speedups(List<Ratio> ratios) {
    /** A ratio on one workload. */
    record Ratio(WorkloadName workload, Estimate speed) {}

    Speedups {
        ratios = List.copyOf(ratios);
    }

    /**
     * Returns the geometric mean, in which each workload counts once: of each JVM the mean over the workloads, and of
     * these the estimate. JVMs are independent of each other, workloads within one are not.
     */
    Estimate mean() {
        int forks = ratios.stream().mapToInt(ratio -> ratio.speed().forks().size()).min().orElseThrow();
        List<Double> means = IntStream.range(0, forks).mapToObj(fork -> Math.exp(ratios.stream()
                .mapToDouble(ratio -> Math.log(ratio.speed().forks().get(fork))).average().orElseThrow())).toList();
        return forks < Estimate.MIN_FORKS ? Estimate.single(means.getFirst()) : Estimate.of(means);
    }

    /** Returns where it is slowest beside the other. */
    Ratio least() {
        return ratios.stream().min(Comparator.comparingDouble(ratio -> ratio.speed().value())).orElseThrow();
    }

    /** Returns where it is fastest beside the other. */
    Ratio most() {
        return ratios.stream().max(Comparator.comparingDouble(ratio -> ratio.speed().value())).orElseThrow();
    }

    /** Returns {@code 1.2 x as fast (1.1 to 1.3) on 3 workloads, from 1.0 x (a) to 1.5 x (b)}. */
    String sentence() {
        if (ratios.size() == 1) {
            return Phrases.ratio(ratios.getFirst().speed()) + " on " + ratios.getFirst().workload().name();
        }
        return Phrases.ratio(mean()) + " in the geometric mean over " + ratios.size() + " workloads, from "
                + Phrases.ratio(least().speed().value()) + " on " + least().workload().name() + " to "
                + Phrases.ratio(most().speed().value()) + " on " + most().workload().name();
    }
}
