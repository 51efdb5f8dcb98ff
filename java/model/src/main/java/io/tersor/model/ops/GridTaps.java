package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import java.util.Arrays;

/**
 * The pixels, and their weights, that interpolation at one point between the pixels of an image takes part of, over any
 * number of axes. Not thread-safe: one serves one point after the other.
 */
final class GridTaps {
    /** How values between pixels come about. */
    enum Mode {
        /** The nearest pixel, half to even. */
        NEAREST(1),
        /** Two pixels along each axis. */
        LINEAR(2),
        /** Four pixels along each axis, with the kernel of Keys and a = -0.75. */
        CUBIC(4);

        private final int taps;

        Mode(int taps) {
            this.taps = taps;
        }

        int taps() {
            return taps;
        }
    }

    /** Returns the index of a pixel that stands for one at any position, or -1 for a zero. */
    interface Padding {
        long index(long position, long extent);
    }

    /** What is outside is zero. */
    static final Padding ZEROS = (position, extent) -> position >= 0 && position < extent ? position : -1;

    private static final double A = -0.75;

    private final Mode mode;
    private final Padding padding;
    private final long[] extents;
    private final long[][] positions;
    private final double[][] weights;

    /** @param extents of the image */
    GridTaps(Mode mode, Padding padding, long[] extents) {
        this.mode = mode;
        this.padding = padding;
        this.extents = extents;
        this.positions = new long[extents.length][mode.taps];
        this.weights = new double[extents.length][mode.taps];
    }

    /** Moves to a position in pixels along one axis; not finite ones are outside. */
    void at(int axis, double position) {
        if (!Double.isFinite(position)) {
            Arrays.fill(positions[axis], -1);
            return;
        }
        double below = mode == Mode.NEAREST ? Math.rint(position) : Math.floor(position);
        double fraction = position - below;
        long first = (long) below - (mode == Mode.CUBIC ? 1 : 0);
        for (int tap = 0; tap < mode.taps; tap++) {
            positions[axis][tap] = padding.index(first + tap, extents[axis]);
            weights[axis][tap] = switch (mode) {
                case NEAREST -> 1;
                case LINEAR -> tap == 0 ? 1 - fraction : fraction;
                case CUBIC -> cubic(Math.abs(tap - 1 - fraction));
            };
        }
    }

    private static double cubic(double distance) {
        return distance <= 1 ? ((A + 2) * distance - (A + 3)) * distance * distance + 1
                : ((A * distance - 5 * A) * distance + 8 * A) * distance - 4 * A;
    }

    /**
     * Stores the pixels of a plane, or -1 for those that are zero, and their weights: tap t of point i at t * count +
     * i.
     */
    void store(int[] index, float[] products, int point, int count) {
        int at = point;
        for (int row = 0; row < mode.taps; row++) {
            for (int column = 0; column < mode.taps; column++, at += count) {
                boolean inside = positions[0][row] >= 0 && positions[1][column] >= 0;
                index[at] = inside ? (int) (positions[0][row] * extents[1] + positions[1][column]) : -1;
                products[at] = (float) (weights[0][row] * weights[1][column]);
            }
        }
    }

    /** Returns the value at the point in the image that starts at an index. */
    double sample(double[] values, int start) {
        return sample(values, start, 0);
    }

    private double sample(double[] values, long index, int axis) {
        if (axis == extents.length) {
            return values[(int) index];
        }
        long inner = Shapes.product(Shape.of(extents), axis + 1, extents.length);
        double sum = 0;
        for (int tap = 0; tap < mode.taps; tap++) {
            if (positions[axis][tap] >= 0) {
                sum += weights[axis][tap] * sample(values, index + positions[axis][tap] * inner, axis + 1);
            }
        }
        return sum;
    }
}
