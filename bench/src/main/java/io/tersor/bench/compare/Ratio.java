package io.tersor.bench.compare;

import io.tersor.bench.results.Estimate;
import org.apache.commons.math3.distribution.TDistribution;
import org.openjdk.jmh.util.ListStatistics;

/**
 * A ratio of two speeds, and the interval in which it lies with a confidence of 95 %.
 *
 * @param value of the geometric means
 * @param low the lower end of the interval
 * @param high the upper end
 */
record Ratio(double value, double low, double high) {
    private static final double CONFIDENCE = 0.95;

    /**
     * Returns b over a: the difference of the means of logarithms, with the interval of B. L. Welch (1947), which
     * allows for different variances; degrees of freedom by Welch and Satterthwaite.
     */
    static Ratio of(Estimate a, Estimate b) {
        ListStatistics before = logarithms(a);
        ListStatistics after = logarithms(b);
        double difference = after.getMean() - before.getMean();
        double partBefore = before.getVariance() / before.getN();
        double partAfter = after.getVariance() / after.getN();
        double variance = partBefore + partAfter;
        double width = 0;
        if (variance > 0) {
            double freedom = variance * variance / (partBefore * partBefore / (before.getN() - 1)
                    + partAfter * partAfter / (after.getN() - 1));
            width = new TDistribution(freedom).inverseCumulativeProbability((1 + CONFIDENCE) / 2)
                    * Math.sqrt(variance);
        }
        return new Ratio(Math.exp(difference), Math.exp(difference - width), Math.exp(difference + width));
    }

    private static ListStatistics logarithms(Estimate estimate) {
        return new ListStatistics(estimate.forks().stream().mapToDouble(Math::log).toArray());
    }
}
