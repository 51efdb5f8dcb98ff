package io.tersor.bench.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Means and intervals against tables of Student's t, and against draws whose mean is known. */
class EstimateTest {
    private static final int DRAWS = 20_000;
    /** Quantiles of 97.5 % with 2 and 3 degrees of freedom, as tables have them. */
    private static final double T2 = 4.302653;
    private static final double T3 = 3.182446;

    private static List<Double> exponentials(double... logarithms) {
        List<Double> figures = new ArrayList<>();
        for (double logarithm : logarithms) {
            figures.add(Math.exp(logarithm));
        }
        return figures;
    }

    @Test
    void intervalsAreThoseOfStudentsT() {
        Estimate three = Estimate.of(exponentials(1, 2, 3));
        assertEquals(2, Math.log(three.value()), 1e-12);
        assertEquals(2 - T2 / Math.sqrt(3), Math.log(three.low()), 1e-6);
        assertEquals(2 + T2 / Math.sqrt(3), Math.log(three.high()), 1e-6);
        Estimate four = Estimate.of(exponentials(0, 0, 2, 2));
        assertEquals(1 - T3 * Math.sqrt(4.0 / 3 / 4), Math.log(four.low()), 1e-6);
        assertEquals(1 + T3 * Math.sqrt(4.0 / 3 / 4), Math.log(four.high()), 1e-6);
        Estimate equal = Estimate.of(List.of(7.5, 7.5, 7.5));
        assertEquals(7.5, equal.low(), 1e-12);
        assertEquals(7.5, equal.high(), 1e-12);
    }

    @Test
    void intervalsCoverTheMeanAsOftenAsTheySay() {
        SplittableRandom random = new SplittableRandom(1);
        for (int forks : new int[] {3, 5}) {
            int covered = 0;
            for (int draw = 0; draw < DRAWS; draw++) {
                Estimate estimate = Estimate.of(figures(random, forks, 12, 0.03));
                covered += estimate.low() <= 12 && 12 <= estimate.high() ? 1 : 0;
            }
            double share = (double) covered / DRAWS;
            assertTrue(share > 0.93 && share < 0.97, forks + " forks: " + share);
        }
    }

    @Test
    void intervalsOfTheSameOverlap() {
        SplittableRandom random = new SplittableRandom(2);
        int overlapping = 0;
        int overlappingTwice = 0;
        for (int draw = 0; draw < DRAWS; draw++) {
            Estimate estimate = Estimate.of(figures(random, 3, 12, 0.03));
            overlapping += estimate.overlaps(Estimate.of(figures(random, 3, 12, 0.03))) ? 1 : 0;
            overlappingTwice += estimate.overlaps(Estimate.of(figures(random, 3, 24, 0.03))) ? 1 : 0;
        }
        assertTrue(overlapping > 0.95 * DRAWS, overlapping + " of " + DRAWS);
        assertTrue(overlappingTwice < 0.01 * DRAWS, overlappingTwice + " of " + DRAWS);
    }

    /** Figures with the given geometric mean, whose logarithms have the given standard deviation. */
    private static List<Double> figures(SplittableRandom random, int forks, double mean, double deviation) {
        return random.doubles(forks, 0, 1).mapToObj(_ -> mean * Math.exp(deviation * random.nextGaussian())).toList();
    }

    @Test
    void overlapCountsEnds() {
        Estimate low = new Estimate(1.5, 1, 2, List.of());
        assertTrue(low.overlaps(new Estimate(2.5, 2, 3, List.of())));
        assertTrue(new Estimate(2.5, 2, 3, List.of()).overlaps(low));
        assertFalse(low.overlaps(new Estimate(2.5, 2.001, 3, List.of())));
        assertFalse(new Estimate(2.5, 2.001, 3, List.of()).overlaps(low));
        assertTrue(low.overlaps(new Estimate(1.5, 1.4, 1.6, List.of())));
    }

    @Test
    void theReciprocalIsAnEstimateOfReciprocals() {
        Estimate inverse = Estimate.of(List.of(2.0, 4.0, 5.0)).inverse();
        Estimate expected = Estimate.of(List.of(0.5, 0.25, 0.2));
        assertEquals(expected.value(), inverse.value(), 1e-12);
        assertEquals(expected.low(), inverse.low(), 1e-9);
        assertEquals(expected.high(), inverse.high(), 1e-9);
        assertEquals(expected.forks(), inverse.forks());
    }

    @Test
    void figuresThatSayNothingAreRefused() {
        for (List<Double> wrong : List.of(List.of(1.0, 2.0), List.of(1.0, 0.0, 2.0), List.of(1.0, -1.0, 2.0),
                List.of(1.0, Double.NaN, 2.0), List.of(1.0, Double.POSITIVE_INFINITY, 2.0))) {
            TersorException refused = assertThrows(TersorException.class, () -> Estimate.of(wrong));
            assertTrue(refused.getMessage().contains(wrong.toString()), refused.getMessage());
        }
    }
}
