package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Finds the k first elements of a line in their order, of equal ones the first. In a long line they are looked for
 * only where they can be: the k-th least of the minima of groups bounds the k-th least element, so that groups whose
 * minimum is above it have none. Holds what a search needs; for one thread.
 */
final class FloatTop {
    private static final int LEAST_GROUPS = 64;
    /** Up to as many, inserting each is faster than a sort. */
    private static final int FEW = 16;

    private final int extent;
    private final int k;
    private final boolean largest;
    /** Element i belongs to group i % groups, so that minima are found by vectors; 0: the whole line is sorted. */
    private final int groups;
    private final int[] keys;
    /** First of more groups, halved until these are left. */
    private final int[] minima;
    private final int[] others;
    private final int[] sorted;
    private final int[] open;
    /** A key above the place of its element. */
    private final long[] candidates;

    /**
     * @param extent the elements of a line
     * @param k above 0, at most the extent
     * @param largest whether the largest come first, else the least
     */
    FloatTop(int extent, int k, boolean largest) {
        this.extent = extent;
        this.k = k;
        this.largest = largest;
        int wanted = Math.max(LEAST_GROUPS, Integer.highestOneBit(Math.min(k, 1 << 28)) * 4);
        this.groups = wanted <= extent / 4 ? wanted : 0;
        this.keys = new int[extent];
        this.minima = new int[groups == 0 ? 0 : groups * Integer.highestOneBit((extent - 1) / groups)];
        this.others = new int[minima.length];
        this.sorted = new int[k <= FEW ? k : groups];
        this.open = new int[groups];
        this.candidates = new long[extent];
    }

    /** Returns where the i-th of the line found last is, 0 to the extent - 1. */
    int place(int i) {
        return (int) candidates[i];
    }

    /**
     * Looks through a line.
     *
     * @param src f32
     * @param start index of its first element
     * @param step distance of its elements
     */
    void find(MemorySegment src, long start, long step) {
        if (step == 1) {
            MemorySegment.copy(src, JAVA_INT, start * Integer.BYTES, keys, 0, extent);
        } else {
            for (int i = 0; i < extent; i++) {
                keys[i] = src.getAtIndex(JAVA_INT, start + i * step);
            }
        }
        // Ascending, so that the first ones are the least keys.
        FloatLines.order(keys, extent, !largest);
        int count = groups == 0 ? all() : below(bound());
        if (count > FEW) {
            Arrays.sort(candidates, 0, count);
            return;
        }
        for (int i = 1; i < count; i++) {
            long candidate = candidates[i];
            int at = i;
            for (; at > 0 && candidates[at - 1] > candidate; at--) {
                candidates[at] = candidates[at - 1];
            }
            candidates[at] = candidate;
        }
    }

    private int all() {
        for (int i = 0; i < extent; i++) {
            candidates[i] = (long) keys[i] << 32 | i;
        }
        return extent;
    }

    /** Returns the k-th least of the groups' minima: at least k keys are not above it. */
    private int bound() {
        int width = minima.length;
        System.arraycopy(keys, 0, minima, 0, width);
        takeLeast(keys, width, extent - width);
        while (width > groups) {
            width /= 2;
            takeLeast(minima, width, width);
        }
        if (k > FEW) {
            System.arraycopy(minima, 0, sorted, 0, groups);
            Arrays.sort(sorted);
            return sorted[k - 1];
        }
        Arrays.fill(sorted, Integer.MAX_VALUE);
        for (int i = 0; i < groups; i++) {
            int minimum = minima[i];
            if (minimum < sorted[k - 1]) {
                int at = k - 1;
                for (; at > 0 && sorted[at - 1] > minimum; at--) {
                    sorted[at] = sorted[at - 1];
                }
                sorted[at] = minimum;
            }
        }
        return sorted[k - 1];
    }

    /** Takes others into the first minima: from a copy, as loops over two places of arrays are not vectorized. */
    private void takeLeast(int[] from, int at, int count) {
        System.arraycopy(from, at, others, 0, count);
        for (int i = 0; i < count; i++) {
            minima[i] = Math.min(minima[i], others[i]);
        }
    }

    /** Makes candidates of the keys below a bound, and of the first k equal to it; returns how many. */
    private int below(int bound) {
        int opened = 0;
        for (int i = 0; i < groups; i++) {
            open[opened] = i;
            opened += minima[i] <= bound ? 1 : 0;
        }
        int count = 0;
        int equal = 0;
        for (int row = 0; row < extent; row += groups) {
            for (int i = 0; i < opened && open[i] < extent - row; i++) {
                int place = row + open[i];
                int key = keys[place];
                if (key < bound || key == bound && equal < k) {
                    candidates[count++] = (long) key << 32 | place;
                    equal += key == bound ? 1 : 0;
                }
            }
        }
        return count;
    }
}
