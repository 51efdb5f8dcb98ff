package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Transposes matrices of floats by squares of {@link Lanes#F}. In each of log2(F) steps all pairs of rows, s apart,
 * swap the halves of their groups of 2 * s elements that do not lie on the diagonal.
 */
final class Transposition {
    private Transposition() {}

    /**
     * to[c, r] = from[r, c].
     *
     * @param rows rounded up to a multiple of F, and so are the columns: what lies there is moved along
     * @param work room for one square
     */
    static void transpose(float[] from, int at, int pitch, int rows, int columns, float[] to, int toAt, int toPitch,
            float[] work) {
        for (int row = 0; row < rows; row += F) {
            for (int column = 0; column < columns; column += F) {
                square(from, at + row * pitch + column, pitch, to, toAt + column * toPitch + row, toPitch, work);
            }
        }
    }

    private static void square(float[] from, int at, int pitch, float[] to, int toAt, int toPitch, float[] work) {
        step(from, at, pitch, work, 0, F, 1, Step.UP1, Step.DOWN1, Step.ODD1);
        if (F > 4) {
            step(work, 0, F, work, 0, F, 2, Step.UP2, Step.DOWN2, Step.ODD2);
        }
        if (F > 8) {
            step(work, 0, F, work, 0, F, 4, Step.UP4, Step.DOWN4, Step.ODD4);
        }
        step(work, 0, F, to, toAt, toPitch, F / 2, Step.UP_HALF, Step.DOWN_HALF, Step.ODD_HALF);
    }

    private static void step(float[] from, int at, int pitch, float[] to, int toAt, int toPitch, int s,
            VectorShuffle<Float> up, VectorShuffle<Float> down, VectorMask<Float> odd) {
        for (int group = 0; group < F; group += 2 * s) {
            for (int row = group; row < group + s; row++) {
                FloatVector x = FloatVector.fromArray(FLOATS, from, at + row * pitch);
                FloatVector y = FloatVector.fromArray(FLOATS, from, at + (row + s) * pitch);
                x.blend(y.rearrange(up), odd).intoArray(to, toAt + row * toPitch);
                x.rearrange(down).blend(y, odd).intoArray(to, toAt + (row + s) * toPitch);
            }
        }
    }

    /** What moves elements by s, and which ones belong to the odd groups of s. Constants, for the compiler. */
    private static final class Step {
        private static final VectorShuffle<Float> UP1 = up(1);
        private static final VectorShuffle<Float> DOWN1 = down(1);
        private static final VectorMask<Float> ODD1 = odd(1);
        private static final VectorShuffle<Float> UP2 = up(2);
        private static final VectorShuffle<Float> DOWN2 = down(2);
        private static final VectorMask<Float> ODD2 = odd(2);
        private static final VectorShuffle<Float> UP4 = up(4);
        private static final VectorShuffle<Float> DOWN4 = down(4);
        private static final VectorMask<Float> ODD4 = odd(4);
        private static final VectorShuffle<Float> UP_HALF = up(F / 2);
        private static final VectorShuffle<Float> DOWN_HALF = down(F / 2);
        private static final VectorMask<Float> ODD_HALF = odd(F / 2);

        private static VectorShuffle<Float> up(int s) {
            return VectorShuffle.fromOp(FLOATS, lane -> lane - s & F - 1);
        }

        private static VectorShuffle<Float> down(int s) {
            return VectorShuffle.fromOp(FLOATS, lane -> lane + s & F - 1);
        }

        private static VectorMask<Float> odd(int s) {
            boolean[] lanes = new boolean[F];
            for (int lane = 0; lane < F; lane++) {
                lanes[lane] = (lane & s) != 0;
            }
            return VectorMask.fromArray(FLOATS, lanes, 0);
        }
    }
}
