package io.tersor.sparse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Elements of f32, bf16 and s8 as the bits that they are made of, in one byte order. */
record ElementBits(ValueLayout.OfInt ints, ValueLayout.OfShort shorts) {
    /** Of dense tensors. */
    static final ElementBits NATIVE = new ElementBits(JAVA_INT_UNALIGNED, JAVA_SHORT_UNALIGNED);

    /** Of sparse ones. */
    static final ElementBits LITTLE_ENDIAN = new ElementBits(JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));

    /** Reads the element of the given index after the byte {@code at}. */
    int get(MemorySegment data, DataType type, long at, long index) {
        return switch (type) {
            case F32 -> data.get(ints, at + index * Integer.BYTES);
            case BF16 -> data.get(shorts, at + index * Short.BYTES);
            default -> data.get(JAVA_BYTE, at + index);
        };
    }

    /** Writes the element of the given index after the byte {@code at}. */
    void set(MemorySegment data, DataType type, long at, long index, int bits) {
        switch (type) {
            case F32 -> data.set(ints, at + index * Integer.BYTES, bits);
            case BF16 -> data.set(shorts, at + index * Short.BYTES, (short) bits);
            default -> data.set(JAVA_BYTE, at + index, (byte) bits);
        }
    }

    /** Returns whether bits stand for zero, of either sign. */
    static boolean isZero(DataType type, int bits) {
        return switch (type) {
            case F32 -> bits << 1 == 0;
            case BF16 -> (short) (bits << 1) == 0;
            default -> bits == 0;
        };
    }
}
