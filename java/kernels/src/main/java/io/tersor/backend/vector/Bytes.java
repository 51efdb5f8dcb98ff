package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.BYTES;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Rounding of floats to 8-bit integers, and their stores. */
final class Bytes {
    /** Adding it leaves the integer nearest to x, |x| &lt; 2^22, half to even, in the low bits of the sum. */
    static final float MAGIC = 0x1.8p23f;
    /** What to subtract from the sum's bits. */
    static final int MAGIC_BITS = Float.floatToRawIntBits(MAGIC);

    private Bytes() {}

    /** Stores the low bytes of {@code count} integers of an array. */
    static void store(int[] values, int at, int count, MemorySegment to, long offset) {
        for (int i = 0; i < count; i++) {
            to.set(JAVA_BYTE, offset + i, (byte) values[at + i]);
        }
    }
}
