package io.tersor.contract;

import io.tersor.sparse.Patterns;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Shape;
import java.util.Random;

/** How the zeros of sparse weights are spread, the degenerate ways among them. */
enum Zeros {
    /** Most units. */
    MOST,
    /** Half of the units. */
    HALF,
    /** All of them. */
    ALL,
    /** All but one entry. */
    ALL_BUT_ONE,
    /** None. */
    NONE,
    /** Every unit of most outputs. */
    ROWS;

    /**
     * Returns which weights are kept, row-major.
     *
     * @param shape [outputs, inputs] or OIHW
     */
    boolean[] kept(SparseFormat format, Shape shape, long seed) {
        Random random = new Random(seed);
        double sparsity = switch (this) {
            case MOST -> 0.85;
            case HALF -> 0.5;
            case ALL, ALL_BUT_ONE -> 1;
            case NONE, ROWS -> 0;
        };
        boolean[] kept = Patterns.kept(format, shape, sparsity, random);
        if (this == ALL_BUT_ONE && kept.length > 0) {
            kept[random.nextInt(kept.length)] = true;
        }
        if (this == ROWS) {
            int row = kept.length / (int) Math.max(1, shape.dim(0));
            for (int output = 0; output < shape.dim(0); output++) {
                boolean empty = random.nextInt(3) > 0;
                for (int i = output * row; empty && i < (output + 1) * row; i++) {
                    kept[i] = false;
                }
            }
        }
        return kept;
    }
}
