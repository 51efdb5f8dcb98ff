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
    private static final int HALVES = 4;
    private static final int BITMASK = 5;
    private static final int SINGLES = 6;

    /** Runs of no more rows wait for the weights' bytes, and would leave vectors of rows half empty. */
    private static final int FEW_ROWS = 16;

    private Sparsity() {}

    /** Returns why weights of a type cannot be packed so; empty if they can. */
    static Optional<String> refusal(Optional<SparseFormat> format, DataType weights) {
        return format.isPresent() && weights == DataType.BF16 ? Optional.of("sparse bf16 weights") : Optional.empty();
    }

    /** Returns the tersor_sparsity of a multiplication's format, for typical runs of so many rows. */
    static int code(Optional<SparseFormat> format, DataType weights, long rows) {
        return format.map(used -> {
            int code = code(used, weights);
            return (code == SCATTERED || code == SINGLES) && rows <= FEW_ROWS ? BITMASK : code;
        }).orElse(DENSE);
    }

    /** Returns the tersor_sparsity of a convolution's format. */
    static int code(Optional<SparseFormat> format, DataType weights) {
        return format.map(used -> code(used, weights)).orElse(DENSE);
    }

    /**
     * Blocks of many outputs are computed by tiles of these, patterns that fill at most half of each 16 neighbours by
     * picking out these, everything else output by output: blocks of neighbouring inputs as they are, the rest weight by
     * weight.
     */
    private static int code(SparseFormat format, DataType weights) {
        return switch (format) {
            case SparseFormat.Block(int rows, _) when rows % 32 == 0 -> BLOCKS_32;
            case SparseFormat.Block(int rows, _) when rows % 16 == 0 -> BLOCKS_16;
            case SparseFormat.NOfM(int n, int m) when weights == DataType.S8 && 16 % m == 0 && 2 * n <= m
                    && 4 * n > m -> HALVES;
            case SparseFormat.Block(_, int columns) when columns % 4 == 0 -> SCATTERED;
            default -> SINGLES;
        };
    }
}
