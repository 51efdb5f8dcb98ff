package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Moves elements between two strided arrays of one shape: what transposes, slices, concatenations and broadcasts have
 * in common. Prepared once for its shape; offsets and strides are in elements and may be negative for the source.
 */
public final class StridedMove {
    private static final int BLOCK = 16;
    private static final int FEW = 8;
    /** How much longer it takes to move elements one by one than in runs. */
    private static final int SCATTERED = 4;

    private final int elementBytes;
    private final long[] dims;
    private final long[] src;
    private final long[] dst;
    private final long srcOffset;
    private final long dstOffset;
    private final boolean empty;

    /**
     * @param elementBytes 1, 2, 4 or 8
     * @param dims the extents of what is moved
     * @param srcOffset where its first element is read
     * @param src the strides with which it is read
     * @param dstOffset where its first element is written
     * @param dst the strides with which it is written
     */
    public StridedMove(int elementBytes, long[] dims, long srcOffset, long[] src, long dstOffset, long[] dst) {
        this.elementBytes = elementBytes;
        this.srcOffset = srcOffset;
        this.dstOffset = dstOffset;
        // Axes of extent 1 go; an axis that continues the next inner one in both arrays is merged with it.
        long[] mergedDims = new long[dims.length];
        long[] mergedSrc = new long[dims.length];
        long[] mergedDst = new long[dims.length];
        int count = 0;
        boolean zero = false;
        for (int axis = 0; axis < dims.length; axis++) {
            zero |= dims[axis] == 0;
            if (dims[axis] == 1) {
                continue;
            }
            if (count > 0 && mergedSrc[count - 1] == src[axis] * dims[axis]
                    && mergedDst[count - 1] == dst[axis] * dims[axis]) {
                mergedDims[count - 1] *= dims[axis];
                mergedSrc[count - 1] = src[axis];
                mergedDst[count - 1] = dst[axis];
            } else {
                mergedDims[count] = dims[axis];
                mergedSrc[count] = src[axis];
                mergedDst[count] = dst[axis];
                count++;
            }
        }
        this.empty = zero;
        int rank = Math.max(count, 1);
        this.dims = new long[rank];
        this.src = new long[rank];
        this.dst = new long[rank];
        this.dims[0] = 1;
        this.src[0] = 1;
        this.dst[0] = 1;
        System.arraycopy(mergedDims, 0, this.dims, 0, count);
        System.arraycopy(mergedSrc, 0, this.src, 0, count);
        System.arraycopy(mergedDst, 0, this.dst, 0, count);
    }

    /** A part of a move along one axis. */
    private StridedMove(StridedMove whole, int axis, long first, long count) {
        this.elementBytes = whole.elementBytes;
        this.dims = whole.dims.clone();
        this.dims[axis] = count;
        this.src = whole.src;
        this.dst = whole.dst;
        this.srcOffset = whole.srcOffset + first * src[axis];
        this.dstOffset = whole.dstOffset + first * dst[axis];
        this.empty = false;
    }

    /** Returns the spec of a kernel that does this move, which fills its target. */
    public MoveSpec spec(DataType type, Shape from, Shape to) {
        return new MoveSpec(type, from, to, srcOffset, Shape.of(empty ? new long[] {0} : dims),
                Arrays.stream(empty ? new long[] {1} : src).boxed().toList());
    }

    /** Moves the elements; the arrays must not overlap. */
    public void run(MemorySegment from, MemorySegment to) {
        if (!empty) {
            walk(from, to, 0, srcOffset, dstOffset);
        }
    }

    /** Moves the elements, with more threads if there are many; the arrays must not overlap. */
    public void run(MemorySegment from, MemorySegment to, Parallelism parallelism) {
        if (empty || parallelism.threads() == 1) {
            run(from, to);
            return;
        }
        long bytes = elementBytes;
        int axis = 0;
        for (int i = 0; i < dims.length; i++) {
            bytes *= dims[i];
            axis = dims[axis] < parallelism.threads() && dims[i] > dims[axis] ? i : axis;
        }
        int shared = axis;
        int last = dims.length - 1;
        boolean runs = dst[last] == 1 && src[last] <= 1 && src[last] >= 0 && dims[last] > FEW;
        SharedBody.ranges(parallelism, dims[axis], runs ? bytes : SCATTERED * bytes, (first, end) -> {
            StridedMove part = new StridedMove(this, shared, first, end - first);
            part.run(from, to);
        });
    }

    private void walk(MemorySegment from, MemorySegment to, int axis, long fromAt, long toAt) {
        int rest = dims.length - axis;
        if (rest == 1) {
            line(from, fromAt, src[axis], to, toAt, dst[axis], dims[axis]);
        } else if (rest == 2 && dst[axis + 1] == 1 && Math.abs(src[axis]) < Math.abs(src[axis + 1])) {
            plane(from, fromAt, to, toAt, axis);
        } else {
            for (long i = 0; i < dims[axis]; i++) {
                walk(from, to, axis + 1, fromAt + i * src[axis], toAt + i * dst[axis]);
            }
        }
    }

    /** A transpose of two axes, in blocks small enough that the lines of both sides stay in the first-level cache. */
    private void plane(MemorySegment from, long fromAt, MemorySegment to, long toAt, int axis) {
        if (dims[axis + 1] == 3 && src[axis] == 1 && dst[axis] == 3 && dims[axis] < Integer.MAX_VALUE / 16) {
            for (long i = 0; i < 3; i++) {
                toEveryThird(from, fromAt + i * src[axis + 1], to, toAt + i, (int) dims[axis]);
            }
            return;
        }
        if (dims[axis + 1] <= FEW) {
            // A few channels: each in one long line rather than pixels in many short ones.
            for (long i = 0; i < dims[axis + 1]; i++) {
                line(from, fromAt + i * src[axis + 1], src[axis], to, toAt + i, dst[axis], dims[axis]);
            }
            return;
        }
        if (dims[axis] <= FEW) {
            for (long i = 0; i < dims[axis]; i++) {
                line(from, fromAt + i * src[axis], src[axis + 1], to, toAt + i * dst[axis], 1, dims[axis + 1]);
            }
            return;
        }
        for (long row = 0; row < dims[axis]; row += BLOCK) {
            long rows = Math.min(BLOCK, dims[axis] - row);
            for (long column = 0; column < dims[axis + 1]; column += BLOCK) {
                long columns = Math.min(BLOCK, dims[axis + 1] - column);
                for (long i = row; i < row + rows; i++) {
                    line(from, fromAt + i * src[axis] + column * src[axis + 1], src[axis + 1],
                            to, toAt + i * dst[axis] + column, 1, columns);
                }
            }
        }
    }

    /** One of three colours into its pixels: a constant stride and an int counter make this 5 times as fast as a line. */
    private void toEveryThird(MemorySegment from, long fromAt, MemorySegment to, long toAt, int count) {
        MemorySegment source = from.asSlice(fromAt * elementBytes, (long) count * elementBytes);
        MemorySegment target = to.asSlice(toAt * elementBytes, ((count - 1) * 3L + 1) * elementBytes);
        switch (elementBytes) {
            case 1 -> {
                for (int i = 0; i < count; i++) {
                    target.set(JAVA_BYTE, (long) i * 3, source.get(JAVA_BYTE, i));
                }
            }
            case 4 -> {
                for (int i = 0; i < count; i++) {
                    target.setAtIndex(JAVA_INT, (long) i * 3, source.getAtIndex(JAVA_INT, i));
                }
            }
            default -> line(from, fromAt, 1, to, toAt, 3, count);
        }
    }

    /** Repeats the first bytes of a run until it is full, each time as many as there are. */
    private static void repeat(MemorySegment to, long at, long known, long bytes) {
        for (long filled = known; filled < bytes; ) {
            long next = Math.min(filled, bytes - filled);
            MemorySegment.copy(to, at, to, at + filled, next);
            filled += next;
        }
    }

    private void line(MemorySegment from, long fromAt, long fromStride, MemorySegment to, long toAt, long toStride,
            long count) {
        if (fromStride == 1 && toStride == 1 && count > 8) {
            MemorySegment.copy(from, fromAt * elementBytes, to, toAt * elementBytes, count * elementBytes);
            return;
        }
        if (fromStride == 0 && toStride == 1 && count > FEW) {
            line(from, fromAt, 0, to, toAt, 1, FEW);
            repeat(to, toAt * elementBytes, (long) FEW * elementBytes, count * elementBytes);
            return;
        }
        switch (elementBytes) {
            case 1 -> {
                for (long i = 0; i < count; i++) {
                    to.set(JAVA_BYTE, toAt + i * toStride, from.get(JAVA_BYTE, fromAt + i * fromStride));
                }
            }
            case 2 -> {
                for (long i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_SHORT, toAt + i * toStride,
                            from.getAtIndex(JAVA_SHORT, fromAt + i * fromStride));
                }
            }
            case 4 -> {
                for (long i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_INT, toAt + i * toStride, from.getAtIndex(JAVA_INT, fromAt + i * fromStride));
                }
            }
            default -> {
                for (long i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_LONG, toAt + i * toStride, from.getAtIndex(JAVA_LONG, fromAt + i * fromStride));
                }
            }
        }
    }
}
