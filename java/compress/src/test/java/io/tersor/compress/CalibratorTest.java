package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CalibratorTest {
    private static Range observe(Calibrator calibrator, float... elements) {
        RangeObserver observer = calibrator.observer();
        observer.accept(elements);
        return observer.range();
    }

    @Test
    void minMaxIsTheRangeSeen() {
        assertEquals(new Range(-2, 5), observe(Calibrator.MIN_MAX, 3, -2, 5, 0));
        assertEquals(new Range(3, 3), observe(Calibrator.MIN_MAX, 3));
    }

    @ParameterizedTest
    @ValueSource(doubles = {90, 99, 99.9})
    void percentileLeavesOutAsManyAsItSays(double percent) {
        Random random = new Random(1);
        float[] elements = new float[100_000];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = (float) random.nextGaussian();
        }
        Range range = observe(new Calibrator.Percentile(percent), elements);
        long below = 0;
        long above = 0;
        for (float element : elements) {
            below += element < range.min() ? 1 : 0;
            above += element > range.max() ? 1 : 0;
        }
        double allowed = elements.length * (100 - percent) / 200;
        // A bin is at most a thousandth of the largest magnitude, here about 0.005 standard deviations.
        assertTrue(below <= allowed && below > allowed - 250, below + " of " + allowed + " left out below");
        assertTrue(above <= allowed && above > allowed - 250, above + " of " + allowed + " left out above");
    }

    @Test
    void aHundredPercentAreMinMax() {
        float[] elements = {-3, 0, 1e-3f, 7.25f, 100};
        assertEquals(new Range(-3, 100), observe(new Calibrator.Percentile(100), elements));
    }

    @Test
    void histogramDoesNotDependOnTheOrder() {
        Random random = new Random(2);
        float[] elements = new float[20_000];
        for (int i = 0; i < elements.length; i++) {
            // Magnitudes grow over six decades, so that bins are merged again and again.
            elements[i] = (float) (random.nextGaussian() * Math.pow(10, 6.0 * i / elements.length - 3));
        }
        float[] backwards = new float[elements.length];
        for (int i = 0; i < elements.length; i++) {
            backwards[i] = elements[elements.length - 1 - i];
        }
        Calibrator calibrator = new Calibrator.Percentile(99);
        assertEquals(observe(calibrator, backwards), observe(calibrator, elements));
    }

    @Test
    void histogramTakesExtremeValues() {
        Calibrator calibrator = new Calibrator.Percentile(99.99);
        assertEquals(new Range(0, 0), observe(calibrator, 0, -0f, 0));
        assertEquals(new Range(-Float.MAX_VALUE, Float.MAX_VALUE),
                observe(calibrator, -Float.MAX_VALUE, Float.MIN_VALUE, Float.MAX_VALUE));
        assertEquals(new Range(Float.MIN_VALUE, 2 * Float.MIN_VALUE),
                observe(calibrator, Float.MIN_VALUE, 2 * Float.MIN_VALUE));
    }

    @Test
    void outliersDoNotStretchThePercentileRange() {
        float[] elements = new float[100_000];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = i % 1000 / 1000f;
        }
        elements[5] = 1000;
        Range range = observe(new Calibrator.Percentile(99.99), elements);
        assertTrue(range.max() < 2, range.toString());
    }

    @Test
    void refusesWhatHasNoRange() {
        for (Calibrator calibrator : new Calibrator[] {Calibrator.MIN_MAX, new Calibrator.Percentile(99)}) {
            assertThrows(CompressException.class, () -> observe(calibrator));
            assertThrows(CompressException.class, () -> observe(calibrator, 1, Float.NaN));
            assertThrows(CompressException.class, () -> observe(calibrator, Float.POSITIVE_INFINITY));
        }
        assertThrows(CompressException.class, () -> new Calibrator.Percentile(50));
        assertThrows(CompressException.class, () -> new Calibrator.Percentile(Double.NaN));
    }
}
