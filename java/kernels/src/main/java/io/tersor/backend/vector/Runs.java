package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.B;
import static io.tersor.backend.vector.Lanes.BYTES;
import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Copies runs of neighbouring elements from native memory into an array of floats, integers as q - zeroPoint. Reads
 * exactly the run: its last vector overlaps the one before, and what is shorter than a vector goes element by element.
 */
final class Runs {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Runs() {}

    static void load(DataType type, MemorySegment src, long element, int zeroPoint, float[] to, int at, int count) {
        switch (type) {
            case U8 -> loadU8(src, element, zeroPoint, to, at, count);
            case S8 -> loadS8(src, element, zeroPoint, to, at, count);
            case S32 -> loadS32(src, element, zeroPoint, to, at, count);
            case BF16 -> Bf16.load(src, element, to, at, count);
            default -> loadF32(src, element, to, at, count);
        }
    }

    private static void loadF32(MemorySegment src, long element, float[] to, int at, int count) {
        long from = element * Float.BYTES;
        if (count < F) {
            for (int i = 0; i < count; i++) {
                to[at + i] = src.get(JAVA_FLOAT, from + (long) i * Float.BYTES);
            }
            return;
        }
        int i = 0;
        for (; i <= count - F; i += F) {
            FloatVector.fromMemorySegment(Lanes.FLOATS, src, from + (long) i * Float.BYTES, ORDER)
                    .intoArray(to, at + i);
        }
        if (i < count) {
            int last = count - F;
            FloatVector.fromMemorySegment(Lanes.FLOATS, src, from + (long) last * Float.BYTES, ORDER)
                    .intoArray(to, at + last);
        }
    }

    private static void loadS32(MemorySegment src, long element, int zeroPoint, float[] to, int at, int count) {
        long from = element * Integer.BYTES;
        int i = 0;
        for (; i <= count - F; i += F) {
            IntVector v = IntVector.fromMemorySegment(INTS, src, from + (long) i * Integer.BYTES, ORDER).sub(zeroPoint);
            ((FloatVector) v.convert(VectorOperators.I2F, 0)).intoArray(to, at + i);
        }
        for (; i < count; i++) {
            to[at + i] = src.get(JAVA_INT, from + (long) i * Integer.BYTES) - zeroPoint;
        }
    }

    private static void loadU8(MemorySegment src, long from, int zeroPoint, float[] to, int at, int count) {
        if (count < B) {
            for (int i = 0; i < count; i++) {
                to[at + i] = (src.get(JAVA_BYTE, from + i) & 0xFF) - zeroPoint;
            }
            return;
        }
        FloatVector zero = FloatVector.broadcast(FLOATS, zeroPoint);
        for (int i = 0; i < count; i += B) {
            int first = Math.min(i, count - B);
            ByteVector v = ByteVector.fromMemorySegment(BYTES, src, from + first, ORDER);
            ((FloatVector) v.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                    .convert(VectorOperators.I2F, 0)).sub(zero)
                    .intoArray(to, at + first);
            if (B > F) {
                ((FloatVector) v.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 1)
                        .convert(VectorOperators.I2F, 0)).sub(zero)
                        .intoArray(to, at + first + F);
            }
        }
    }

    private static void loadS8(MemorySegment src, long from, int zeroPoint, float[] to, int at, int count) {
        if (count < B) {
            for (int i = 0; i < count; i++) {
                to[at + i] = src.get(JAVA_BYTE, from + i) - zeroPoint;
            }
            return;
        }
        FloatVector zero = FloatVector.broadcast(FLOATS, zeroPoint);
        for (int i = 0; i < count; i += B) {
            int first = Math.min(i, count - B);
            ByteVector v = ByteVector.fromMemorySegment(BYTES, src, from + first, ORDER);
            ((FloatVector) v.convertShape(VectorOperators.B2I, INTS, 0).convert(VectorOperators.I2F, 0)).sub(zero)
                    .intoArray(to, at + first);
            if (B > F) {
                ((FloatVector) v.convertShape(VectorOperators.B2I, INTS, 1).convert(VectorOperators.I2F, 0)).sub(zero)
                        .intoArray(to, at + first + F);
            }
        }
    }
}
