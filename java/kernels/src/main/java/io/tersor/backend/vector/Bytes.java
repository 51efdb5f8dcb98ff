package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.B;
import static io.tersor.backend.vector.Lanes.BYTES;
import static io.tersor.backend.vector.Lanes.F;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Rounding of floats to 8-bit integers, and their stores. */
final class Bytes {
    // Adding 1.5 * 2^23 leaves the integer nearest to a small x, half to even, in the low bits of the sum.
    private static final float MAGIC = 0x1.8p23f;
    private static final int MAGIC_BITS = Float.floatToRawIntBits(MAGIC);

    private Bytes() {}

    /** Returns rint(v) + zeroPoint for |v| &lt; 2^22. */
    static IntVector round(FloatVector v, int zeroPoint) {
        return v.add(MAGIC).reinterpretAsInts().sub(MAGIC_BITS - zeroPoint);
    }

    /** Stores the low bytes of {@link Lanes#F} integers. */
    static void store(IntVector v, MemorySegment to, long offset) {
        ByteVector bytes = narrow(v);
        if (B == F) {
            bytes.intoMemorySegment(to, offset, ByteOrder.nativeOrder());
        } else {
            to.set(JAVA_INT_UNALIGNED, offset, bytes.reinterpretAsInts().lane(0));
        }
    }

    /** Stores the low bytes of {@code count} integers of an array. */
    static void store(int[] values, int at, int count, MemorySegment to, long offset) {
        for (int i = 0; i < count; i++) {
            to.set(JAVA_BYTE, offset + i, (byte) values[at + i]);
        }
    }

    private static ByteVector narrow(IntVector v) {
        return (ByteVector) v.convertShape(VectorOperators.I2B, BYTES, 0);
    }
}
