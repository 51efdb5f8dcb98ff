package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Reads and writes runs of elements of the usual types, in loops over one type each. Tensors are contiguous. */
final class ElementRuns {
    /** Elements that pass through an array, whose loops are vectorized, while they are in the first-level cache. */
    static final int CHUNK = 1024;

    private ElementRuns() {}

    /** Returns whether a type is one of the usual ones of integers, with bool. */
    static boolean servesInteger(DataType type) {
        return serves(type) && type != DataType.F32;
    }

    /** Returns whether a type is one of the usual ones. */
    static boolean serves(DataType type) {
        return switch (type) {
            case F32, S32, S64, U8, S8, BOOL -> true;
            default -> false;
        };
    }

    /** Reads elements as real numbers. */
    static void read(Tensor from, long at, double[] to, int count) {
        MemorySegment data = from.data();
        switch (from.type()) {
            case F32 -> {
                float[] run = new float[Math.min(CHUNK, count)];
                for (int done = 0; done < count; done += CHUNK) {
                    int length = Math.min(CHUNK, count - done);
                    MemorySegment.copy(data, JAVA_FLOAT, (at + done) * Float.BYTES, run, 0, length);
                    for (int i = 0; i < length; i++) {
                        to[done + i] = run[i];
                    }
                }
            }
            case S32 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = data.getAtIndex(JAVA_INT, at + i);
                }
            }
            case S64 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = data.getAtIndex(JAVA_LONG, at + i);
                }
            }
            case S8 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = data.get(JAVA_BYTE, at + i);
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    to[i] = data.get(JAVA_BYTE, at + i) & 0xFF;
                }
            }
        }
    }

    /** Reads elements of an integer type. */
    static void read(Tensor from, long at, long[] to, int count) {
        MemorySegment data = from.data();
        switch (from.type()) {
            case S32 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = data.getAtIndex(JAVA_INT, at + i);
                }
            }
            case S64 -> MemorySegment.copy(data, JAVA_LONG, at * Long.BYTES, to, 0, count);
            case S8 -> {
                for (int i = 0; i < count; i++) {
                    to[i] = data.get(JAVA_BYTE, at + i);
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    to[i] = data.get(JAVA_BYTE, at + i) & 0xFF;
                }
            }
        }
    }

    /** Writes f32 elements, rounded. */
    static void write(double[] from, int count, Tensor to, long at) {
        float[] run = new float[Math.min(CHUNK, count)];
        for (int done = 0; done < count; done += CHUNK) {
            int length = Math.min(CHUNK, count - done);
            for (int i = 0; i < length; i++) {
                run[i] = (float) from[done + i];
            }
            MemorySegment.copy(run, 0, to.data(), JAVA_FLOAT, (at + done) * Float.BYTES, length);
        }
    }

    /** Writes elements of an integer type: the low bits; as a bool whether there are any. */
    static void write(long[] from, int count, Tensor to, long at) {
        MemorySegment data = to.data();
        switch (to.type()) {
            case S32 -> {
                for (int i = 0; i < count; i++) {
                    data.setAtIndex(JAVA_INT, at + i, (int) from[i]);
                }
            }
            case S64 -> MemorySegment.copy(from, 0, data, JAVA_LONG, at * Long.BYTES, count);
            case BOOL -> {
                for (int i = 0; i < count; i++) {
                    data.set(JAVA_BYTE, at + i, (byte) (from[i] != 0 ? 1 : 0));
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    data.set(JAVA_BYTE, at + i, (byte) from[i]);
                }
            }
        }
    }
}
