package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import io.tersor.tensor.DataType;
import java.util.List;

/**
 * GroupQueryAttention: rotary positions, a cache of keys and values [n, heads, length, size], causal attention. In
 * line b new keys stand behind the {@code seqlens_k[b] + 1 - length} ones that were there, or in front where that is
 * negative: then this is the first run and the line is padded on its right. Where none stand, the cache keeps what it
 * had, which ONNX Runtime makes zeros.
 */
final class GroupedAttentionNodes {
    private static final int LONG = 7;

    private GroupedAttentionNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("GroupQueryAttention", 7, GroupedAttentionNodes::expand);
    }

    private static void expand(Expansion node) {
        refuse(node);
        long heads = node.positive("num_heads");
        long kvHeads = node.positive("kv_num_heads");
        node.check(heads % kvHeads == 0, "num_heads", "a multiple of " + kvHeads, heads);
        String[] qkv = operands(node, heads, kvHeads);
        String length = AttentionNodes.extent(node, qkv[0], 1);
        String start = start(node, length);
        if (node.attributes().integer("do_rotary", 0) != 0) {
            String positions = node.has(9) ? node.input(9) : node.add("Add", node.add("Unsqueeze", start,
                    node.longs(1)), range(node, length));
            qkv[0] = rotary(node, qkv[0], positions, heads);
            qkv[1] = rotary(node, qkv[1], positions, kvHeads);
        }
        String total = node.add("Cast", Attributes.NONE.with("to", LONG),
                node.add("Reshape", node.input(6), node.longs(1)));
        String keys = append(node, 1, heads(node, qkv[1], kvHeads), start, total);
        String values = append(node, 2, heads(node, qkv[2], kvHeads), start, total);
        String valid = node.add("Add", start, length);
        String result = node.add("Attention", attributes(node), heads(node, qkv[0], heads), keys, values,
                node.inputOrNone(10), "", "", valid);
        node.give("Reshape", node.add("Transpose", swap(), result), node.longs(0, 0, -1));
    }

    private static void refuse(Expansion node) {
        node.refuse(11, "a sink of softmax");
        node.refuse(12, "a quantized cache");
        node.refuse(13, "a quantized cache");
        node.refuse(14, "a normalization of queries");
        node.refuse(15, "a normalization of keys");
        for (String attribute : new String[] {"smooth_softmax", "sliding_window_cache", "qk_output"}) {
            if (node.attributes().integer(attribute, 0) > 0) {
                throw node.unsupported(attribute + " is not implemented");
            }
        }
        if (node.has(3) != node.has(4)) {
            throw node.unsupported("past keys without past values");
        }
    }

    private static Attributes attributes(Expansion node) {
        Attributes attributes = Attributes.NONE.with("is_causal", node.attributes().integer("causal", 1));
        float scale = node.attributes().real("scale", 0f);
        attributes = scale == 0f ? attributes : attributes.with("scale", scale);
        float softcap = node.attributes().real("softcap", 0f);
        attributes = softcap == 0f ? attributes : attributes.with("softcap", softcap);
        long window = node.attributes().integer("local_window_size", -1);
        // A window counts the position itself, ONNX's those before it.
        return window > 0 ? attributes.with("left_window_size", window - 1) : attributes;
    }

    private static String[] operands(Expansion node, long heads, long kvHeads) {
        if (node.has(1)) {
            return new String[] {node.input(0), node.input(1), node.input(2)};
        }
        long all = node.extent(0, 2);
        node.check(all % (heads + 2 * kvHeads) == 0, "input 0", "a multiple of " + (heads + 2 * kvHeads)
                + " in a token", all);
        long size = all / (heads + 2 * kvHeads);
        return node.split("Split", 3, Attributes.NONE.with("axis", -1), node.input(0),
                node.longs(heads * size, kvHeads * size, kvHeads * size)).toArray(String[]::new);
    }

    /** Returns how many keys each line has before this run, s64 [n]. */
    private static String start(Expansion node, String length) {
        String all = node.add("Add", node.add("Cast", Attributes.NONE.with("to", LONG),
                node.add("Reshape", node.input(5), node.longs(-1))), node.number(DataType.S64, 1));
        return node.add("Max", node.add("Sub", all, length), node.number(DataType.S64, 0));
    }

    private static String range(Expansion node, String length) {
        return node.add("Range", node.number(DataType.S64, 0), node.add("Reshape", length, node.longs()),
                node.number(DataType.S64, 1));
    }

    private static String rotary(Expansion node, String value, String positions, long heads) {
        return node.add("RotaryEmbedding", Attributes.NONE.with("num_heads", heads)
                .with("interleaved", node.attributes().integer("rotary_interleaved", 0))
                .with("rotary_embedding_dim", 2 * node.extent(7, 1)), value, node.input(7), node.input(8), positions);
    }

    private static Attributes swap() {
        return Attributes.NONE.with("perm", new long[] {0, 2, 1, 3});
    }

    private static String heads(Expansion node, String tokens, long heads) {
        return node.add("Transpose", swap(), node.add("Reshape", tokens, node.longs(0, 0, heads, -1)));
    }

    /** Returns the cache with new lines in it, as long as it was or as all keys of this run, which output it is too. */
    private static String append(Expansion node, int output, String added, String start, String total) {
        String cache = node.inputOrNone(output + 2);
        String result;
        if (cache.isEmpty()) {
            result = added;
            node.give(output, "Identity", Attributes.NONE, added);
        } else {
            String missing = node.add("Max", node.add("Sub", total, AttentionNodes.extent(node, cache, 2)),
                    node.longs(0));
            String longer = node.add("Pad", cache, node.add("Concat", Attributes.NONE.with("axis", 0),
                    node.longs(0, 0, 0, 0, 0, 0), missing, node.longs(0)));
            if (node.wants(output)) {
                result = node.node().outputs().get(output);
                node.give(List.of(output), "", "TensorScatter", Attributes.NONE.with("axis", -2), longer, added,
                        start);
            } else {
                result = node.add("TensorScatter", Attributes.NONE.with("axis", -2), longer, added, start);
            }
        }
        return result;
    }
}
