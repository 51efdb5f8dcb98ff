package io.tersor.tensor;

/**
 * Conversions between binary32 and bfloat16, its upper half: 8 bits of exponent, 7 of fraction. A bfloat16 is held in a
 * {@code short}, as in memory.
 */
public final class Bfloat16 {
    private Bfloat16() {}

    /** Returns the nearest bfloat16, half to even; too large values become infinite, a NaN a quiet NaN. */
    public static short fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    /** Returns the same number, exactly. */
    public static float toFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
