package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.kernel.Parallelism;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A tersor_move_geometry.
 *
 * @param axis the one that threads share: the longest of the outer ones
 * @param extent how long it is
 */
record MoveGeometry(MemorySegment memory, int axis, long extent) {
    /** TERSOR_MOVE_MAX_RANK. */
    static final int MAX_RANK = 8;

    /** Bytes that are worth waking a thread for, about 0.1 ms: where cores are busy, waiting for a thread takes longer. */
    private static final long PART_BYTES = 1 << 21;

    /** Returns the geometry of a move of {@code dims}; the last of dst's strides is 1. */
    static MoveGeometry of(int elementBytes, int threads, long[] dims, long srcOffset, long[] src, long dstOffset,
            long[] dst) {
        MemorySegment memory = Arena.ofAuto().allocate(2L * Integer.BYTES + (3L * MAX_RANK + 2) * Long.BYTES,
                Long.BYTES);
        memory.set(JAVA_INT, 0, elementBytes);
        memory.set(JAVA_INT, Integer.BYTES, dims.length);
        int shared = 0;
        for (int axis = 0; axis < dims.length; axis++) {
            memory.setAtIndex(JAVA_LONG, 1 + axis, dims[axis]);
            memory.setAtIndex(JAVA_LONG, 1 + MAX_RANK + axis, src[axis]);
            memory.setAtIndex(JAVA_LONG, 1 + 2 * MAX_RANK + axis, dst[axis]);
            shared = dims[shared] < threads && dims[axis] > dims[shared] ? axis : shared;
        }
        memory.setAtIndex(JAVA_LONG, 1 + 3 * MAX_RANK, srcOffset);
        memory.setAtIndex(JAVA_LONG, 2 + 3 * MAX_RANK, dstOffset);
        return new MoveGeometry(memory, shared, dims[shared]);
    }

    /** Moves by tersor_move; threads share the axis where {@code bytes}, those of the move, are worth it. */
    void run(NativeContext context, Parallelism parallelism, long bytes, long srcElements, MemorySegment src,
            long dstElements, MemorySegment dst) {
        if (parallelism.threads() == 1 || bytes / PART_BYTES <= 1) {
            // Without what ranges would allocate.
            context.elements().move(context.isa(), memory, axis, 0, extent, srcElements, src, dstElements, dst);
            return;
        }
        parallelism.ranges(extent, bytes / PART_BYTES, (first, end) -> context.elements().move(context.isa(), memory,
                axis,
                first, end - first, srcElements, src, dstElements, dst));
    }
}
