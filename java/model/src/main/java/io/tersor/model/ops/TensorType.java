package io.tersor.model.ops;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/** Element type and fixed extents of a value. */
public record TensorType(DataType type, Shape shape) {
    @Override
    public String toString() {
        return type + " " + shape;
    }
}
