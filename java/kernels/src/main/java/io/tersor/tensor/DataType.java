package io.tersor.tensor;

import java.util.Locale;

/**
 * Element type of a tensor. Signed integers are two's complement; {@link #F16} is IEEE 754 binary16, {@link #BF16} the
 * upper half of a binary32; {@link SmallFloat} describes the floating types of at most 8 bits. Multi-byte elements are
 * in the machine's byte order; floats of 6 bits take a byte each, the upper bits zero; types of 4 or 2 bits are packed
 * two or four to a byte, the element of the lowest index in the lowest bits (ONNX's layout). {@link #BOOL} is one byte,
 * 0 or 1.
 */
public enum DataType {
    F64(64, true, -Double.MAX_VALUE, Double.MAX_VALUE),
    F32(32, true, -Float.MAX_VALUE, Float.MAX_VALUE),
    F16(16, true, -65504, 65504),
    BF16(16, true, -0x1.FEp127, 0x1.FEp127),
    F8E4M3FN(8, true, -448, 448),
    F8E4M3FNUZ(8, true, -240, 240),
    F8E5M2(8, true, -57344, 57344),
    F8E5M2FNUZ(8, true, -57344, 57344),
    F8E8M0(8, true, 0x1p-127, 0x1p127),
    F6E2M3(8, true, -7.5, 7.5),
    F6E3M2(8, true, -28, 28),
    F4E2M1(4, true, -6, 6),
    S64(64, false, Long.MIN_VALUE, Long.MAX_VALUE),
    S32(32, false, Integer.MIN_VALUE, Integer.MAX_VALUE),
    S16(16, false, Short.MIN_VALUE, Short.MAX_VALUE),
    S8(8, false, -128, 127),
    S4(4, false, -8, 7),
    S2(2, false, -2, 1),
    U64(64, false, 0, 0x1p64),
    U32(32, false, 0, 0xFFFF_FFFFL),
    U16(16, false, 0, 65535),
    U8(8, false, 0, 255),
    U4(4, false, 0, 15),
    U2(2, false, 0, 3),
    BOOL(8, false, 0, 1);

    private final int bits;
    private final boolean floating;
    private final double min;
    private final double max;

    DataType(int bits, boolean floating, double min, double max) {
        this.bits = bits;
        this.floating = floating;
        this.min = min;
        this.max = max;
    }

    /** Returns the size that one element takes, in bits. */
    public int bits() {
        return bits;
    }

    /** Returns whether elements are binary floating-point numbers. */
    public boolean isFloating() {
        return floating;
    }

    /** Returns whether this is an integer type of at most 8 bits that affine quantization can target. */
    public boolean isQuantized() {
        return !floating && bits <= 8 && this != BOOL;
    }

    /** Returns whether elements are packed more than one to a byte. */
    public boolean isPacked() {
        return bits < 8;
    }

    /** Returns the smallest finite value; exact except for the 64-bit integers. */
    public double min() {
        return min;
    }

    /** Returns the largest finite value; exact except for the 64-bit integers. */
    public double max() {
        return max;
    }

    /** Returns the bytes that {@code elements} contiguous elements take, rounded up to whole bytes. */
    public long bytes(long elements) {
        return isPacked() ? Math.ceilDiv(elements, 8 / bits) : Math.multiplyExact(elements, bits / 8);
    }

    /** Returns the size of one element in bytes, 1 for packed types: the alignment that a tensor's memory needs. */
    public int alignment() {
        return Math.max(1, bits / 8);
    }

    /** Returns the short lower-case name used in specs, tables and file names, such as {@code u8}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return label();
    }
}
