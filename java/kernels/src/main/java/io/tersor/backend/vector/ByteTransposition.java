package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.WHOLE_BYTES;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;

/**
 * Transposes squares of bytes, as wide as a vector. In each of log2 steps all pairs of rows, s apart, swap the halves of
 * their groups of 2 * s elements that do not lie on the diagonal.
 */
final class ByteTransposition {
    /** Rows and columns of a square. */
    static final int SIDE = WHOLE_BYTES.length();

    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    // What the upper and the lower row of a pair take from both, step by step.
    private static final byte[] UPPER = table(false);
    private static final byte[] LOWER = table(true);

    private ByteTransposition() {}

    private static byte[] table(boolean lower) {
        byte[] table = new byte[Integer.numberOfTrailingZeros(SIDE) * SIDE];
        for (int i = 0; i < table.length; i++) {
            int s = 1 << i / SIDE;
            int lane = i % SIDE;
            boolean first = (lane & s) == 0;
            table[i] = (byte) (lower ? first ? lane + s : SIDE + lane : first ? lane : SIDE + lane - s);
        }
        return table;
    }

    /**
     * Transposes a whole square.
     *
     * @param work room for a square
     */
    static void transpose(MemorySegment from, long at, long pitch, MemorySegment to, long toAt, long toPitch,
            byte[] work) {
        for (int row = 0; row < SIDE; row++) {
            ByteVector.fromMemorySegment(WHOLE_BYTES, from, at + row * pitch, ORDER).intoArray(work, row * SIDE);
        }
        transpose(work);
        for (int row = 0; row < SIDE; row++) {
            ByteVector.fromArray(WHOLE_BYTES, work, row * SIDE).intoMemorySegment(to, toAt + row * toPitch, ORDER);
        }
    }

    /** Transposes a square in place. */
    static void transpose(byte[] square) {
        int step = 0;
        for (int s = 1; s < SIDE; s *= 2) {
            step(square, s, step++);
        }
    }

    private static void step(byte[] square, int s, int step) {
        ByteVector upper = ByteVector.fromArray(WHOLE_BYTES, UPPER, step * SIDE);
        ByteVector lower = ByteVector.fromArray(WHOLE_BYTES, LOWER, step * SIDE);
        for (int pair = 0; pair < SIDE / 2; pair++) {
            int row = (pair & -s) * 2 + (pair & s - 1);
            ByteVector a = ByteVector.fromArray(WHOLE_BYTES, square, row * SIDE);
            ByteVector b = ByteVector.fromArray(WHOLE_BYTES, square, (row + s) * SIDE);
            upper.selectFrom(a, b).intoArray(square, row * SIDE);
            lower.selectFrom(a, b).intoArray(square, (row + s) * SIDE);
        }
    }
}
