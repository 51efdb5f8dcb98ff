package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.INTS;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Transposes matrices of floats by squares of {@link Lanes#F}. In each of log2(F) steps all pairs of rows, s apart,
 * swap the halves of their groups of 2 * s elements that do not lie on the diagonal; two steps are taken at a time.
 */
final class Transposition {
    /** Squares side by side that are transposed together. */
    static final int SQUARES = 8;

    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** What the upper and the lower row of a pair take from both, for rows 1, 2, F / 4 and F / 2 apart. */
    private static final IntVector UPPER1 = upper(1);
    private static final IntVector LOWER1 = lower(1);
    private static final IntVector UPPER2 = upper(2);
    private static final IntVector LOWER2 = lower(2);
    private static final IntVector UPPER_QUARTER = upper(F / 4);
    private static final IntVector LOWER_QUARTER = lower(F / 4);
    private static final IntVector UPPER_HALF = upper(F / 2);
    private static final IntVector LOWER_HALF = lower(F / 2);

    private Transposition() {}

    private static IntVector upper(int s) {
        int[] lanes = new int[F];
        for (int lane = 0; lane < F; lane++) {
            lanes[lane] = (lane & s) == 0 ? lane : F + lane - s;
        }
        return IntVector.fromArray(INTS, lanes, 0);
    }

    private static IntVector lower(int s) {
        int[] lanes = new int[F];
        for (int lane = 0; lane < F; lane++) {
            lanes[lane] = (lane & s) == 0 ? lane + s : F + lane;
        }
        return IntVector.fromArray(INTS, lanes, 0);
    }

    /**
     * to[c, r] = from[r, c].
     *
     * @param toAt where the result starts; the arrays may be one, in which the two lie apart
     * @param rows rounded up to a multiple of F, and so are the columns: what lies there is moved along
     * @param work room for {@link #SQUARES}
     */
    static void transpose(float[] from, int at, int pitch, int rows, int columns, float[] to, int toAt,
            int toPitch, float[] work) {
        for (int row = 0; row < rows; row += F) {
            for (int column = 0; column < columns; column += SQUARES * F) {
                int count = Math.min(SQUARES, Math.ceilDiv(columns - column, F));
                begin(from, at + row * pitch + column, pitch, count, work);
                end(work, count, to, toAt + column * toPitch + row, toPitch);
            }
        }
    }

    /** The same into native memory, from element {@code toAt} on. */
    static void transpose(float[] from, int at, int pitch, int rows, int columns, MemorySegment to, long toAt,
            int toPitch, float[] work) {
        for (int row = 0; row < rows; row += F) {
            for (int column = 0; column < columns; column += SQUARES * F) {
                int count = Math.min(SQUARES, Math.ceilDiv(columns - column, F));
                begin(from, at + row * pitch + column, pitch, count, work);
                end(work, count, to, toAt + (long) column * toPitch + row, toPitch);
            }
        }
    }

    /** The steps of pairs 1 and 2 apart. */
    private static void begin(float[] from, int at, int pitch, int count, float[] work) {
        for (int square = 0; square < count; square++) {
            for (int row = 0; row < F; row += 4) {
                int first = at + row * pitch + square * F;
                IntVector a = FloatVector.fromArray(Lanes.FLOATS, from, first).reinterpretAsInts();
                IntVector b = FloatVector.fromArray(Lanes.FLOATS, from, first + pitch).reinterpretAsInts();
                IntVector c = FloatVector.fromArray(Lanes.FLOATS, from, first + 2 * pitch).reinterpretAsInts();
                IntVector d = FloatVector.fromArray(Lanes.FLOATS, from, first + 3 * pitch).reinterpretAsInts();
                IntVector ab = UPPER1.selectFrom(a, b);
                IntVector ba = LOWER1.selectFrom(a, b);
                IntVector cd = UPPER1.selectFrom(c, d);
                IntVector dc = LOWER1.selectFrom(c, d);
                int to = (square * F + row) * F;
                UPPER2.selectFrom(ab, cd).reinterpretAsFloats().intoArray(work, to);
                UPPER2.selectFrom(ba, dc).reinterpretAsFloats().intoArray(work, to + F);
                LOWER2.selectFrom(ab, cd).reinterpretAsFloats().intoArray(work, to + 2 * F);
                LOWER2.selectFrom(ba, dc).reinterpretAsFloats().intoArray(work, to + 3 * F);
            }
        }
    }

    /** The steps of pairs F / 4 and F / 2 apart, of which the first is done where vectors are short. */
    private static void end(float[] work, int count, float[] to, int toAt, int toPitch) {
        for (int square = 0; square < count; square++) {
            for (int row = 0; row < F / 4; row++) {
                int first = (square * F + row) * F;
                IntVector a = FloatVector.fromArray(Lanes.FLOATS, work, first).reinterpretAsInts();
                IntVector b = FloatVector.fromArray(Lanes.FLOATS, work, first + F / 4 * F).reinterpretAsInts();
                IntVector c = FloatVector.fromArray(Lanes.FLOATS, work, first + 2 * F / 4 * F).reinterpretAsInts();
                IntVector d = FloatVector.fromArray(Lanes.FLOATS, work, first + 3 * F / 4 * F).reinterpretAsInts();
                IntVector ab = F > 8 ? UPPER_QUARTER.selectFrom(a, b) : a;
                IntVector ba = F > 8 ? LOWER_QUARTER.selectFrom(a, b) : b;
                IntVector cd = F > 8 ? UPPER_QUARTER.selectFrom(c, d) : c;
                IntVector dc = F > 8 ? LOWER_QUARTER.selectFrom(c, d) : d;
                int at = toAt + (square * F + row) * toPitch;
                int step = F / 4 * toPitch;
                (F > 4 ? UPPER_HALF.selectFrom(ab, cd) : ab).reinterpretAsFloats().intoArray(to, at);
                (F > 4 ? UPPER_HALF.selectFrom(ba, dc) : ba).reinterpretAsFloats().intoArray(to, at + step);
                (F > 4 ? LOWER_HALF.selectFrom(ab, cd) : cd).reinterpretAsFloats().intoArray(to, at + 2 * step);
                (F > 4 ? LOWER_HALF.selectFrom(ba, dc) : dc).reinterpretAsFloats().intoArray(to, at + 3 * step);
            }
        }
    }

    private static void end(float[] work, int count, MemorySegment to, long toAt, int toPitch) {
        for (int square = 0; square < count; square++) {
            for (int row = 0; row < F / 4; row++) {
                int first = (square * F + row) * F;
                IntVector a = FloatVector.fromArray(Lanes.FLOATS, work, first).reinterpretAsInts();
                IntVector b = FloatVector.fromArray(Lanes.FLOATS, work, first + F / 4 * F).reinterpretAsInts();
                IntVector c = FloatVector.fromArray(Lanes.FLOATS, work, first + 2 * F / 4 * F).reinterpretAsInts();
                IntVector d = FloatVector.fromArray(Lanes.FLOATS, work, first + 3 * F / 4 * F).reinterpretAsInts();
                IntVector ab = F > 8 ? UPPER_QUARTER.selectFrom(a, b) : a;
                IntVector ba = F > 8 ? LOWER_QUARTER.selectFrom(a, b) : b;
                IntVector cd = F > 8 ? UPPER_QUARTER.selectFrom(c, d) : c;
                IntVector dc = F > 8 ? LOWER_QUARTER.selectFrom(c, d) : d;
                long at = (toAt + (long) (square * F + row) * toPitch) * Float.BYTES;
                long step = (long) F / 4 * toPitch * Float.BYTES;
                (F > 4 ? UPPER_HALF.selectFrom(ab, cd) : ab).intoMemorySegment(to, at, ORDER);
                (F > 4 ? UPPER_HALF.selectFrom(ba, dc) : ba).intoMemorySegment(to, at + step, ORDER);
                (F > 4 ? LOWER_HALF.selectFrom(ab, cd) : cd).intoMemorySegment(to, at + 2 * step, ORDER);
                (F > 4 ? LOWER_HALF.selectFrom(ba, dc) : dc).intoMemorySegment(to, at + 3 * step, ORDER);
            }
        }
    }
}
