package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.tensor.DataType;
import java.util.Arrays;
import java.util.List;

/**
 * Attention with the projections in front of it and the forms of masks that ONNX Runtime knows: ONNX's Attention. What
 * a mask leaves out has a finite number added to its scores, -10000 unless an attribute names another.
 */
final class AttentionNodes {
    private static final float FILTER = -10000f;
    private static final int LONG = 7;

    private AttentionNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("Attention", 2, AttentionNodes::attention);
        table.add("QAttention", 5, AttentionNodes::quantized);
        table.add("MultiHeadAttention", 1, AttentionNodes::multiHead);
        table.add("RotaryEmbedding", 4, AttentionNodes::rotary);
    }

    /** Attention(x, weights, bias, mask, past, added to scores, past's length). */
    private static void attention(Expansion node) {
        node.refuse(6, "a cache that is written in place");
        refuse(node, "do_rotary");
        refuse(node, "past_present_share_buffer");
        long[] sizes = node.attributes().integers("qkv_hidden_sizes");
        if (sizes.length == 0) {
            long all = node.extent(1, 1);
            node.check(all % 3 == 0, "input 1", "[..., 3 * size]", all);
            sizes = new long[] {all / 3, all / 3, all / 3};
        }
        node.check(sizes.length == 3 && Arrays.stream(sizes).allMatch(size -> size > 0), "qkv_hidden_sizes",
                "three extents", Arrays.toString(sizes));
        String[] parts = new String[3];
        if (node.constantIfGiven(1).isPresent()) {
            // Three products need no copies of their results.
            long from = 0;
            for (int i = 0; i < parts.length; i++) {
                String weights = node.add("Slice", node.input(1), node.longs(from), node.longs(from + sizes[i]),
                        node.longs(1));
                parts[i] = node.add("MatMul", node.input(0), weights);
                if (node.has(2)) {
                    parts[i] = node.add("Add", parts[i], node.add("Slice", node.input(2), node.longs(from),
                            node.longs(from + sizes[i]), node.longs(0)));
                }
                from += sizes[i];
            }
        } else {
            String product = node.add("MatMul", node.input(0), node.input(1));
            parts = split(node, node.has(2) ? node.add("Add", product, node.input(2)) : product, sizes);
        }
        stacked(node, parts, 3, 4, node.inputOrNone(5));
    }

    /** QAttention(x, weights, bias, their scales, mask, their zero points, past): the projection is one of integers. */
    private static void quantized(Expansion node) {
        refuse(node, "do_rotary");
        refuse(node, "past_present_share_buffer");
        long all = node.extent(1, 1);
        node.check(all % 3 == 0, "input 1", "[..., 3 * size]", all);
        String product = DynamicNodes.product(node, node.input(0), node.input(3), node.inputOrNone(6), node.input(1),
                node.input(4), node.inputOrNone(7));
        String sum = node.add("Add", product, node.input(2));
        stacked(node, split(node, sum, all / 3, all / 3, all / 3), 5, 8, "");
    }

    private static void refuse(Expansion node, String attribute) {
        if (node.attributes().integer(attribute, 0) != 0) {
            throw node.unsupported(attribute + " is not implemented");
        }
    }

    private static String[] split(Expansion node, String value, long... sizes) {
        return node.split("Split", sizes.length, Attributes.NONE.with("axis", -1), value, node.longs(sizes))
                .toArray(String[]::new);
    }

    /** Makes the result of tokens [n, length, heads * size], with a cache [2, n, heads, length, size]. */
    private static void stacked(Expansion node, String[] qkv, int mask, int past, String added) {
        String[] cache = {"", ""};
        for (int i = 0; i < 2 && node.has(past); i++) {
            cache[i] = node.add("Gather", Attributes.NONE.with("axis", 0), node.input(past), index(node, i));
        }
        String allowed = mask(node, mask, added, node.has(past) ? cache[0] : "", node.input(0));
        Attributes attributes = attributes(node, node.positive("num_heads"));
        if (node.wants(1)) {
            List<String> all = node.split("Attention", 3, attributes, qkv[0], qkv[1], qkv[2], allowed, cache[0],
                    cache[1]);
            node.give("Identity", all.get(0));
            node.give(1, "Concat", Attributes.NONE.with("axis", 0), node.add("Unsqueeze", all.get(1), node.longs(0)),
                    node.add("Unsqueeze", all.get(2), node.longs(0)));
        } else {
            node.give(0, "Attention", attributes, qkv[0], qkv[1], qkv[2], allowed, cache[0], cache[1]);
        }
    }

    private static String index(Expansion node, int index) {
        return node.number(DataType.S64, index);
    }

    private static Attributes attributes(Expansion node, long heads) {
        Attributes attributes = Attributes.NONE.with("q_num_heads", heads).with("kv_num_heads", heads)
                .with("is_causal", node.attributes().integer("unidirectional", 0) != 0 ? 1 : 0);
        float scale = node.attributes().real("scale", 0f);
        return scale == 0f ? attributes : attributes.with("scale", scale);
    }

    /**
     * Returns what is added to scores [n, heads, length, all]: of a mask that is an input, and of numbers that are
     * given as such; empty if there is neither.
     *
     * @param past keys [n, heads, length, size] in front of those of this run, empty without any
     * @param keys [n, length, ...] of this run
     */
    private static String mask(Expansion node, int input, String added, String past, String keys) {
        if (!node.has(input)) {
            return added;
        }
        String mask = node.input(input);
        String allowed = switch (node.rank(input)) {
            case 1 -> lengths(node, input, past, keys);
            case 2 -> node.add("Unsqueeze", positive(node, mask), node.longs(1, 2));
            case 3 -> node.add("Unsqueeze", positive(node, mask), node.longs(1));
            default -> throw node.unsupported("a mask of rank " + node.rank(input));
        };
        float filter = node.attributes().real("mask_filter_value", FILTER);
        String numbers = node.add("Where", allowed, node.number(node.type(node.has(2) ? 2 : 0), 0),
                node.number(node.type(node.has(2) ? 2 : 0), filter));
        return added.isEmpty() ? numbers : node.add("Add", numbers, added);
    }

    private static String positive(Expansion node, String mask) {
        return node.add("Greater", mask, node.number(DataType.S32, 0));
    }

    /** Returns which keys come before the ends [n] of padded lines; ends [2 n] are followed by beginnings. */
    private static String lengths(Expansion node, int input, String past, String keys) {
        List<Dim> batch = node.dims(0);
        node.check(!batch.isEmpty(), "input 0", "rank 3", batch);
        boolean ends = node.dims(input).getFirst().equals(batch.getFirst());
        if (!ends && node.extent(input, 0) != 2 * node.extent(0, 0)) {
            throw node.unsupported("a mask of shape " + node.dims(input) + " for " + batch.getFirst() + " lines");
        }
        String total = extent(node, keys, 1);
        total = past.isEmpty() ? total : node.add("Add", total, extent(node, past, 2));
        String places = node.add("Range", index(node, 0), node.add("Reshape", total, node.longs()), index(node, 1));
        String column = node.add("Reshape", node.add("Cast", Attributes.NONE.with("to", LONG), node.input(input)),
                node.longs(ends ? new long[] {-1, 1, 1, 1} : new long[] {2, -1, 1, 1, 1}));
        if (ends) {
            return node.add("Less", places, column);
        }
        Attributes first = Attributes.NONE.with("axis", 0);
        String before = node.add("Less", places, node.add("Gather", first, column, index(node, 0)));
        String after = node.add("GreaterOrEqual", places, node.add("Gather", first, column, index(node, 1)));
        return node.add("And", before, after);
    }

    /** Returns the extent of an axis as a vector of one element. */
    static String extent(Expansion node, String value, int axis) {
        return node.add("Slice", node.add("Shape", value), node.longs(axis), node.longs(axis + 1), node.longs(0));
    }

    /** MultiHeadAttention(q, k, v, bias, mask, added to scores, past keys, past values, past's length, beams). */
    private static void multiHead(Expansion node) {
        node.refuse(8, "a cache that is written in place");
        node.refuse(9, "choosing among beams");
        long heads = node.positive("num_heads");
        String[] qkv;
        boolean headsFirst = false;
        if (!node.has(1)) {
            qkv = packed(node, 0, 3);
        } else if (!node.has(2)) {
            String[] both = packed(node, 1, 2);
            qkv = new String[] {node.input(0), both[0], both[1]};
        } else {
            qkv = new String[] {node.input(0), node.input(1), node.input(2)};
            headsFirst = node.rank(1) == 4;
        }
        if (node.has(3)) {
            addBias(node, qkv, headsFirst ? 1 : 3);
        }
        String allowed = mask(node, 4, node.inputOrNone(5), node.inputOrNone(6), qkv[1]);
        Attributes attributes = attributes(node, heads);
        if (headsFirst) {
            Attributes swap = Attributes.NONE.with("perm", new long[] {0, 2, 1, 3});
            String q = node.add("Transpose", swap, node.add("Reshape", qkv[0], node.longs(0, 0, heads, -1)));
            String result = node.add("Attention", attributes.without("q_num_heads").without("kv_num_heads"), q, qkv[1],
                    qkv[2], allowed);
            node.give("Reshape", node.add("Transpose", swap, result), node.longs(0, 0, -1));
            return;
        }
        boolean presents = node.wants(1) || node.wants(2);
        node.give(presents ? List.of(0, 1, 2) : List.of(0), "", "Attention", attributes, qkv[0], qkv[1], qkv[2],
                allowed, node.inputOrNone(6), node.inputOrNone(7));
    }

    /** Returns the parts of [n, length, heads, parts, size], each as [n, length, heads * size]. */
    private static String[] packed(Expansion node, int input, int parts) {
        String[] all = new String[parts];
        for (int i = 0; i < parts; i++) {
            String part = node.add("Gather", Attributes.NONE.with("axis", 3), node.input(input), index(node, i));
            all[i] = node.add("Reshape", part, node.longs(0, 0, -1));
        }
        return all;
    }

    /** Adds the parts of a bias [q's size + k's + v's] to the first {@code count} operands. */
    private static void addBias(Expansion node, String[] qkv, int count) {
        long all = node.extent(3, 0);
        long q = node.has(1) && node.has(2) ? node.extent(0, 2) : all / 3;
        long[] ends = {0, q, 2 * q, all};
        node.check(q > 0 && 2 * q < all, "input 3", "more than [" + 2 * q + "]", all);
        for (int i = 0; i < count; i++) {
            qkv[i] = node.add("Add", qkv[i], node.add("Slice", node.input(3), node.longs(ends[i]),
                    node.longs(ends[i + 1]), node.longs(0)));
        }
    }

    /** RotaryEmbedding(x, positions, cosines, sines); one position is the first of all lines. */
    private static void rotary(Expansion node) {
        refuse(node, "is_packed_batching");
        if (node.attributes().real("scale", 1f) != 1f) {
            throw node.unsupported("scale " + node.attributes().real("scale", 1f));
        }
        int rank = node.rank(0);
        node.check(rank == 3 || rank == 4, "input 0", "rank 3 or 4", rank);
        long rotated = node.attributes().integer("rotary_embedding_dim", 0);
        long heads = node.attributes().integer("num_heads", 0);
        if (rank == 3 && heads == 0) {
            long size = 2 * node.extent(2, 1);
            node.check(size > 0 && node.extent(0, 2) % size == 0, "input 0", "heads of " + size, node.extent(0, 2));
            heads = node.extent(0, 2) / size;
        }
        String positions = node.input(1);
        if (node.rank(1) < 2) {
            String length = extent(node, node.input(0), rank - 2);
            String count = node.add("Range", index(node, 0), node.add("Reshape", length, node.longs()),
                    index(node, 1));
            positions = node.add("Expand", node.add("Add", count, positions), node.add("Concat",
                    Attributes.NONE.with("axis", 0), extent(node, node.input(0), 0), length));
        }
        Attributes attributes = Attributes.NONE.with("rotary_embedding_dim", rotated)
                .with("interleaved", node.attributes().integer("interleaved", 0));
        node.give(0, "RotaryEmbedding", rank == 3 ? attributes.with("num_heads", heads) : attributes, node.input(0),
                node.input(2), node.input(3), positions);
    }
}
