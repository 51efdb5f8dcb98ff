package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static io.tersor.backend.vector.Lanes.SHORTS;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.tensor.Bfloat16;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Runs of bfloat16 in native memory from and to floats, as {@link Bfloat16} converts them. */
final class Bf16 {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int MAGNITUDE = 0x7FFFFFFF;
    private static final int INFINITY = 0x7F800000;
    private static final int QUIET = 0x40;

    private Bf16() {}

    /** Copies {@code count} elements to floats; reads no others. */
    static void load(MemorySegment src, long element, float[] to, int at, int count) {
        long from = element * Short.BYTES;
        if (count < F) {
            for (int i = 0; i < count; i++) {
                to[at + i] = Bfloat16.toFloat(src.get(JAVA_SHORT, from + (long) i * Short.BYTES));
            }
            return;
        }
        for (int i = 0; i < count; i += F) {
            int first = Math.min(i, count - F);
            ShortVector v = ShortVector.fromMemorySegment(SHORTS, src, from + (long) first * Short.BYTES, ORDER);
            IntVector bits = (IntVector) v.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
            bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, at + first);
        }
    }

    /** Stores {@code count} floats, each rounded half to even; writes no other elements. */
    static void store(float[] from, int at, int count, MemorySegment dst, long element) {
        long to = element * Short.BYTES;
        if (count < F) {
            for (int i = 0; i < count; i++) {
                dst.set(JAVA_SHORT, to + (long) i * Short.BYTES, Bfloat16.fromFloat(from[at + i]));
            }
            return;
        }
        for (int i = 0; i < count; i += F) {
            int first = Math.min(i, count - F);
            IntVector bits = FloatVector.fromArray(FLOATS, from, at + first).reinterpretAsInts();
            IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
            IntVector rounded = upper.and(1).add(bits).add(0x7FFF).lanewise(VectorOperators.LSHR, 16);
            rounded = rounded.blend(upper.or(QUIET), bits.and(MAGNITUDE).compare(VectorOperators.GT, INFINITY));
            ((ShortVector) rounded.convertShape(VectorOperators.I2S, SHORTS, 0))
                    .intoMemorySegment(dst, to + (long) first * Short.BYTES, ORDER);
        }
    }
}
