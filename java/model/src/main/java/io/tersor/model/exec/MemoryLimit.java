package io.tersor.model.exec;

import io.tersor.TersorException;
import io.tersor.model.Node;
import io.tersor.model.ops.TensorType;
import java.util.Collection;

/**
 * How much memory a value may take, so that a few bytes of file cannot ask for gigabytes: {@value #BASE} bytes and
 * {@value #FACTOR} times what the inputs and the constants have together. Not thread-safe.
 */
public final class MemoryLimit {
    private static final long BASE = 64L << 20;
    private static final long FACTOR = 1024;

    private final long bytes;
    private long taken;

    /** @param given the types of inputs and constants */
    MemoryLimit(Collection<TensorType> given) {
        this.bytes = bytes(given);
    }

    /**
     * Returns the limit in bytes.
     *
     * @param given the types of inputs and constants
     */
    public static long bytes(Collection<TensorType> given) {
        long sum = 0;
        for (TensorType type : given) {
            sum = saturatedSum(sum, bytes(type));
        }
        return sum > (Long.MAX_VALUE - BASE) / FACTOR ? Long.MAX_VALUE : BASE + FACTOR * sum;
    }

    private static long saturatedSum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }

    private static long bytes(TensorType type) {
        long elements = type.shape().elements();
        return elements > Long.MAX_VALUE / 8 ? Long.MAX_VALUE : type.type().bytes(elements);
    }

    /** Checks an output of a node. */
    void check(Node node, int output, TensorType type) {
        if (bytes(type) > bytes) {
            throw exceeded(node, output, type, bytes(type));
        }
    }

    /** Counts a constant that is about to be computed; all of them together have the limit of one value. */
    void take(Node node, int output, TensorType type) {
        taken = saturatedSum(taken, bytes(type));
        if (taken > bytes) {
            throw exceeded(node, output, type, taken);
        }
    }

    private TersorException exceeded(Node node, int output, TensorType type, long wanted) {
        return new TersorException("node " + node.name() + " (" + node.operator() + ") output " + output + ", " + type
                + ": " + wanted + " bytes are more than the " + bytes + " that the sizes of inputs and constants allow");
    }
}
