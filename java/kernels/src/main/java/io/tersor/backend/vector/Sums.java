package io.tersor.backend.vector;

import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.MatMulSpec;
import io.tersor.tensor.DataType;

/** What a kernel's sums are, which decides how they become results. */
enum Sums {
    /** Real values. */
    FLOATS,
    /** Integers, scaled by one multiplier for each column. */
    INTEGERS,
    /** Integers whose rows have scales of their own, too. */
    INTEGERS_OF_SCALED_ROWS,
    /** Integers whose source comes with parameters of its own, see {@link Scratch#columnStarts}. */
    INTEGERS_OF_GIVEN_SOURCE;

    static Sums of(MatMulSpec spec) {
        return spec.isDynamic() ? INTEGERS_OF_SCALED_ROWS
                : spec.paramsAtRun() ? INTEGERS_OF_GIVEN_SOURCE : spec.weights() == DataType.S8 ? INTEGERS : FLOATS;
    }

    static Sums of(Conv2dSpec spec) {
        return spec.isInteger() ? INTEGERS : FLOATS;
    }
}
