package io.tersor.backend.libtersor;

import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import java.util.Optional;

/** How libtersor packs weights with zeros; the codes are those of tersor.h. */
final class Sparsity {
    private static final int DENSE = 0;
    private static final int SCATTERED = 1;
    private static final int BLOCKS_16 = 2;
    private static final int BLOCKS_32 = 3;

    private Sparsity() {}

    /** Returns why weights of a type cannot be packed so; empty if they can. */
    static Optional<String> refusal(Optional<SparseFormat> format, DataType weights) {
        return format.isPresent() && weights == DataType.BF16 ? Optional.of("sparse bf16 weights") : Optional.empty();
    }

    /**
     * Returns the tersor_sparsity of a format. Blocks of many outputs are computed by tiles of these, everything else
     * output by output.
     */
    static int code(Optional<SparseFormat> format) {
        return format.map(Sparsity::code).orElse(DENSE);
    }

    private static int code(SparseFormat format) {
        return switch (format) {
            case SparseFormat.Block(int rows, _) when rows % 32 == 0 -> BLOCKS_32;
            case SparseFormat.Block(int rows, _) when rows % 16 == 0 -> BLOCKS_16;
            default -> SCATTERED;
        };
    }
}
