package io.tersor.model;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a graph tells about a value.
 *
 * @param dims the extents, outermost first; empty if not even the rank is known
 */
public record ValueInfo(String name, DataType type, Optional<List<Dim>> dims) {
    /** Copies the extents. */
    public ValueInfo {
        dims = dims.map(List::copyOf);
    }

    /** Returns the info of a value of the given extents. */
    public static ValueInfo of(String name, DataType type, Dim... dims) {
        return new ValueInfo(name, type, Optional.of(List.of(dims)));
    }

    /** Returns the info of a value of fixed extents. */
    public static ValueInfo of(String name, DataType type, Shape shape) {
        List<Dim> dims = new ArrayList<>();
        for (long extent : shape.dims()) {
            dims.add(Dim.of(extent));
        }
        return new ValueInfo(name, type, Optional.of(dims));
    }

    /** Returns the shape if every extent is fixed. */
    public Optional<Shape> shape() {
        if (dims.isEmpty()) {
            return Optional.empty();
        }
        long[] extents = new long[dims.get().size()];
        for (int axis = 0; axis < extents.length; axis++) {
            if (!(dims.get().get(axis) instanceof Dim.Known known)) {
                return Optional.empty();
            }
            extents[axis] = known.extent();
        }
        return Optional.of(Shape.of(extents));
    }

    /** Returns whether a tensor of this shape may stand for the value. */
    public boolean accepts(Shape shape) {
        if (dims.isEmpty()) {
            return true;
        }
        List<Dim> known = dims.get();
        if (known.size() != shape.rank()) {
            return false;
        }
        for (int axis = 0; axis < known.size(); axis++) {
            if (!known.get(axis).accepts(shape.dim(axis))) {
                return false;
            }
        }
        return true;
    }

    /** Returns this info under another name. */
    public ValueInfo withName(String other) {
        return new ValueInfo(other, type, dims);
    }

    /** Returns type and extents, such as {@code f32 [n, 3, 32, 32]}. */
    public String describe() {
        return type + " " + dims.map(list ->
                list.stream().map(Dim::toString).collect(Collectors.joining(", ", "[", "]")))
                .orElse("of any shape");
    }

    @Override
    public String toString() {
        return name + ": " + describe();
    }
}
