package io.tersor.model.exec;

import io.tersor.TersorException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Allocation whose failure is an exception that says how much was wanted. */
public final class Memory {
    private Memory() {}

    /** Allocates bytes, aligned as tensors are. */
    public static MemorySegment allocate(Arena arena, long bytes) {
        try {
            return arena.allocate(bytes, Tensor.ALIGNMENT_BYTES);
        } catch (OutOfMemoryError e) {
            throw new TersorException("not enough memory for " + bytes + " bytes of tensors; the JVM allows "
                    + Runtime.getRuntime().maxMemory() + " (-XX:MaxDirectMemorySize raises it)", e);
        }
    }

    static Tensor allocate(Arena arena, DataType type, Shape shape) {
        return Tensor.wrap(allocate(arena, bytes(type, shape)), type, shape);
    }

    /**
     * Returns the bytes of a contiguous tensor.
     *
     * @throws TersorException if they are more than 2^63 - 1
     */
    public static long bytes(DataType type, Shape shape) {
        try {
            return type.bytes(shape.elements());
        } catch (ArithmeticException e) {
            throw new TersorException(type + " " + shape + " does not fit any memory", e);
        }
    }
}
