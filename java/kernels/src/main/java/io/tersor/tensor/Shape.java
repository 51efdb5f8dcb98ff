package io.tersor.tensor;

import io.tersor.TersorException;
import java.util.Arrays;

/** Immutable extents of a tensor, outermost dimension first. Rank 0 is a scalar; extents may be zero. */
public final class Shape {
    private final long[] dims;
    private final long elements;

    private Shape(long[] dims) {
        this.dims = dims;
        this.elements = product(dims);
    }

    /**
     * Returns the shape of the given extents.
     *
     * @throws TersorException if an extent is negative or the number of elements overflows a {@code long}
     */
    public static Shape of(long... dims) {
        return new Shape(dims.clone());
    }

    private static long product(long[] dims) {
        long product = 1;
        boolean empty = false;
        for (long dim : dims) {
            if (dim < 0) {
                throw new TersorException("shape " + Arrays.toString(dims) + ": extents must not be negative");
            }
            empty |= dim == 0;
        }
        for (long dim : dims) {
            if (!empty && Math.multiplyHigh(product, dim) != 0 || !empty && product * dim < 0) {
                throw new TersorException("shape " + Arrays.toString(dims) + ": more than 2^63 elements");
            }
            product *= dim;
        }
        return empty ? 0 : product;
    }

    /** Returns the number of dimensions. */
    public int rank() {
        return dims.length;
    }

    /**
     * Returns one extent.
     *
     * @param axis from 0 to rank - 1, or counted from the end as -1 to -rank
     */
    public long dim(int axis) {
        return dims[axis < 0 ? axis + dims.length : axis];
    }

    /** Returns a copy of the extents. */
    public long[] dims() {
        return dims.clone();
    }

    /** Returns the number of elements: the product of the extents, 1 for a scalar. */
    public long elements() {
        return elements;
    }

    /** Returns the strides, in elements, of a contiguous row-major tensor of this shape. */
    public long[] rowMajorStrides() {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= Math.max(1, dims[axis]);
        }
        return strides;
    }

    /** Returns this shape with one extent replaced. */
    public Shape with(int axis, long dim) {
        long[] changed = dims.clone();
        changed[axis < 0 ? axis + dims.length : axis] = dim;
        return new Shape(changed);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** Returns the extents as {@code 2x3x4}, or {@code scalar}. */
    @Override
    public String toString() {
        if (dims.length == 0) {
            return "scalar";
        }
        StringBuilder text = new StringBuilder();
        for (int axis = 0; axis < dims.length; axis++) {
            text.append(axis == 0 ? "" : "x").append(dims[axis]);
        }
        return text.toString();
    }
}
