package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The functions' binary32 steps against binary64 references, at the bounds that they document. */
class ActivationFunctionTest {
    /** Relative to max(1, |x|), as documented. */
    private static final double ERROR = 4e-7;

    /** Prime, so that all low bits of the patterns come up. */
    private static final int PATTERN_STEP = 16_001;

    /** Something to be checked at one argument. */
    @FunctionalInterface
    private interface Check {
        void at(float x);
    }

    /** Finite arguments: densely where the functions bend, and patterns of every exponent. */
    private static void sweep(Check check) {
        for (int i = -20 * 4096; i <= 20 * 4096; i++) {
            check.at(i / 4096f);
        }
        for (int bits = 0; bits < 0x7F800000; bits += PATTERN_STEP) {
            check.at(Float.intBitsToFloat(bits));
            check.at(-Float.intBitsToFloat(bits));
        }
    }

    @ParameterizedTest
    @EnumSource
    void staysWithinItsError(ActivationFunction function) {
        sweep(x -> {
            double expected = RealFunctions.apply(function, x);
            double allowed = function == ActivationFunction.IDENTITY ? 0 : ERROR * Math.max(1, Math.abs(x));
            float got = function.apply(x);
            assertTrue(Math.abs(got - expected) <= allowed,
                    () -> function + "(" + x + ") is " + got + ", expected " + expected + " within " + allowed);
        });
    }

    /** Tighter than for all of them, and also relative to negative results. */
    @Test
    void geluStaysWithinItsOwnErrors() {
        sweep(x -> {
            double expected = RealFunctions.apply(ActivationFunction.GELU, x);
            double error = Math.abs(ActivationFunction.GELU.apply(x) - expected);
            assertTrue(error <= 9e-8 * Math.max(1, Math.abs(x)), () -> "GELU(" + x + ") is off by " + error);
            assertTrue(x < -5 || error <= 1e-3 * Math.abs(expected) + Float.MIN_VALUE,
                    () -> "GELU(" + x + ") is off by " + error + " of " + expected);
            assertTrue(x >= -5 || error <= 2e-9, () -> "GELU(" + x + ") is off by " + error);
        });
    }

    @ParameterizedTest
    @EnumSource
    void liesBetweenZeroAndItsArgument(ActivationFunction function) {
        assumeTrue(function != ActivationFunction.IDENTITY);
        sweep(x -> {
            float got = function.apply(x);
            assertTrue(x > 0 ? got >= 0 && got <= x : got <= 0 && got >= x, () -> function + "(" + x + ") is " + got);
        });
    }

    /** All of them fall to one minimum and rise from there. */
    @ParameterizedTest
    @EnumSource
    void fallsAndRisesOnce(ActivationFunction function) {
        double minimum = switch (function) {
            case IDENTITY -> Double.NEGATIVE_INFINITY;
            case GELU -> -0.7517915;
            case GELU_TANH -> -0.7524614;
            case SILU -> -1.2784645;
            case HARD_SWISH -> -1.5;
        };
        float step = 1 / 256f;
        for (float x = -90; x < 90; x += step) {
            float here = function.apply(x);
            float next = function.apply(x + step);
            double allowed = 2 * ERROR * Math.max(1, Math.abs(x));
            float at = x;
            assertTrue(x + step <= minimum ? next <= here + allowed : x < minimum || next >= here - allowed,
                    () -> function + "(" + at + ") is " + here + ", then " + next);
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsNanAndTakesInfinities(ActivationFunction function) {
        for (int bits : new int[] {0x7FC00000, 0x7F800001, 0xFFFFFFFF}) {
            assertTrue(Float.isNaN(function.apply(Float.intBitsToFloat(bits))));
        }
        assertEquals(Float.POSITIVE_INFINITY, function.apply(Float.POSITIVE_INFINITY));
        assertEquals(Float.MAX_VALUE, function.apply(Float.MAX_VALUE));
        if (function != ActivationFunction.IDENTITY) {
            for (float x : new float[] {Float.NEGATIVE_INFINITY, -Float.MAX_VALUE, -1e30f, -1000f}) {
                assertEquals(0, function.apply(x), 1e-35, () -> function + "(" + x + ")");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void isHalfItsArgumentNearZero(ActivationFunction function) {
        float slope = function == ActivationFunction.IDENTITY ? 1f : 0.5f;
        for (float x : new float[] {0f, -0f, Float.MIN_VALUE * 2, Float.MIN_NORMAL, 1e-40f, 1e-30f, 1e-10f}) {
            assertEquals(x * slope, function.apply(x), x * 1e-6);
            assertEquals(-x * slope, function.apply(-x), x * 1e-6);
        }
    }

    @Test
    void theExponentialIsWithinItsRelativeError() {
        for (int i = 0; i <= 87 * 8192; i++) {
            float t = i / 8192f;
            double expected = Math.exp(-t);
            float got = ActivationFunction.expOfNegative(t);
            assertTrue(Math.abs(got - expected) <= 0x1p-22 * expected, () -> "exp(-" + t + ") is " + got);
        }
        for (float far : new float[] {87.5f, 1e10f, Float.POSITIVE_INFINITY, Float.NaN}) {
            assertEquals(ActivationFunction.expOfNegative(87f), ActivationFunction.expOfNegative(far));
        }
    }

    @Test
    void theReferenceKnowsTabulatedValues() {
        DoubleUnaryOperator erfc = RealFunctions::erfc;
        double[][] table = {{0, 1}, {0.5, 0.4795001221869535}, {1, 0.15729920705028513}, {2, 0.004677734981047266},
            {2.5, 4.069520174449589e-4}, {3, 2.209049699858544e-5}, {5, 1.5374597944280349e-12},
            {-1, 1.8427007929497149}};
        for (double[] row : table) {
            assertEquals(row[1], erfc.applyAsDouble(row[0]), row[1] * 1e-12, () -> "erfc(" + row[0] + ")");
        }
        assertEquals(0.8411919906082768, RealFunctions.apply(ActivationFunction.GELU_TANH, 1), 1e-12);
        assertEquals(0.7310585786300049, RealFunctions.apply(ActivationFunction.SILU, 1), 1e-12);
    }
}
