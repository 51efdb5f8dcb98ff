package io.tersor.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/** Reads and writes single elements of every {@link DataType}; offsets are in elements. */
final class ElementAccess {
    private ElementAccess() {}

    static double get(MemorySegment data, DataType type, long offset) {
        return switch (type) {
            case F64 -> data.getAtIndex(JAVA_DOUBLE, offset);
            case F32 -> data.getAtIndex(JAVA_FLOAT, offset);
            case F16 -> Float.float16ToFloat(data.getAtIndex(JAVA_SHORT, offset));
            case BF16 -> Bfloat16.toFloat(data.getAtIndex(JAVA_SHORT, offset));
            case F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, F8E8M0, F6E2M3, F6E3M2 ->
                    SmallFloat.toFloat(type, Byte.toUnsignedInt(data.get(JAVA_BYTE, offset)));
            case F4E2M1 -> SmallFloat.toFloat(type, packed(data, 4, offset));
            case U64 -> unsignedToDouble(data.getAtIndex(JAVA_LONG, offset));
            default -> getLong(data, type, offset);
        };
    }

    static void set(MemorySegment data, DataType type, long offset, double value) {
        switch (type) {
            case F64 -> data.setAtIndex(JAVA_DOUBLE, offset, value);
            case F32 -> data.setAtIndex(JAVA_FLOAT, offset, (float) value);
            case F16 -> data.setAtIndex(JAVA_SHORT, offset, Float.floatToFloat16((float) value));
            case BF16 -> data.setAtIndex(JAVA_SHORT, offset, Bfloat16.fromFloat((float) value));
            case F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, F8E8M0, F6E2M3, F6E3M2 ->
                    data.set(JAVA_BYTE, offset, (byte) SmallFloat.fromFloat(type, (float) value, true));
            case F4E2M1 -> setPacked(data, 4, offset, SmallFloat.fromFloat(type, (float) value, true));
            case BOOL -> data.setAtIndex(JAVA_BYTE, offset, (byte) (value != 0 ? 1 : 0));
            case U64 -> data.setAtIndex(JAVA_LONG, offset,
                    value >= 0x1p63 ? (long) (value - 0x1p63) + Long.MIN_VALUE : (long) value);
            default -> setLong(data, type, offset, (long) value);
        }
    }

    static long getLong(MemorySegment data, DataType type, long offset) {
        return switch (type) {
            case F64, F32, F16, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, F8E8M0, F6E2M3, F6E3M2, F4E2M1 ->
                    (long) get(data, type, offset);
            case S64, U64 -> data.getAtIndex(JAVA_LONG, offset);
            case S32 -> data.getAtIndex(JAVA_INT, offset);
            case U32 -> Integer.toUnsignedLong(data.getAtIndex(JAVA_INT, offset));
            case S16 -> data.getAtIndex(JAVA_SHORT, offset);
            case U16 -> Short.toUnsignedLong(data.getAtIndex(JAVA_SHORT, offset));
            case S8 -> data.get(JAVA_BYTE, offset);
            case U8, BOOL -> Byte.toUnsignedLong(data.get(JAVA_BYTE, offset));
            case S4 -> packed(data, 4, offset) << 28 >> 28;
            case U4 -> packed(data, 4, offset);
            case S2 -> packed(data, 2, offset) << 30 >> 30;
            case U2 -> packed(data, 2, offset);
        };
    }

    static void setLong(MemorySegment data, DataType type, long offset, long value) {
        switch (type) {
            case F64, F32, F16, BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, F8E8M0, F6E2M3, F6E3M2, F4E2M1 ->
                    set(data, type, offset, value);
            case S64, U64 -> data.setAtIndex(JAVA_LONG, offset, value);
            case S32, U32 -> data.setAtIndex(JAVA_INT, offset, (int) value);
            case S16, U16 -> data.setAtIndex(JAVA_SHORT, offset, (short) value);
            case S8, U8 -> data.set(JAVA_BYTE, offset, (byte) value);
            case BOOL -> data.set(JAVA_BYTE, offset, (byte) (value != 0 ? 1 : 0));
            case S4, U4, S2, U2 -> setPacked(data, type.bits(), offset, (int) value);
        }
    }

    /** Copies one element bit by bit, so that NaN payloads and 64-bit integers survive. */
    static void copy(MemorySegment from, long fromOffset, MemorySegment to, long toOffset, DataType type) {
        switch (type.bits()) {
            case 64 -> to.setAtIndex(JAVA_LONG, toOffset, from.getAtIndex(JAVA_LONG, fromOffset));
            case 32 -> to.setAtIndex(JAVA_INT, toOffset, from.getAtIndex(JAVA_INT, fromOffset));
            case 16 -> to.setAtIndex(JAVA_SHORT, toOffset, from.getAtIndex(JAVA_SHORT, fromOffset));
            case 8 -> to.set(JAVA_BYTE, toOffset, from.get(JAVA_BYTE, fromOffset));
            default -> setPacked(to, type.bits(), toOffset, packed(from, type.bits(), fromOffset));
        }
    }

    /** Returns the bits of an element of 2 or 4 bits, the first of a byte in its lowest bits. */
    private static int packed(MemorySegment data, int bits, long offset) {
        int each = 8 / bits;
        return data.get(JAVA_BYTE, offset / each) >> (int) (offset % each) * bits & (1 << bits) - 1;
    }

    private static void setPacked(MemorySegment data, int bits, long offset, int value) {
        int each = 8 / bits;
        int shift = (int) (offset % each) * bits;
        int mask = (1 << bits) - 1 << shift;
        int kept = data.get(JAVA_BYTE, offset / each) & ~mask;
        data.set(JAVA_BYTE, offset / each, (byte) (kept | value << shift & mask));
    }

    private static double unsignedToDouble(long value) {
        return value >= 0 ? value : (value >>> 1 | value & 1) * 2.0;
    }
}
