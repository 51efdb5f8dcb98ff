package io.tersor.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import org.junit.jupiter.api.Test;

class QuantParamsTest {
    @Test
    void perTensorServesEveryIndex() {
        QuantParams params = QuantParams.perTensor(0.5f, 3);
        assertEquals(0.5f, params.scale(17));
        assertEquals(3, params.zeroPoint(17));
        assertEquals(0, params.index(Shape.of(4, 5), 19));
        assertTrue(params.isPerTensor());
        assertFalse(params.isSymmetric());
    }

    @Test
    void perChannelIndicesFollowTheAxis() {
        QuantParams params = QuantParams.perChannel(1, 1f, 2f, 3f);
        Shape shape = Shape.of(2, 3, 4);
        for (int i = 0; i < 24; i++) {
            assertEquals(i / 4 % 3, params.index(shape, i));
        }
        params.check("w", DataType.S8, shape);
        assertThrows(OperandException.class, () -> params.check("w", DataType.S8, Shape.of(2, 4, 4)));
        assertThrows(OperandException.class, () -> params.check("w", DataType.S8, Shape.of(3)));
    }

    @Test
    void perGroupIndicesFollowTheAxisAndKeepTheOthersApart() {
        // [5, 2] in groups of 2 along axis 0: 3 x 2 pairs, the last group of one row.
        QuantParams params = QuantParams.perGroup(0, 2, new float[] {1, 2, 3, 4, 5, 6}, new int[6]);
        Shape shape = Shape.of(5, 2);
        int[] expected = {0, 1, 0, 1, 2, 3, 2, 3, 4, 5};
        for (int i = 0; i < 10; i++) {
            assertEquals(expected[i], params.index(shape, i));
        }
        params.check("w", DataType.S4, shape);
        assertThrows(OperandException.class, () -> params.check("w", DataType.S4, Shape.of(7, 2)));
        QuantParams inner = QuantParams.perGroup(1, 3, new float[] {1, 2, 3, 4}, new int[4]);
        assertEquals(3, inner.index(Shape.of(2, 5), 9));
        assertEquals(2, inner.index(Shape.of(2, 5), 7));
    }

    @Test
    void refusesUnusableScales() {
        for (float scale : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThrows(OperandException.class, () -> QuantParams.perTensor(scale, 0));
            assertThrows(OperandException.class, () -> QuantParams.perChannel(0, 1f, scale));
        }
        assertThrows(OperandException.class, () -> QuantParams.perChannel(0, new float[2], new int[3]));
        assertThrows(OperandException.class, () -> QuantParams.perChannel(-1, 1f));
        assertThrows(OperandException.class, () -> QuantParams.perGroup(0, 0, new float[] {1}, new int[1]));
    }

    @Test
    void zeroPointsAreValuesOfTheType() {
        QuantParams params = QuantParams.perTensor(1, 200);
        params.checkZeroPoints("src", DataType.U8);
        OperandException failure = assertThrows(OperandException.class,
                () -> params.checkZeroPoints("src", DataType.S8));
        assertTrue(failure.getMessage().contains("src zeroPoint") && failure.getMessage().contains("200"));
        assertThrows(OperandException.class, () -> params.checkZeroPoints("src", DataType.F32));
        assertThrows(OperandException.class, () -> QuantParams.perTensor(1, 16).checkZeroPoints("w", DataType.U4));
    }

    @Test
    void isImmutableAndComparable() {
        float[] scales = {1, 2};
        QuantParams params = QuantParams.perChannel(0, scales, new int[] {3, 4});
        scales[0] = 9;
        assertEquals(QuantParams.perChannel(0, new float[] {1, 2}, new int[] {3, 4}), params);
        assertNotEquals(QuantParams.perChannel(1, new float[] {1, 2}, new int[] {3, 4}), params);
        assertNotEquals(params.withReconstruction(Reconstruction.MIDPOINT), params);
        assertNotEquals(QuantParams.perChannel(0, 1f), QuantParams.perTensor(1, 0));
        assertEquals("scale 0.5, zeroPoint 3", QuantParams.perTensor(0.5f, 3).toString());
    }
}
