package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CoarseGeluTest {
    @Test
    void staysWithinItsError() {
        for (int i = -(40 << 12); i <= 40 << 12; i++) {
            float x = i / 4096f;
            double error = CoarseGelu.apply(x) - RealFunctions.apply(ActivationFunction.GELU, x);
            assertTrue(Math.abs(error) <= 1.7e-4, () -> "GELU(" + x + ") is off by " + error);
        }
    }

    @Test
    void isTheArgumentOrNothingFarOut() {
        for (float x : new float[] {4f, 10f, 1e10f, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
            assertEquals(x, CoarseGelu.apply(x), x * 1e-6f);
            assertEquals(0, CoarseGelu.apply(-x), 1e-6f);
        }
        assertTrue(Float.isNaN(CoarseGelu.apply(Float.NaN)));
        assertEquals(0, CoarseGelu.apply(0));
    }

    /** So the error is below a tenth of a step. */
    @Test
    void servesStepsThatAreNotTooFine() {
        assertTrue(CoarseGelu.serves(512));
        assertFalse(CoarseGelu.serves(Math.nextUp(512f)));
    }
}
