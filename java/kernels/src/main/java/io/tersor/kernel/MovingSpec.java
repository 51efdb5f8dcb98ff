package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/** A kernel that puts elements of one type from a tensor of fixed extents into places of another. */
public sealed interface MovingSpec extends UnarySpec permits PlaceSpec, MoveSpec, PadSpec {
    /** Returns the type of the elements. */
    DataType type();

    /** Returns the input's shape. */
    Shape src();

    /** Returns the output's shape. */
    Shape dst();

    @Override
    default DataType srcType() {
        return type();
    }

    @Override
    default DataType dstType() {
        return type();
    }

    @Override
    default Shape dstShape(Shape given) {
        OperandException.check(given.equals(src()), "src", "shape " + src(), given);
        return dst();
    }
}
