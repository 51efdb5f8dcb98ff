package io.tersor.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SmallFloatTest {
    @ParameterizedTest
    @EnumSource(names = {"F8E4M3FN", "F8E4M3FNUZ", "F8E5M2", "F8E5M2FNUZ", "F8E8M0", "F6E2M3", "F6E3M2", "F4E2M1"})
    void everyCodeComesBack(DataType type) {
        assertTrue(SmallFloat.covers(type));
        float largest = 0;
        for (int code = 0; code < 1 << SmallFloat.codeBits(type); code++) {
            float value = SmallFloat.toFloat(type, code);
            if (Float.isFinite(value)) {
                assertEquals(code, SmallFloat.fromFloat(type, value, true), type + " " + value);
                largest = Math.max(largest, value);
            } else {
                float again = SmallFloat.toFloat(type, SmallFloat.fromFloat(type, value, false));
                assertEquals(value, again, type + " code " + code);
            }
        }
        assertEquals(type.max(), largest);
    }

    @ParameterizedTest
    @EnumSource(names = {"F8E4M3FN", "F8E4M3FNUZ", "F8E5M2", "F8E5M2FNUZ", "F6E2M3", "F6E3M2", "F4E2M1"})
    void theNearestOfTwoNeighboursAndTheEvenOneOfATie(DataType type) {
        for (int code = 0; code < (1 << SmallFloat.codeBits(type) - 1) - 1; code++) {
            float low = SmallFloat.toFloat(type, code);
            float high = SmallFloat.toFloat(type, code + 1);
            if (Float.isFinite(high)) {
                float middle = (low + high) / 2;
                assertEquals(code, SmallFloat.fromFloat(type, Math.nextDown(middle), true));
                assertEquals(code + 1, SmallFloat.fromFloat(type, Math.nextUp(middle), true));
                assertEquals(code + (code & 1), SmallFloat.fromFloat(type, middle, true), type + " tie " + middle);
                float mirrored = -SmallFloat.toFloat(type, SmallFloat.fromFloat(type, -middle, true));
                assertEquals(SmallFloat.toFloat(type, code + (code & 1)), mirrored + 0f, type + " tie " + -middle);
            }
        }
    }

    @Test
    void whatIsTooLarge() {
        assertEquals(0x7E, SmallFloat.fromFloat(DataType.F8E4M3FN, 1e6f, true));
        assertEquals(0x7F, SmallFloat.fromFloat(DataType.F8E4M3FN, 1e6f, false));
        assertEquals(0xFE, SmallFloat.fromFloat(DataType.F8E4M3FN, Float.NEGATIVE_INFINITY, true));
        assertEquals(0x7B, SmallFloat.fromFloat(DataType.F8E5M2, Float.POSITIVE_INFINITY, true));
        assertEquals(0xFC, SmallFloat.fromFloat(DataType.F8E5M2, Float.NEGATIVE_INFINITY, false));
        assertEquals(0x80, SmallFloat.fromFloat(DataType.F8E5M2FNUZ, 1e6f, false));
        assertEquals(0, SmallFloat.fromFloat(DataType.F8E4M3FNUZ, -0f, true));
        assertEquals(0x80, SmallFloat.fromFloat(DataType.F8E4M3FN, -0f, true));
        assertEquals(7, SmallFloat.fromFloat(DataType.F4E2M1, 1e6f, false));
        assertEquals(7, SmallFloat.fromFloat(DataType.F4E2M1, Float.NaN, true));
        assertEquals(7, SmallFloat.fromFloat(DataType.F4E2M1, Float.intBitsToFloat(0xFFC0_0000), true));
        assertEquals(0xF, SmallFloat.fromFloat(DataType.F4E2M1, Float.NEGATIVE_INFINITY, true));
        assertEquals(8, SmallFloat.fromFloat(DataType.F4E2M1, -0f, true));
        assertEquals(8, SmallFloat.fromFloat(DataType.F4E2M1, -0.2f, true));
    }

    /** Codes worked out from the formats: sign, exponents with a bias of 1 or 3, fractions of 3 or 2 bits. */
    @Test
    void floatsOfSixBits() {
        float[] values = {0.125f, 1, -1.5f, 7.5f, 7.2f, 7.25f, 0.0625f, 0.1875f, -0f, 1e9f, Float.NEGATIVE_INFINITY,
            Float.NaN};
        int[] e2m3 = {1, 8, 0x2C, 0x1F, 0x1E, 0x1E, 0, 2, 0x20, 0x1F, 0x3F, 0x1F};
        int[] e3m2 = {2, 12, 0x2E, 0x18, 0x17, 0x17, 1, 3, 0x20, 0x1F, 0x3F, 0x1F};
        for (int i = 0; i < values.length; i++) {
            for (boolean saturate : new boolean[] {true, false}) {
                assertEquals(e2m3[i], SmallFloat.fromFloat(DataType.F6E2M3, values[i], saturate), "e2m3 " + values[i]);
                assertEquals(e3m2[i], SmallFloat.fromFloat(DataType.F6E3M2, values[i], saturate), "e3m2 " + values[i]);
            }
        }
        assertEquals(28, SmallFloat.toFloat(DataType.F6E3M2, 0x1F));
        // What lies above the six bits is no part of the code.
        assertEquals(-1.5f, SmallFloat.toFloat(DataType.F6E2M3, 0xEC));
        assertEquals(1, SmallFloat.toFloat(DataType.F6E2M3, 0xC8));
    }

    @Test
    void powersRoundAsAsked() {
        assertEquals(127, SmallFloat.fromFloat(1f, true, SmallFloat.Scale.UP));
        assertEquals(128, SmallFloat.fromFloat(1.25f, true, SmallFloat.Scale.UP));
        assertEquals(127, SmallFloat.fromFloat(1.75f, true, SmallFloat.Scale.DOWN));
        assertEquals(127, SmallFloat.fromFloat(1.25f, true, SmallFloat.Scale.NEAREST));
        assertEquals(128, SmallFloat.fromFloat(1.5f, true, SmallFloat.Scale.NEAREST));
        assertEquals(0, SmallFloat.fromFloat(0f, true, SmallFloat.Scale.UP));
        assertEquals(255, SmallFloat.fromFloat(0f, false, SmallFloat.Scale.NEAREST));
        assertEquals(254, SmallFloat.fromFloat(Float.MAX_VALUE, true, SmallFloat.Scale.UP));
        assertEquals(255, SmallFloat.fromFloat(Float.MAX_VALUE, false, SmallFloat.Scale.UP));
    }

    @Test
    void twoBitsArePackedLowFirst() {
        Tensor signed = Tensor.allocate(Arena.ofAuto(), DataType.S2, Shape.of(5));
        long[] values = {-2, 1, 0, -1, 1};
        for (int i = 0; i < 5; i++) {
            signed.setLong(i, values[i]);
        }
        assertEquals(2, signed.byteSize());
        assertEquals((byte) 0b11000110, signed.data().get(ValueLayout.JAVA_BYTE, 0));
        assertArrayEquals(values, signed.toLongs());
    }
}
