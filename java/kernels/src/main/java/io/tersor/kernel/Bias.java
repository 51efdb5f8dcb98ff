package io.tersor.kernel;

import io.tersor.tensor.DataType;

/** Whether a kernel adds one value per output channel, and in which arithmetic. */
public enum Bias {
    /** No bias. */
    NONE,
    /** Real numbers, added to the scaled result in binary32. */
    F32,
    /** Integers of scale srcScale * weightsScale[n], added to the accumulator exactly; integer kernels only. */
    S32;

    /** Returns the element type of the bias tensor; {@link #NONE} has none and must not be asked. */
    public DataType type() {
        return switch (this) {
            case F32 -> DataType.F32;
            case S32 -> DataType.S32;
            case NONE -> throw new IllegalStateException("no bias, no type");
        };
    }
}
