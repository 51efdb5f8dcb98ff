package io.tersor.model.onnx;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.tensor.DataType;
import io.tersor.tensor.SmallFloat;
import java.lang.foreign.MemorySegment;

/** Floats of 6 bits in ONNX's files, where element i begins at bit 6 i of a stream; in memory each takes a byte. */
final class SixBits {
    /** The largest code. */
    static final int LARGEST = 0x3F;

    private static final int BITS = 6;

    private SixBits() {}

    static boolean covers(DataType type) {
        return SmallFloat.covers(type) && SmallFloat.codeBits(type) == BITS;
    }

    /** Returns the bytes that elements take in a file. */
    static long bytes(long elements) {
        return Math.ceilDiv(Math.multiplyExact(elements, BITS), Byte.SIZE);
    }

    /** Sets a byte for each element. */
    static void unpack(MemorySegment packed, MemorySegment codes) {
        for (long i = 0; i < codes.byteSize(); i++) {
            long at = i * BITS / Byte.SIZE;
            int shift = (int) (i * BITS % Byte.SIZE);
            int bits = packed.get(JAVA_BYTE, at) & 0xFF;
            if (shift + BITS > Byte.SIZE) {
                bits |= (packed.get(JAVA_BYTE, at + 1) & 0xFF) << Byte.SIZE;
            }
            codes.set(JAVA_BYTE, i, (byte) (bits >> shift & LARGEST));
        }
    }

    /** Returns the stream of the elements' codes. */
    static byte[] pack(MemorySegment codes) {
        byte[] packed = new byte[Math.toIntExact(bytes(codes.byteSize()))];
        for (long i = 0; i < codes.byteSize(); i++) {
            int at = (int) (i * BITS / Byte.SIZE);
            int bits = (codes.get(JAVA_BYTE, i) & LARGEST) << i * BITS % Byte.SIZE;
            packed[at] |= (byte) bits;
            if (bits >> Byte.SIZE != 0) {
                packed[at + 1] |= (byte) (bits >> Byte.SIZE);
            }
        }
        return packed;
    }
}
