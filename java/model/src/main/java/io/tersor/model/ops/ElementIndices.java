package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.OperandException;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Where the elements of GatherElements and ScatterElements lie in the data: as those of the indices do, but along one
 * axis
 * at the index, which counts from the end where it is negative.
 */
final class ElementIndices {
    private final Shape data;
    private final Shape indices;
    private final int axis;
    private final String operand;
    private final long[] strides;

    /** Handles a run of elements. */
    @FunctionalInterface
    interface Run {
        /**
         * @param positions in the data, of as many elements
         * @param at index of the first one among the indices; the others follow it
         */
        void elements(long[] positions, int count, long at);
    }

    ElementIndices(OpContext context) {
        this.data = context.shape(0);
        this.indices = context.shape(1);
        this.operand = context.operand(1);
        int rank = data.rank();
        this.axis = context.axis(context.attributes().integer("axis", 0), rank);
        context.check(indices.rank() == rank, 1, "rank " + rank);
        for (int i = 0; i < rank; i++) {
            context.check(i == axis || indices.dim(i) <= data.dim(i), 1, "extents inside " + data);
        }
        this.strides = data.rowMajorStrides();
    }

    /** Walks through all indices. */
    void run(Tensor from, Run run) {
        int last = indices.rank() - 1;
        long length = indices.dim(last);
        long[] positions = new long[(int) Math.min(ElementRuns.CHUNK, length)];
        long step = axis == last ? 0 : 1;
        for (long at = 0; at < indices.elements(); ) {
            long base = at % length * step;
            long rest = at / length;
            for (int i = last - 1; i >= 0; i--) {
                base += i == axis ? 0 : rest % indices.dim(i) * strides[i];
                rest /= indices.dim(i);
            }
            int count = (int) Math.min(positions.length, length - at % length);
            ElementRuns.read(from, at, positions, count);
            place(positions, count, base, step);
            run.elements(positions, count, at);
            at += count;
        }
    }

    private void place(long[] positions, int count, long base, long step) {
        long extent = data.dim(axis);
        long stride = strides[axis];
        for (int i = 0; i < count; i++) {
            long index = positions[i];
            long counted = index < 0 ? index + extent : index;
            if (counted < 0 || counted >= extent) {
                throw new OperandException(operand, "indices from " + -extent + " to " + (extent - 1), index);
            }
            positions[i] = base + counted * stride + i * step;
        }
    }

    /** Picks elements of some bytes. */
    static void pick(MemorySegment from, long[] positions, int count, MemorySegment to, long at, int bytes) {
        switch (bytes) {
            case 1 -> {
                for (int i = 0; i < count; i++) {
                    to.set(JAVA_BYTE, at + i, from.get(JAVA_BYTE, positions[i]));
                }
            }
            case 2 -> {
                for (int i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_SHORT, at + i, from.getAtIndex(JAVA_SHORT, positions[i]));
                }
            }
            case 4 -> {
                for (int i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_INT, at + i, from.getAtIndex(JAVA_INT, positions[i]));
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_LONG, at + i, from.getAtIndex(JAVA_LONG, positions[i]));
                }
            }
        }
    }

    /** Places elements of some bytes, one after the other. */
    static void place(MemorySegment from, long at, long[] positions, int count, MemorySegment to, int bytes) {
        switch (bytes) {
            case 1 -> {
                for (int i = 0; i < count; i++) {
                    to.set(JAVA_BYTE, positions[i], from.get(JAVA_BYTE, at + i));
                }
            }
            case 2 -> {
                for (int i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_SHORT, positions[i], from.getAtIndex(JAVA_SHORT, at + i));
                }
            }
            case 4 -> {
                for (int i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_INT, positions[i], from.getAtIndex(JAVA_INT, at + i));
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_LONG, positions[i], from.getAtIndex(JAVA_LONG, at + i));
                }
            }
        }
    }

    /** Adds f32 elements, one after the other. */
    static void add(MemorySegment from, long at, long[] positions, int count, MemorySegment to) {
        for (int i = 0; i < count; i++) {
            to.setAtIndex(JAVA_FLOAT, positions[i],
                    to.getAtIndex(JAVA_FLOAT, positions[i]) + from.getAtIndex(JAVA_FLOAT, at + i));
        }
    }
}
