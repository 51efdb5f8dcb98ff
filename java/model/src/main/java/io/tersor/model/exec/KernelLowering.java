package io.tersor.model.exec;

import io.tersor.model.Node;
import java.util.HashMap;
import java.util.Map;

/** Lowers a node to a kernel. */
@FunctionalInterface
interface KernelLowering {
    /** The lowerings by operator. */
    Map<String, KernelLowering> TABLE = table();

    /** Adds the steps of a node and returns true, or does nothing and returns false if no kernel computes it. */
    boolean lower(Node node, Lowering lowering);

    private static Map<String, KernelLowering> table() {
        Map<String, KernelLowering> table = new HashMap<>();
        ConvLowering.register(table);
        MatMulLowering.register(table);
        EinsumLowering.register(table);
        PoolLowering.register(table);
        ElementLowering.register(table);
        MaskLowering.register(table);
        ConcatLowering.register(table);
        NormLowering.register(table);
        AttentionLowering.register(table);
        ConvTransposeLowering.register(table);
        LayoutLowering.register(table);
        SamplingLowering.register(table);
        ReduceLowering.register(table);
        ChannelNormLowering.register(table);
        RecurrentLowering.register(table);
        DynamicMatMulLowering.register(table);
        return Map.copyOf(table);
    }
}
