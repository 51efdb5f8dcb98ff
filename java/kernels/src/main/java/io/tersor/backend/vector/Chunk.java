package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.B;
import static io.tersor.backend.vector.Lanes.BYTES;
import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * A few hundred floats at a fixed place of {@link Scratch#a}, on which the elementwise kernels work: a run of elements
 * is loaded, changed in whole vectors (what lies behind the run is computed too, and ignored), and stored.
 */
final class Chunk {
    /** Floats in a chunk at most. */
    static final int LENGTH = 1024;

    private static final int ROOM = LENGTH + 64;

    /** Where the chunks start: the values, a second operand, and constants for each element. */
    static final int X = 0;
    static final int Y = ROOM;
    static final int SCALE = 2 * ROOM;
    static final int ZERO = 3 * ROOM;

    private Chunk() {}

    /** y = clip(y), lo for NaN. */
    static void clip(float[] y, int at, int count, float lo, float hi) {
        FloatVector low = FloatVector.broadcast(FLOATS, lo);
        FloatVector high = FloatVector.broadcast(FLOATS, hi);
        for (int i = at; i < at + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, y, i);
            v = low.blend(v, v.compare(VectorOperators.GT, low));
            high.blend(v, v.compare(VectorOperators.LT, high)).intoArray(y, i);
        }
    }

    /** Stores floats as they are. */
    static void storeFloats(Scratch scratch, int at, int count, MemorySegment to, long element) {
        MemorySegment.copy(scratch.a, at, to, JAVA_FLOAT, element * Float.BYTES, count);
    }

    /**
     * Stores rint(clip(x)) + zeroPoint as bytes.
     *
     * @param lo the lower bound, at least -2^22
     * @param hi the upper bound, at most 2^22
     */
    static void storeBytes(Scratch scratch, int at, int count, float lo, float hi, int zeroPoint, MemorySegment to,
            long element) {
        storeBytes(scratch.a, at, count, scratch.ints, lo, hi, zeroPoint, to, element);
    }

    /**
     * Stores rint(clip(x)) + zeroPoint as bytes.
     *
     * @param from readable up to a whole vector beyond the last element
     * @param tail room for one vector
     */
    static void storeBytes(float[] from, int at, int count, int[] tail, float lo, float hi, int zeroPoint,
            MemorySegment to, long element) {
        FloatVector low = FloatVector.broadcast(FLOATS, lo);
        FloatVector high = FloatVector.broadcast(FLOATS, hi);
        int i = 0;
        for (; i <= count - F; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, from, at + i);
            v = low.blend(v, v.compare(VectorOperators.GT, low));
            v = high.blend(v, v.compare(VectorOperators.LT, high));
            IntVector q = v.add(Bytes.MAGIC).reinterpretAsInts().sub(Bytes.MAGIC_BITS - zeroPoint);
            ByteVector bytes = (ByteVector) q.convertShape(VectorOperators.I2B, BYTES, 0);
            if (B == F) {
                bytes.intoMemorySegment(to, element + i, ByteOrder.nativeOrder());
            } else {
                to.set(JAVA_INT_UNALIGNED, element + i, bytes.reinterpretAsInts().lane(0));
            }
        }
        if (i < count) {
            FloatVector v = FloatVector.fromArray(FLOATS, from, at + i);
            v = low.blend(v, v.compare(VectorOperators.GT, low));
            v = high.blend(v, v.compare(VectorOperators.LT, high));
            IntVector q = v.add(Bytes.MAGIC).reinterpretAsInts().sub(Bytes.MAGIC_BITS - zeroPoint);
            q.intoArray(tail, 0);
            Bytes.store(tail, 0, count - i, to, element + i);
        }
    }

    /** Returns one bound of an activation in units of the destination, kept inside a quantized type's range. */
    static float bound(float activation, DataType type, float scale, int zeroPoint) {
        float bound = (float) ((double) activation / scale);
        return type == DataType.F32 ? bound
                : Math.clamp(bound, (float) (type.min() - zeroPoint), (float) (type.max() - zeroPoint));
    }
}
