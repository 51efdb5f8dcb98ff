package io.tersor.bench.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.results.Estimate;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/** Intervals of ratios against tables of Student's t, and against draws whose ratio is known. */
class RatioTest {
    /** Quantiles of 97.5 % with 2 and 4 degrees of freedom, as tables have them. */
    private static final double T2 = 4.302653;
    private static final double T4 = 2.776445;

    private static Estimate exponentials(double... logarithms) {
        return Estimate.of(DoubleStream.of(logarithms).mapToObj(Math::exp).toList());
    }

    @Test
    void equalVariancesAddUpTheirFreedom() {
        Ratio ratio = Ratio.of(exponentials(0, 1, 2), exponentials(5, 3, 4));
        assertEquals(3, Math.log(ratio.value()), 1e-12);
        assertEquals(3 - T4 * Math.sqrt(2.0 / 3), Math.log(ratio.low()), 1e-6);
        assertEquals(3 + T4 * Math.sqrt(2.0 / 3), Math.log(ratio.high()), 1e-6);
    }

    @Test
    void withoutVarianceTheOtherSideDecides() {
        Ratio ratio = Ratio.of(exponentials(1, 1, 1), exponentials(5, 3, 4));
        assertEquals(3 - T2 / Math.sqrt(3), Math.log(ratio.low()), 1e-6);
        Ratio exact = Ratio.of(exponentials(1, 1, 1), exponentials(2, 2, 2, 2));
        assertEquals(1, Math.log(exact.value()), 1e-12);
        assertEquals(exact.value(), exact.low(), 1e-12);
        assertEquals(exact.value(), exact.high(), 1e-12);
    }

    @Test
    void intervalsCoverTheRatio() {
        SplittableRandom random = new SplittableRandom(3);
        int covered = 0;
        int draws = 20_000;
        for (int draw = 0; draw < draws; draw++) {
            Ratio ratio = Ratio.of(draw(random, 10, 0.02, 3), draw(random, 13, 0.06, 5));
            covered += ratio.low() <= 1.3 && 1.3 <= ratio.high() ? 1 : 0;
        }
        double share = (double) covered / draws;
        assertTrue(share > 0.93 && share < 0.97, "covered " + share);
    }

    private static Estimate draw(SplittableRandom random, double mean, double deviation, int forks) {
        return Estimate.of(DoubleStream.generate(() -> mean * Math.exp(deviation * random.nextGaussian())).limit(forks)
                .boxed().toList());
    }

    @Test
    void theOtherWayRoundItIsTheReciprocal() {
        Estimate a = Estimate.of(List.of(1.0, 1.1, 1.3));
        Estimate b = Estimate.of(List.of(2.0, 2.1, 2.9, 2.4));
        Ratio there = Ratio.of(a, b);
        Ratio back = Ratio.of(b, a);
        assertEquals(1 / there.value(), back.value(), 1e-12);
        assertEquals(1 / there.low(), back.high(), 1e-9);
    }
}
