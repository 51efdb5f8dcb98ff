package io.tersor.model.exec;

import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/**
 * Which arrangement of zeros the kernel of a product makes use of.
 *
 * @param note why it is not the one that the graph asks for, where it asks for one
 */
record SparseChoice(Optional<SparseFormat> format, Optional<String> note) {
    /** Nothing asked. */
    static final SparseChoice NONE = new SparseChoice(Optional.empty(), Optional.empty());

    /** Returns the choice that was asked for. */
    static SparseChoice of(Optional<SparseFormat> asked) {
        return new SparseChoice(asked, Optional.empty());
    }

    /** Returns the choice of weights as they are where a format was asked for. */
    static SparseChoice dense(SparseFormat asked, String reason) {
        return new SparseChoice(Optional.empty(), Optional.of("not run as " + asked + ": " + reason));
    }

    /**
     * Returns whether weights can be stored in a format: all can, but in n of m.
     *
     * @param weights [outputs, ..., inputs], any strides
     */
    static boolean holds(SparseFormat format, Tensor weights) {
        return !(format instanceof SparseFormat.NOfM pattern)
                || pattern.holds(weights.toFloats(), (int) weights.shape().dim(-1));
    }
}
