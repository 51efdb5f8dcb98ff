package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/**
 * How contiguous operands are broadcast to a contiguous result, as ONNX and NumPy have it, with axes merged that all
 * continue; at least one axis. Of the last one an operand's stride is 0 or 1.
 *
 * @param operands their shapes
 * @param strides of each operand along the extents
 */
record Broadcast(Shape dst, Shape[] operands, long[] extents, long[][] strides, long[] dstStrides) {
    /**
     * Returns it for shapes.
     *
     * @param names of the operands
     * @throws OperandException if an operand's extents are not those of dst or 1, or dst's not those of an operand
     */
    static Broadcast of(List<String> names, Shape dst, Shape... operands) {
        int rank = dst.rank();
        int count = operands.length;
        long[][] full = new long[count][];
        for (int i = 0; i < count; i++) {
            full[i] = strides(names.get(i), operands[i], dst);
        }
        long[] extents = new long[Math.max(1, rank)];
        long[][] strides = new long[count][extents.length];
        extents[0] = 1;
        int used = 0;
        for (int axis = 0; axis < rank; axis++) {
            long extent = dst.dim(axis);
            boolean given = false;
            boolean joins = used > 0;
            for (int i = 0; i < count; i++) {
                given |= dim(operands[i], rank, axis) == extent;
                joins = joins && strides[i][used - 1] == full[i][axis] * extent;
            }
            OperandException.check(given, "dst", "the larger extents of " + names + " " + Arrays.toString(operands),
                    dst);
            if (extent == 1) {
                continue;
            }
            used += joins ? 0 : 1;
            extents[used - 1] = joins ? extents[used - 1] * extent : extent;
            for (int i = 0; i < count; i++) {
                strides[i][used - 1] = full[i][axis];
            }
        }
        used = Math.max(1, used);
        long[] dstStrides = new long[used];
        dstStrides[used - 1] = 1;
        for (int axis = used - 2; axis >= 0; axis--) {
            dstStrides[axis] = dstStrides[axis + 1] * extents[axis + 1];
        }
        return new Broadcast(dst, operands, Arrays.copyOf(extents, used), strides, dstStrides);
    }

    /** Returns the stride from one row to the next, where rows are what the last axis has; 0 if there is one row. */
    long rowStride(int operand) {
        return extents.length == 1 ? 0 : strides[operand][extents.length - 2];
    }

    /** Returns the stride along the last axis, 0 or 1. */
    long columnStride(int operand) {
        return strides[operand][extents.length - 1];
    }

    private static long dim(Shape shape, int rank, int axis) {
        int own = axis - (rank - shape.rank());
        return own < 0 ? 1 : shape.dim(own);
    }

    private static long[] strides(String operand, Shape shape, Shape dst) {
        OperandException.check(shape.rank() <= dst.rank(), operand, "at most " + dst.rank() + " axes", shape);
        long[] own = shape.rowMajorStrides();
        long[] strides = new long[dst.rank()];
        int added = dst.rank() - shape.rank();
        for (int axis = 0; axis < shape.rank(); axis++) {
            long extent = shape.dim(axis);
            OperandException.check(extent == 1 || extent == dst.dim(axis + added), operand,
                    "extents of dst " + dst + " or 1", shape);
            strides[axis + added] = extent == 1 ? 0 : own[axis];
        }
        return strides;
    }
}
