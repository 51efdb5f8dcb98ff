package io.tersor.tensor;

/**
 * Conversions between binary32 and the floating-point types of at most 8 bits: OFP8 (E4M3, E5M2), their FNUZ variants
 * (no negative zero, no infinity), and the OCP microscaling formats E2M3, E3M2 (of 6 bits), E2M1 (of 4) and E8M0 (a
 * power of two alone, no sign).
 * Rounding is to nearest, half to even, but for E8M0, whose {@link Scale} is chosen.
 */
public final class SmallFloat {
    /** How E8M0, which has no fraction, rounds what is no power of two. */
    public enum Scale {
        /** To the next larger power. */
        UP,
        /** To the next smaller power. */
        DOWN,
        /** To the nearer power, ties to the larger one. */
        NEAREST
    }

    private static final int E8M0_NAN = 0xFF;
    private static final int E8M0_BIAS = 127;

    private SmallFloat() {}

    /** Returns whether a type is one of those that this class converts. */
    public static boolean covers(DataType type) {
        return type.isFloating() && type.bits() <= 8;
    }

    private static int fractionBits(DataType type) {
        return switch (type) {
            case F8E4M3FN, F8E4M3FNUZ, F6E2M3 -> 3;
            case F8E5M2, F8E5M2FNUZ, F6E3M2 -> 2;
            case F4E2M1 -> 1;
            default -> throw new IllegalArgumentException("type: expected a small float, got " + type);
        };
    }

    private static int bias(DataType type) {
        return switch (type) {
            case F8E4M3FN -> 7;
            case F8E4M3FNUZ -> 8;
            case F8E5M2 -> 15;
            case F8E5M2FNUZ -> 16;
            case F6E3M2 -> 3;
            default -> 1;
        };
    }

    /** Returns how many bits of an element in memory make up its code, the others being zero. */
    public static int codeBits(DataType type) {
        return type == DataType.F6E2M3 || type == DataType.F6E3M2 ? 6 : type.bits();
    }

    /** Returns whether every code of a type is a finite number. */
    private static boolean isFinite(DataType type) {
        return codeBits(type) < 8;
    }

    private static boolean isUnsignedZero(DataType type) {
        return type == DataType.F8E4M3FNUZ || type == DataType.F8E5M2FNUZ;
    }

    /** Returns the number that a code stands for, exactly. */
    public static float toFloat(DataType type, int code) {
        if (type == DataType.F8E8M0) {
            return code == E8M0_NAN ? Float.NaN : (float) Math.scalb(1.0, code - E8M0_BIAS);
        }
        int fractionBits = fractionBits(type);
        int sign = 1 << codeBits(type) - 1;
        int magnitude = code & sign - 1;
        boolean negative = (code & sign) != 0;
        if (negative && magnitude == 0 && isUnsignedZero(type) || type == DataType.F8E4M3FN && magnitude == 0x7F
                || type == DataType.F8E5M2 && magnitude > 0x7C) {
            return Float.NaN;
        }
        if (type == DataType.F8E5M2 && magnitude == 0x7C) {
            return negative ? Float.NEGATIVE_INFINITY : Float.POSITIVE_INFINITY;
        }
        int exponent = magnitude >> fractionBits;
        int fraction = magnitude & (1 << fractionBits) - 1;
        int significand = exponent == 0 ? fraction : fraction | 1 << fractionBits;
        float value = Math.scalb((float) significand, Math.max(exponent, 1) - bias(type) - fractionBits);
        return negative ? -value : value;
    }

    /**
     * Returns the code of the nearest number.
     *
     * @param saturate whether too large values and infinities become the largest finite value; otherwise they become
     *     infinite, or NaN where the type has no infinity. Types of 4 and 6 bits, which have neither, always saturate,
     *     and take NaN, of either sign, for their largest value, as ONNX's table of casts to E2M1 says (some of its
     *     test cases have -0 there)
     */
    public static int fromFloat(DataType type, float value, boolean saturate) {
        if (type == DataType.F8E8M0) {
            return fromFloat(value, saturate, Scale.UP);
        }
        int fractionBits = fractionBits(type);
        int sign = Float.floatToRawIntBits(value) < 0 ? 1 << codeBits(type) - 1 : 0;
        float max = (float) type.max();
        if (Float.isNaN(value)) {
            return isFinite(type) ? code(type, max, fractionBits)
                    : isUnsignedZero(type) ? 0x80 : sign | 0x7F;
        }
        float magnitude = Math.abs(value);
        int exponent = Math.max(Math.getExponent(magnitude), 1 - bias(type));
        // Exact: the quantum is a power of two, and binary64 holds every quotient.
        double quantum = Math.scalb(1.0, exponent - fractionBits);
        double rounded = Float.isInfinite(magnitude) ? magnitude : Math.rint(magnitude / quantum) * quantum;
        if (rounded > max) {
            if (saturate || isFinite(type)) {
                rounded = max;
            } else {
                return isUnsignedZero(type) ? 0x80 : sign | (type == DataType.F8E5M2 ? 0x7C : 0x7F);
            }
        }
        int code = code(type, (float) rounded, fractionBits);
        return code == 0 && isUnsignedZero(type) ? 0 : sign | code;
    }

    /** Returns the code of a positive number that the type holds exactly. */
    private static int code(DataType type, float value, int fractionBits) {
        int exponent = Math.getExponent(value) + bias(type);
        if (exponent < 1) {
            return (int) Math.scalb(value, bias(type) - 1 + fractionBits);
        }
        int significand = (int) Math.scalb(value, fractionBits - Math.getExponent(value));
        return exponent << fractionBits | significand - (1 << fractionBits);
    }

    /**
     * Returns the E8M0 code of a number.
     *
     * @param saturate whether zero, negative, too small and too large values become the nearest power, otherwise NaN
     */
    public static int fromFloat(float value, boolean saturate, Scale scale) {
        if (Float.isNaN(value)) {
            return E8M0_NAN;
        }
        if (value <= 0) {
            return saturate ? 0 : E8M0_NAN;
        }
        if (Float.isInfinite(value)) {
            return saturate ? E8M0_NAN - 1 : E8M0_NAN;
        }
        // As a binary64 every binary32 is normal.
        int exponent = Math.getExponent((double) value);
        double fraction = Math.scalb((double) value, -exponent);
        boolean raised = switch (scale) {
            case UP -> fraction > 1;
            case DOWN -> false;
            case NEAREST -> fraction >= 1.5;
        };
        int code = exponent + E8M0_BIAS + (raised ? 1 : 0);
        boolean inside = code >= 0 && code < E8M0_NAN;
        return inside || saturate ? Math.clamp(code, 0, E8M0_NAN - 1) : E8M0_NAN;
    }
}
