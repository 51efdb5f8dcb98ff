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
 * @param kind whether it is a tensor, or a sequence of tensors, or something that may be missing
 * @param element the element type of the tensor or of the tensors in it; empty if it is not known, as it may be in the
 *     bodies of loops and branches
 * @param dims the extents of the tensor or of the tensors in it, outermost first; empty if not even the rank is known
 */
public record ValueInfo(String name, Kind kind, Optional<DataType> element, Optional<List<Dim>> dims) {
    /** What a value consists of, as ONNX's types have it. */
    public enum Kind {
        /** One tensor. */
        TENSOR("tensor"),
        /** Any number of tensors of one element type. */
        SEQUENCE("sequence"),
        /** One tensor or nothing. */
        OPTIONAL_TENSOR("optional tensor"),
        /** A sequence or nothing. */
        OPTIONAL_SEQUENCE("optional sequence"),
        /** Known only when the network runs. */
        UNKNOWN("value");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        /** Returns the name for messages. */
        public String label() {
            return label;
        }
    }

    /** Copies the extents. */
    public ValueInfo {
        dims = dims.map(List::copyOf);
    }

    /**
     * The info of a tensor.
     *
     * @param dims the extents, outermost first; empty if not even the rank is known
     */
    public ValueInfo(String name, DataType type, Optional<List<Dim>> dims) {
        this(name, Kind.TENSOR, Optional.of(type), dims);
    }

    /** Returns the info of a tensor of the given extents. */
    public static ValueInfo of(String name, DataType type, Dim... dims) {
        return new ValueInfo(name, type, Optional.of(List.of(dims)));
    }

    /** Returns the info of a tensor of fixed extents. */
    public static ValueInfo of(String name, DataType type, Shape shape) {
        List<Dim> dims = new ArrayList<>();
        for (long extent : shape.dims()) {
            dims.add(Dim.of(extent));
        }
        return new ValueInfo(name, type, Optional.of(dims));
    }

    /** Returns the info of a value of which only the name is known. */
    public static ValueInfo unknown(String name) {
        return new ValueInfo(name, Kind.UNKNOWN, Optional.empty(), Optional.empty());
    }

    /**
     * Returns the element type.
     *
     * @throws GraphException if it is not known
     */
    public DataType type() {
        return element.orElseThrow(() -> new GraphException("value " + name + ": its element type is not known"));
    }

    /** Returns whether this is known to be a tensor of a known element type. */
    public boolean isTensor() {
        return kind == Kind.TENSOR && element.isPresent();
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
        return new ValueInfo(other, kind, element, dims);
    }

    /** Returns kind, type and extents, such as {@code f32 [n, 3, 32, 32]} or {@code sequence of f32 [n]}. */
    public String describe() {
        String extents = dims.map(list ->
                list.stream().map(Dim::toString).collect(Collectors.joining(", ", "[", "]"))).orElse("of any shape");
        String type = element.map(DataType::toString).orElse("any type");
        return switch (kind) {
            case TENSOR -> type + " " + extents;
            case UNKNOWN -> "of any type";
            default -> kind.label() + " of " + type + " " + extents;
        };
    }

    @Override
    public String toString() {
        return name + ": " + describe();
    }
}
