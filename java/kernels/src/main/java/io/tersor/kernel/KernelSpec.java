package io.tersor.kernel;

/** What a kernel computes: an immutable record that can be printed, compared and used as a key. */
public sealed interface KernelSpec permits MatMulSpec, Conv2dSpec, AddSpec, UnarySpec, LayerNormSpec,
        MatrixProductSpec, AttentionSpec, BinarySpec, SelectSpec, InterpolateSpec, RecurrentCellSpec,
                DynamicQuantizerSpec {
    /** Returns the operation's name with its types, such as {@code matmul_u8s8u8}. */
    String name();
}
