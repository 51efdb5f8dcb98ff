package io.tersor.sparse;

import io.tersor.OperandException;
import io.tersor.tensor.Shape;

/**
 * Dense weights seen as a matrix [outputs, taps * inputs], whose columns count tap by tap; and its rows cut into units
 * of neighbouring columns that never reach from one tap into the next, each tap's last unit cut off.
 *
 * @param outputs rows
 * @param taps kh * kw of a convolution, 1 of a multiplication
 * @param inputs columns of one tap
 */
record MatrixView(int outputs, int taps, int inputs) {
    /** Returns the view of [outputs, inputs] or OIHW. */
    static MatrixView of(Shape shape) {
        OperandException.check(shape.rank() == 2 || shape.rank() == 4, "shape",
                "[outputs, inputs] or [oc, ic / groups, kh, kw]", shape);
        int inputs = extent(shape, shape.dim(1));
        if (shape.rank() == 2) {
            return new MatrixView(extent(shape, shape.dim(0)), 1, inputs);
        }
        int kh = extent(shape, shape.dim(2));
        int taps = extent(shape, (long) kh * extent(shape, shape.dim(3)));
        extent(shape, (long) taps * inputs);
        return new MatrixView(extent(shape, shape.dim(0)), taps, inputs);
    }

    private static int extent(Shape shape, long extent) {
        OperandException.check(extent < Integer.MAX_VALUE, "shape", "outputs, and inputs of all taps, below 2^31 - 1",
                shape);
        return (int) extent;
    }

    int columns() {
        return taps * inputs;
    }

    /** Returns how many units of so many columns one row has. */
    int units(int width) {
        return taps * Math.ceilDiv(inputs, width);
    }

    /** Returns the first column of a unit. */
    int start(int unit, int width) {
        int perTap = Math.ceilDiv(inputs, width);
        return unit / perTap * inputs + unit % perTap * width;
    }

    /** Returns how many columns a unit has: its width, or what is left of its tap. */
    int length(int unit, int width) {
        return Math.min(width, inputs - unit % Math.ceilDiv(inputs, width) * width);
    }

    /** Returns the row-major index in the dense shape. */
    long denseIndex(int row, int column) {
        return ((long) row * inputs + column % inputs) * taps + column / inputs;
    }
}
