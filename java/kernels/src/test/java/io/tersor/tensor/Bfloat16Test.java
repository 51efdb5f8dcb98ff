package io.tersor.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Bfloat16Test {
    private static final short INFINITY = 0x7F80;

    /** The value of a finite pattern, from its fields. */
    private static BigDecimal valueOf(int bits) {
        int exponent = bits >> 7 & 0xFF;
        int fraction = bits & 0x7F | (exponent == 0 ? 0 : 0x80);
        BigDecimal magnitude = new BigDecimal(Math.scalb((double) fraction, Math.max(exponent, 1) - 127 - 7));
        return (bits & 0x8000) == 0 ? magnitude : magnitude.negate();
    }

    private static short bits(float value) {
        return Bfloat16.fromFloat(value);
    }

    @Test
    void everyPatternSurvivesTheRoundTrip() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float value = Bfloat16.toFloat((short) bits);
            if (Float.isNaN(value)) {
                assertEquals((short) (bits | 0x40), bits(value), "a NaN becomes quiet and keeps the rest");
            } else {
                assertEquals((short) bits, bits(value));
            }
        }
    }

    @Test
    void patternsMeanWhatTheirFieldsSay() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float value = Bfloat16.toFloat((short) bits);
            boolean special = (bits & INFINITY) == INFINITY;
            assertEquals(special && (bits & 0x7F) != 0, Float.isNaN(value));
            assertEquals(special && (bits & 0x7F) == 0, Float.isInfinite(value));
            if (!special) {
                String pattern = "0x" + Integer.toHexString(bits);
                assertEquals(0, valueOf(bits).compareTo(new BigDecimal((double) value)), pattern);
            }
        }
        assertEquals(Float.NEGATIVE_INFINITY, Bfloat16.toFloat((short) 0xFF80));
        assertEquals(Float.floatToRawIntBits(-0f), Float.floatToRawIntBits(Bfloat16.toFloat((short) 0x8000)));
    }

    @Test
    void aTieGoesToTheEvenNeighbour() {
        for (int bits = 0; bits < 0x7F7F; bits++) {
            int between = bits << 16 | 0x8000;
            int even = bits + (bits & 1);
            for (int sign : new int[] {0, 0x8000}) {
                assertEquals((short) (even | sign), bits(Float.intBitsToFloat(between | sign << 16)));
                assertEquals((short) (bits | sign), bits(Float.intBitsToFloat(between - 1 | sign << 16)));
                assertEquals((short) (bits + 1 | sign), bits(Float.intBitsToFloat(between + 1 | sign << 16)));
            }
        }
    }

    @Test
    void theNearestIsTaken() {
        Random random = new Random(1);
        for (int i = 0; i < 50_000; i++) {
            float value = Float.intBitsToFloat(random.nextInt(0x7F7F0000));
            int below = Float.floatToRawIntBits(value) >>> 16;
            BigDecimal exact = new BigDecimal((double) value);
            int nearer = exact.subtract(valueOf(below)).compareTo(valueOf(below + 1).subtract(exact));
            int expected = nearer < 0 || nearer == 0 && (below & 1) == 0 ? below : below + 1;
            assertEquals((short) expected, bits(value), () -> "" + value);
            assertEquals((short) (expected | 0x8000), bits(-value), () -> "" + -value);
        }
    }

    @Test
    void tooLargeValuesBecomeInfinite() {
        assertEquals((short) 0x7F7F, bits((float) DataType.BF16.max()));
        float tie = 0x1.FFp127f;
        assertEquals((short) 0x7F7F, bits(Math.nextDown(tie)));
        assertEquals(INFINITY, bits(tie));
        assertEquals(INFINITY, bits(Float.MAX_VALUE));
        assertEquals(INFINITY, bits(Float.POSITIVE_INFINITY));
        assertEquals((short) 0xFF80, bits(-Float.MAX_VALUE));
        assertEquals((short) 0xFF80, bits(Float.NEGATIVE_INFINITY));
    }

    @Test
    void subnormalsAndZerosKeepTheirSigns() {
        assertEquals((short) 0, bits(0f));
        assertEquals((short) 0x8000, bits(-0f));
        assertEquals((short) 0x8000, bits(-Float.MIN_VALUE));
        assertEquals((short) 0, bits(0x1p-134f), "half the smallest goes to the even 0");
        assertEquals((short) 1, bits(Math.nextUp(0x1p-134f)));
        assertEquals((short) 1, bits(0x1p-133f));
        assertEquals((short) 0x80, bits(Math.nextDown(Float.MIN_NORMAL)));
    }

    @Test
    void everyNanStaysOne() {
        // The payloads whose upper half is empty would become infinite if they were cut off.
        for (int bits : new int[] {0x7F800001, 0x7F80FFFF, 0x7FC00000, 0x7FFFFFFF, 0xFF800001, 0xFFFFFFFF}) {
            float nan = Float.intBitsToFloat(bits);
            assertTrue(Float.isNaN(Bfloat16.toFloat(bits(nan))), () -> Integer.toHexString(bits));
            assertTrue((bits(nan) & 0x40) != 0, "quiet");
        }
    }
}
