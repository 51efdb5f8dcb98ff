package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import org.junit.jupiter.api.Test;

class ActivationTest {
    private static final float INFINITY = Float.POSITIVE_INFINITY;

    @Test
    void boundsMustBeOrderedNumbers() {
        for (float[] wrong : new float[][] {{1, 0}, {Float.NaN, 0}, {0, Float.NaN}, {INFINITY, -INFINITY}}) {
            OperandException failure = assertThrows(OperandException.class,
                    () -> new Activation(ActivationFunction.SILU, wrong[0], wrong[1]));
            assertEquals("activation", failure.operand());
        }
        assertEquals(2f, Activation.clip(2, 2).lo());
    }

    @Test
    void tellsWhatItDoes() {
        assertTrue(Activation.NONE.isNone());
        assertTrue(Activation.NONE.isClip());
        assertFalse(Activation.NONE.isBounded());
        assertTrue(Activation.RELU.isClip() && Activation.RELU.isBounded() && !Activation.RELU.isNone());
        assertTrue(Activation.clip(-INFINITY, 1).isBounded());
        assertTrue(Activation.clip(-INFINITY, INFINITY).isNone());
        assertFalse(Activation.GELU.isClip() || Activation.GELU.isBounded() || Activation.GELU.isNone());
        Activation bounded = new Activation(ActivationFunction.GELU, 0, INFINITY);
        assertTrue(bounded.isBounded() && !bounded.isClip());
        assertEquals(Activation.NONE, Activation.of(ActivationFunction.IDENTITY));
    }

    @Test
    void printsItself() {
        assertEquals("none", Activation.NONE.toString());
        assertEquals("relu", Activation.RELU.toString());
        assertEquals("clip(0.0, 6.0)", Activation.RELU6.toString());
        assertEquals("hard_swish", Activation.HARD_SWISH.toString());
        assertEquals("gelu_tanh clip(-1.0, 2.0)", new Activation(ActivationFunction.GELU_TANH, -1, 2).toString());
    }
}
