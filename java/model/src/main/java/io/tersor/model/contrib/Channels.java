package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.stream.LongStream;

/**
 * An operator of images that has its channels last if an attribute says so: between transpositions it is the usual one.
 */
final class Channels {
    private static final String LAST = "channels_last";

    private final Expansion node;
    private final boolean last;
    private final int rank;

    private Channels(Expansion node, boolean last, IntSupplier rank) {
        this.node = node;
        this.last = last;
        this.rank = last ? rank.getAsInt() : 0;
        node.check(!last || this.rank >= 3, "rank", "3 or more", this.rank);
    }

    /** Expands a node whose attribute says where its channels are. */
    static void last(Expansion node, IntSupplier rank, Consumer<Channels> body) {
        body.accept(new Channels(node, node.attributes().integer(LAST, 0) != 0, rank));
    }

    /** Expands a node that always has its channels last. */
    static void alwaysLast(Expansion node, IntSupplier rank, Consumer<Channels> body) {
        body.accept(new Channels(node, true, rank));
    }

    Expansion node() {
        return node;
    }

    /** Returns the attributes of the usual operator. */
    Attributes attributes() {
        return node.attributes().without(LAST);
    }

    /** Returns the first input, channels in front. */
    String source() {
        return last ? node.add("Transpose", perm(LongStream.concat(LongStream.of(0, rank - 1),
                LongStream.range(1, rank - 1)).toArray()), node.input(0)) : node.input(0);
    }

    /** Makes the output by a step whose result has its channels in front. */
    void give(String opType, Attributes attributes, String... inputs) {
        if (last) {
            node.give(0, "Transpose", perm(LongStream.concat(LongStream.of(0),
                    LongStream.concat(LongStream.range(2, rank), LongStream.of(1))).toArray()),
                    node.add(opType, attributes, inputs));
        } else {
            node.give(0, opType, attributes, inputs);
        }
    }

    private static Attributes perm(long... order) {
        return Attributes.NONE.with("perm", order);
    }
}
