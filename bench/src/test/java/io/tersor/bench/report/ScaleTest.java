package io.tersor.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Axes. */
class ScaleTest {
    @Test
    void equalRatiosAreEquallyFarApart() {
        Scale scale = new Scale(true, 1, 100, 200, 0);
        assertEquals(200, scale.at(1), 1e-9);
        assertEquals(100, scale.at(10), 1e-9);
        assertEquals(0, scale.at(100), 1e-9);
        assertEquals(25, new Scale(false, 0, 4, 0, 100).at(1), 1e-9);
    }

    @ParameterizedTest
    @CsvSource({"true,0.9,1.3", "true,0.85,3.9", "true,0.001,2", "true,1e-5,2e6", "false,0,100", "false,0,95",
        "false,50,98"})
    void ticksAreInTheRangeAndApart(boolean logarithmic, double min, double max) {
        Scale scale = new Scale(logarithmic, min, max, 0, 500);
        List<Double> ticks = scale.ticks(4, 30);
        assertTrue(ticks.size() >= 3, ticks.toString());
        for (int i = 0; i < ticks.size(); i++) {
            assertTrue(ticks.get(i) >= min * (1 - 1e-6) && ticks.get(i) <= max * (1 + 1e-6), ticks.toString());
            assertTrue(i == 0 || scale.at(ticks.get(i)) - scale.at(ticks.get(i - 1)) >= 30, ticks.toString());
        }
    }

    @Test
    void oneIsNotLeftOut() {
        assertEquals(List.of(1.0), new Scale(true, 0.9, 1.25, 0, 100).ticks(3, 90));
    }

    @Test
    void labelsHaveNoNeedlessZeros() {
        assertEquals("0.5", Scale.label(0.5));
        assertEquals("2000", Scale.label(2000));
        assertEquals("0", Scale.label(0));
    }
}
