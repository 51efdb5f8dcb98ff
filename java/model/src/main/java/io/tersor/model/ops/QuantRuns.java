package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Runs of f32 elements and levels that have one scale and zero point, in loops over arrays that the JVM compiles to
 * vectors. Every operation is that of single elements: binary32, rounded half to even.
 */
final class QuantRuns {
    private static final int CHUNK = ElementRuns.CHUNK;
    /** Below it a run is not worth the loops' arrays. */
    static final int LEAST = 8;

    private final float[] reals = new float[CHUNK];
    private final int[] levels = new int[CHUNK];
    private final short[] shorts = new short[CHUNK];
    private final byte[] bytes = new byte[CHUNK];

    /** Returns whether there are loops for levels of a type. */
    static boolean reads(DataType type) {
        return switch (type) {
            case U2, U4, S4, U8, S8, U16, S16 -> true;
            default -> false;
        };
    }

    /** Returns whether there are loops that make levels of a type. */
    static boolean writes(DataType type) {
        return type == DataType.U16 || type == DataType.S16;
    }

    /** Writes (level - zeroPoint) * scale. Runs of packed levels start at whole bytes and have whole bytes. */
    void dequantize(Tensor from, long at, long count, int zeroPoint, float scale, Tensor to) {
        for (long done = 0; done < count; done += CHUNK) {
            int length = (int) Math.min(CHUNK, count - done);
            load(from, at + done, length);
            for (int i = 0; i < length; i++) {
                reals[i] = (float) (levels[i] - zeroPoint) * scale;
            }
            MemorySegment.copy(reals, 0, to.data(), JAVA_FLOAT, (at + done) * Float.BYTES, length);
        }
    }

    private void load(Tensor from, long at, int length) {
        DataType type = from.type();
        if (type.bits() == 16) {
            MemorySegment.copy(from.data(), JAVA_SHORT, at * Short.BYTES, shorts, 0, length);
            int mask = type == DataType.U16 ? 0xFFFF : -1;
            for (int i = 0; i < length; i++) {
                levels[i] = shorts[i] & mask;
            }
            return;
        }
        int perByte = 8 / type.bits();
        MemorySegment.copy(from.data(), JAVA_BYTE, at / perByte, bytes, 0, Math.ceilDiv(length, perByte));
        if (perByte == 1) {
            int mask = type == DataType.U8 ? 0xFF : -1;
            for (int i = 0; i < length; i++) {
                levels[i] = bytes[i] & mask;
            }
            return;
        }
        // An element's bits go to the top and come down again with or without their sign.
        int top = Integer.SIZE - type.bits();
        for (int i = 0; i < length; i++) {
            int shifted = bytes[i / perByte] << top - i % perByte * type.bits();
            levels[i] = type.min() < 0 ? shifted >> top : shifted >>> top;
        }
    }

    /** Writes 16-bit levels: saturate(rint(x / scale) + zeroPoint), the lowest one for NaN. */
    void quantize(Tensor from, long at, long count, int zeroPoint, float scale, Tensor to) {
        float low = (float) (to.type().min() - zeroPoint);
        float high = (float) (to.type().max() - zeroPoint);
        for (long done = 0; done < count; done += CHUNK) {
            int length = (int) Math.min(CHUNK, count - done);
            MemorySegment.copy(from.data(), JAVA_FLOAT, (at + done) * Float.BYTES, reals, 0, length);
            for (int i = 0; i < length; i++) {
                float scaled = reals[i] / scale;
                float clamped = scaled > low ? scaled : low;
                clamped = clamped < high ? clamped : high;
                shorts[i] = (short) ((int) Math.rint((double) clamped) + zeroPoint);
            }
            MemorySegment.copy(shorts, 0, to.data(), JAVA_SHORT, (at + done) * Short.BYTES, length);
        }
    }
}
