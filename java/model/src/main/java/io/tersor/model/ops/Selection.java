package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Chooses between elements of two operands by a bool, run by run, whatever their bits mean. */
final class Selection {
    private static final int CHUNK = 1024;

    private Selection() {}

    /**
     * Writes a run.
     *
     * @param in the bool, what is taken where it is true, and where it is false
     * @param from index of each operand's first element
     * @param step distance of each operand's elements, 0 or 1
     */
    static void run(int bytes, Tensor[] in, long[] from, long[] step, MemorySegment to, long at, long count) {
        MemorySegment condition = in[0].data();
        if (step[0] == 0) {
            int chosen = condition.get(JAVA_BYTE, from[0]) != 0 ? 1 : 2;
            new StridedMove(bytes, new long[] {count}, from[chosen], new long[] {step[chosen]}, at, new long[] {1})
                    .run(in[chosen].data(), to);
            return;
        }
        long first = from[0];
        long a = from[1];
        long b = from[2];
        long aStep = step[1];
        long bStep = step[2];
        MemorySegment left = in[1].data();
        MemorySegment right = in[2].data();
        switch (bytes) {
            case 1 -> {
                for (long i = 0; i < count; i++) {
                    to.set(JAVA_BYTE, at + i, condition.get(JAVA_BYTE, first + i) != 0
                            ? left.get(JAVA_BYTE, a + i * aStep) : right.get(JAVA_BYTE, b + i * bStep));
                }
            }
            case 2 -> {
                for (long i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_SHORT, at + i, condition.get(JAVA_BYTE, first + i) != 0
                            ? left.getAtIndex(JAVA_SHORT, a + i * aStep) : right.getAtIndex(JAVA_SHORT, b + i * bStep));
                }
            }
            case 4 -> ints(condition, first, left, a, aStep == 0, right, b, bStep == 0, to, at, count);
            default -> {
                for (long i = 0; i < count; i++) {
                    to.setAtIndex(JAVA_LONG, at + i, condition.get(JAVA_BYTE, first + i) != 0
                            ? left.getAtIndex(JAVA_LONG, a + i * aStep) : right.getAtIndex(JAVA_LONG, b + i * bStep));
                }
            }
        }
    }

    /** In arrays, where loops are vectorized: the bools first become masks by themselves, as bytes among ints keep that off. */
    private static void ints(MemorySegment condition, long first, MemorySegment left, long a, boolean aConstant,
            MemorySegment right, long b, boolean bConstant, MemorySegment to, long at, long count) {
        int size = (int) Math.min(CHUNK, count);
        byte[] chosen = new byte[size];
        int[] mask = new int[size];
        int[] x = new int[size];
        int[] y = new int[size];
        int[] result = new int[size];
        fill(left, a, aConstant, x);
        fill(right, b, bConstant, y);
        for (long done = 0; done < count; done += CHUNK) {
            int length = (int) Math.min(CHUNK, count - done);
            MemorySegment.copy(condition, JAVA_BYTE, first + done, chosen, 0, length);
            load(left, a, aConstant, done, x, length);
            load(right, b, bConstant, done, y, length);
            widen(chosen, mask, length);
            choose(mask, x, y, result, length);
            MemorySegment.copy(result, 0, to, JAVA_INT, (at + done) * Integer.BYTES, length);
        }
    }

    private static void widen(byte[] from, int[] to, int length) {
        for (int i = 0; i < length; i++) {
            to[i] = from[i];
        }
    }

    /** Of a condition other than 0 and its negative one is below 0, which the shift spreads over all bits. */
    private static void choose(int[] condition, int[] x, int[] y, int[] to, int length) {
        for (int i = 0; i < length; i++) {
            int mask = (condition[i] | -condition[i]) >> 31;
            to[i] = y[i] ^ (x[i] ^ y[i]) & mask;
        }
    }

    private static void fill(MemorySegment from, long at, boolean constant, int[] to) {
        if (constant) {
            Arrays.fill(to, from.getAtIndex(JAVA_INT, at));
        }
    }

    private static void load(MemorySegment from, long at, boolean constant, long done, int[] to, int length) {
        if (!constant) {
            MemorySegment.copy(from, JAVA_INT, (at + done) * Integer.BYTES, to, 0, length);
        }
    }
}
