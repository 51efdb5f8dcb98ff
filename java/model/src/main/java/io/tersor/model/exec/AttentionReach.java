package io.tersor.model.exec;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.model.Node;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Which keys a query may read by its position among them.
 *
 * @param causal whether only those up to its own position
 * @param left how far before its position, -1 for any distance
 * @param right how far behind it, likewise
 */
record AttentionReach(boolean causal, long left, long right) {
    static AttentionReach of(Node node) {
        return new AttentionReach(node.attributes().integer("is_causal", 0) != 0,
                node.attributes().integer("left_window_size", -1), node.attributes().integer("right_window_size", -1));
    }

    /** Returns the first key that a query at a position may read. */
    private long first(long position) {
        return left < 0 ? 0 : Math.max(0, position - left);
    }

    /** Returns the place behind the last of the given keys that a query at a position may read. */
    private long end(long position, long keys) {
        long end = causal ? Math.min(keys, position + 1) : keys;
        return Math.max(0, right < 0 ? end : Math.min(end, position + right + 1));
    }

    /** Returns whether this is what kernels call causal, for queries from a position on. */
    boolean isPlainlyCausal(long position) {
        return causal && left < 0 && right < 0 && position == 0;
    }

    /** Returns whether every one of the queries from a position on may read all keys. */
    boolean isEverything(long position, long queries, long keys) {
        boolean all = true;
        for (long i = 0; all && i < queries; i++) {
            all = first(position + i) == 0 && end(position + i, keys) >= keys;
        }
        return all;
    }

    /**
     * Writes one plane of a mask, [queries, keys]: given numbers where a query may read, -infinity elsewhere.
     *
     * @param position of the first query
     * @param valid how many of the keys there are
     * @param given the numbers' tensor, [..., queries or 1, keys]; null for zeros
     * @param from the plane of it
     * @param to [..., queries, keys]
     * @param plane of {@code to}
     */
    void fill(long position, long valid, Tensor given, long from, Tensor to, long plane) {
        long queries = to.shape().dim(2);
        long keys = to.shape().dim(3);
        MemorySegment data = to.data();
        for (long i = 0; i < queries; i++) {
            long begin = first(position + i);
            long end = Math.min(keys, end(position + i, valid));
            long row = (plane * queries + i) * keys;
            long source = given == null ? 0 : (from * given.shape().dim(2)
                    + (given.shape().dim(2) == 1 ? 0 : i)) * keys;
            for (long j = 0; j < keys; j++) {
                float number = given == null ? 0f : given.data().getAtIndex(JAVA_FLOAT, source + j);
                data.setAtIndex(JAVA_FLOAT, row + j, j >= begin && j < end ? number : Float.NEGATIVE_INFINITY);
            }
        }
    }
}
