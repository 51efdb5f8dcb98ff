package io.tersor.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RoundingTest {
    @ParameterizedTest
    @CsvSource({"0.5, 0, 1, 0", "1.5, 2, 2, 1", "2.5, 2, 3, 2", "-0.5, 0, -1, -1", "-1.5, -2, -2, -2",
        "-2.5, -2, -3, -3", "0.49999997, 0, 0, 0", "-0.49999997, 0, 0, -1", "8388607.5, 8388608, 8388608, 8388607",
        "16777217, 16777216, 16777216, 16777216"})
    void ties(float value, double halfEven, double halfAway, double floor) {
        assertEquals(halfEven, Rounding.HALF_EVEN.round(value) + 0.0);
        assertEquals(halfAway, Rounding.HALF_AWAY.round(value) + 0.0);
        assertEquals(floor, Rounding.FLOOR.round(value) + 0.0);
    }

    @ParameterizedTest
    @EnumSource(Rounding.class)
    void agreesWithDecimalArithmetic(Rounding rounding) {
        RoundingMode mode = switch (rounding) {
            case HALF_EVEN -> RoundingMode.HALF_EVEN;
            case HALF_AWAY -> RoundingMode.HALF_UP;
            case FLOOR -> RoundingMode.FLOOR;
        };
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            float value = i % 2 == 0 ? (random.nextInt(2000) - 1000) * 0.25f
                    : (float) (random.nextGaussian() * Math.pow(2, random.nextInt(40)));
            double expected = new BigDecimal((double) value).setScale(0, mode).doubleValue();
            assertEquals(expected, rounding.round(value) + 0.0, () -> rounding + " of " + value);
        }
    }

    @ParameterizedTest
    @EnumSource(Rounding.class)
    void nonFiniteNumbersStay(Rounding rounding) {
        assertEquals(Float.NaN, rounding.round(Float.NaN));
        assertEquals(Float.POSITIVE_INFINITY, rounding.round(Float.POSITIVE_INFINITY));
        assertEquals(Float.NEGATIVE_INFINITY, rounding.round(Float.NEGATIVE_INFINITY));
    }
}
