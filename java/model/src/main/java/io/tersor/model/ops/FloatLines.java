package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What is found along one axis of f32 elements, [outer, extent, inner], in loops over arrays that the JVM compiles to
 * vectors. Elements are compared as integers of the same order: the two zeros are equal, NaN is above everything.
 */
record FloatLines(long outer, int extent, long inner) {
    private static final int CHUNK = 1024;
    private static final int INFINITY_BITS = 0x7F80_0000;

    /** Replaces bits by integers that order as the numbers do, or the other way round. */
    static void order(int[] bits, int count, boolean ascending) {
        int flip = ascending ? 0 : -1;
        for (int i = 0; i < count; i++) {
            int given = bits[i];
            int key = given ^ given >> 31 & Integer.MAX_VALUE;
            // Below 0 one more: the negative zero becomes the other one.
            key += key >>> 31;
            int nan = INFINITY_BITS - (given & Integer.MAX_VALUE) >> 31;
            bits[i] = (key & ~nan | Integer.MAX_VALUE & nan) ^ flip;
        }
    }

    private void load(MemorySegment src, long element, int[] keys, int count, boolean ascending) {
        MemorySegment.copy(src, JAVA_INT, element * Integer.BYTES, keys, 0, count);
        order(keys, count, ascending);
    }

    /**
     * Writes where the largest or least elements are.
     *
     * @param to s64 [outer, inner]
     * @param last whether of equal ones the last counts, not the first
     */
    void arg(Tensor from, Tensor to, boolean max, boolean last) {
        if (inner == 1 && extent <= CHUNK / 2) {
            int[] keys = new int[CHUNK / extent * extent];
            for (long o = 0; o < outer; ) {
                int rows = (int) Math.min(keys.length / extent, outer - o);
                load(from.data(), o * extent, keys, rows * extent, max);
                for (int row = 0; row < rows; row++) {
                    to.data().setAtIndex(JAVA_LONG, o + row, argOfKeys(keys, row * extent, last));
                }
                o += rows;
            }
            return;
        }
        if (inner == 1) {
            int[] keys = new int[Math.min(CHUNK, extent)];
            for (long o = 0; o < outer; o++) {
                to.data().setAtIndex(JAVA_LONG, o, argOfRow(from.data(), o * extent, keys, max, last));
            }
            return;
        }
        for (long o = 0; o < outer; o++) {
            for (long first = 0; first < inner; first += CHUNK) {
                argOfColumns(from.data(), o, first, (int) Math.min(CHUNK, inner - first), to.data(), max, last);
            }
        }
    }

    private int argOfKeys(int[] keys, int start, boolean last) {
        int largest = Integer.MIN_VALUE;
        for (int i = start; i < start + extent; i++) {
            largest = Math.max(largest, keys[i]);
        }
        int step = last ? -1 : 1;
        int i = last ? extent - 1 : 0;
        while (keys[start + i] != largest) {
            i += step;
        }
        return i;
    }

    private int argOfRow(MemorySegment src, long start, int[] keys, boolean max, boolean last) {
        int best = 0;
        int bestKey = Integer.MIN_VALUE;
        boolean none = true;
        for (int at = 0; at < extent; at += CHUNK) {
            int count = Math.min(CHUNK, extent - at);
            load(src, start + at, keys, count, max);
            int largest = largest(keys, count);
            if (none || largest > bestKey || last && largest == bestKey) {
                bestKey = largest;
                best = at + find(keys, count, largest, last);
                none = false;
            }
        }
        return best;
    }

    private static int largest(int[] keys, int count) {
        int largest = Integer.MIN_VALUE;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, keys[i]);
        }
        return largest;
    }

    private static int find(int[] keys, int count, int key, boolean last) {
        int step = last ? -1 : 1;
        int i = last ? count - 1 : 0;
        while (keys[i] != key) {
            i += step;
        }
        return i;
    }

    private void argOfColumns(MemorySegment src, long o, long first, int width, MemorySegment to, boolean max,
            boolean last) {
        int[] keys = new int[width];
        int[] best = new int[width];
        int[] found = new int[width];
        load(src, o * extent * inner + first, best, width, max);
        for (int k = 1; k < extent; k++) {
            load(src, (o * extent + k) * inner + first, keys, width, max);
            if (last) {
                takeLast(keys, best, found, k, width);
            } else {
                takeFirst(keys, best, found, k, width);
            }
        }
        for (int i = 0; i < width; i++) {
            to.setAtIndex(JAVA_LONG, o * inner + first + i, found[i]);
        }
    }

    private static void takeFirst(int[] keys, int[] best, int[] found, int k, int width) {
        for (int i = 0; i < width; i++) {
            int larger = Math.max(best[i], keys[i]);
            int changed = larger ^ best[i];
            int mask = (changed | -changed) >> 31;
            found[i] ^= (found[i] ^ k) & mask;
            best[i] = larger;
        }
    }

    private static void takeLast(int[] keys, int[] best, int[] found, int k, int width) {
        for (int i = 0; i < width; i++) {
            int larger = Math.max(best[i], keys[i]);
            int missed = larger ^ keys[i];
            int mask = (missed | -missed) >> 31;
            found[i] ^= (found[i] ^ k) & ~mask;
            best[i] = larger;
        }
    }

    /** Writes sums of all elements up to each, in binary64 and then rounded. */
    void cumulate(Tensor from, Tensor to, boolean exclusive, boolean reverse) {
        int width = (int) Math.min(CHUNK, inner);
        double[] sums = new double[width];
        float[] run = new float[inner == 1 ? Math.min(CHUNK, extent) : width];
        for (long o = 0; o < outer; o++) {
            if (inner == 1) {
                cumulateRow(from.data(), to.data(), o * extent, run, exclusive, reverse);
                continue;
            }
            for (long first = 0; first < inner; first += CHUNK) {
                int count = (int) Math.min(CHUNK, inner - first);
                Arrays.fill(sums, 0);
                for (int k = 0; k < extent; k++) {
                    long at = ((o * extent + (reverse ? extent - 1 - k : k)) * inner + first) * Float.BYTES;
                    MemorySegment.copy(from.data(), JAVA_FLOAT, at, run, 0, count);
                    if (exclusive) {
                        addBehind(sums, run, count);
                    } else {
                        add(sums, run, count);
                    }
                    MemorySegment.copy(run, 0, to.data(), JAVA_FLOAT, at, count);
                }
            }
        }
    }

    private static void add(double[] sums, float[] run, int count) {
        for (int i = 0; i < count; i++) {
            sums[i] += run[i];
            run[i] = (float) sums[i];
        }
    }

    private static void addBehind(double[] sums, float[] run, int count) {
        for (int i = 0; i < count; i++) {
            double before = sums[i];
            sums[i] = before + run[i];
            run[i] = (float) before;
        }
    }

    private void cumulateRow(MemorySegment from, MemorySegment to, long start, float[] run, boolean exclusive,
            boolean reverse) {
        double sum = 0;
        for (int done = 0; done < extent; done += run.length) {
            int count = Math.min(run.length, extent - done);
            long at = (start + (reverse ? extent - done - count : done)) * Float.BYTES;
            MemorySegment.copy(from, JAVA_FLOAT, at, run, 0, count);
            for (int i = 0; i < count; i++) {
                int place = reverse ? count - 1 - i : i;
                double next = sum + run[place];
                run[place] = (float) (exclusive ? sum : next);
                sum = next;
            }
            MemorySegment.copy(run, 0, to, JAVA_FLOAT, at, count);
        }
    }
}
