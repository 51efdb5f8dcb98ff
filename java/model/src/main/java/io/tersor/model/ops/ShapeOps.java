package io.tersor.model.ops;

import io.tersor.model.Attribute;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators that give another shape, tell about shapes, or are constants. */
final class ShapeOps {
    private ShapeOps() {}

    static void register(Map<String, Operator> table) {
        table.put("Identity", context -> Computation.view(context.input(0)));
        table.put("Reshape", ShapeOps::reshape);
        table.put("Flatten", ShapeOps::flatten);
        table.put("Squeeze", ShapeOps::squeeze);
        table.put("Unsqueeze", ShapeOps::unsqueeze);
        table.put("Dropout", ShapeOps::dropout);
        table.put("Shape", ShapeOps::shape);
        table.put("Size", ShapeOps::size);
        table.put("Constant", ShapeOps::constant);
        table.put("ConstantOfShape", ShapeOps::constantOfShape);
        table.put("Range", ShapeOps::range);
    }

    private static Computation reshape(OpContext context) {
        Shape from = context.shape(0);
        long[] target = context.value(1).toLongs();
        boolean allowZero = context.attributes().integer("allowzero", 0) != 0;
        long known = 1;
        int inferred = -1;
        for (int axis = 0; axis < target.length; axis++) {
            if (target[axis] == 0 && !allowZero) {
                context.require(axis < from.rank(), "shape", "a zero only for an axis of " + from,
                        Arrays.toString(target));
                target[axis] = from.dim(axis);
            }
            if (target[axis] == -1) {
                context.require(inferred < 0, "shape", "one -1 at most", Arrays.toString(target));
                inferred = axis;
            } else {
                context.require(target[axis] >= 0, "shape", "no extent below -1", Arrays.toString(target));
                known = multiply(context, known, target[axis]);
            }
        }
        if (inferred >= 0) {
            context.require(known > 0 ? from.elements() % known == 0 : from.elements() == 0, "shape",
                    "a divisor of the " + from.elements() + " elements of " + from, Arrays.toString(target));
            target[inferred] = known == 0 ? 0 : from.elements() / known;
        }
        Shape to = Shape.of(target);
        context.require(to.elements() == from.elements(), "shape", from.elements() + " elements as " + from, to);
        return Computation.view(new TensorType(context.type(0), to));
    }

    private static long multiply(OpContext context, long a, long b) {
        context.require(a == 0 || b <= Long.MAX_VALUE / a, "shape", "fewer than 2^63 elements", a + " * " + b);
        return a * b;
    }

    private static Computation flatten(OpContext context) {
        Shape from = context.shape(0);
        long axis = context.attributes().integer("axis", 1);
        int split = axis == from.rank() ? from.rank() : context.axis(axis, from.rank());
        Shape to = Shape.of(Shapes.product(from, 0, split), Shapes.product(from, split, from.rank()));
        return Computation.view(new TensorType(context.type(0), to));
    }

    private static Computation squeeze(OpContext context) {
        Shape from = context.shape(0);
        boolean given = context.has(1) || context.attributes().has("axes");
        int[] axes = given ? Shapes.axes(context, axes(context, 1), from.rank()) : new int[0];
        List<Long> dims = new ArrayList<>();
        for (int axis = 0; axis < from.rank(); axis++) {
            boolean drop = given ? Arrays.binarySearch(axes, axis) >= 0 : from.dim(axis) == 1;
            context.require(!drop || from.dim(axis) == 1, "axes", "axes of extent 1", axis + " of " + from);
            if (!drop) {
                dims.add(from.dim(axis));
            }
        }
        return Computation.view(new TensorType(context.type(0), shapeOf(dims)));
    }

    private static Computation unsqueeze(OpContext context) {
        Shape from = context.shape(0);
        long[] given = axes(context, 1);
        int[] axes = Shapes.axes(context, given, from.rank() + given.length);
        List<Long> dims = new ArrayList<>();
        int next = 0;
        for (int axis = 0; axis < from.rank() + axes.length; axis++) {
            dims.add(Arrays.binarySearch(axes, axis) >= 0 ? 1L : from.dim(next++));
        }
        return Computation.view(new TensorType(context.type(0), shapeOf(dims)));
    }

    /** Returns the axes, which opset 13 moved from an attribute to an input. */
    static long[] axes(OpContext context, int input) {
        return context.has(input) ? context.value(input).toLongs() : context.attributes().integers("axes");
    }

    private static Shape shapeOf(List<Long> dims) {
        return Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
    }

    private static Computation dropout(OpContext context) {
        boolean training = context.has(2) && context.value(2).getLong(0) != 0;
        double ratio = !training ? 0 : context.has(1) ? context.value(1).get(0) : 0.5;
        if (ratio != 0) {
            return RandomOps.dropout(context, ratio);
        }
        if (!context.wants(1)) {
            return Computation.view(context.input(0));
        }
        DataType mask = context.opset() >= 10 ? DataType.BOOL : context.type(0);
        TensorType input = context.input(0);
        return new Computation(List.of(input, new TensorType(mask, input.shape())), Computation.Kind.GENERAL,
                (in, out) -> {
                    out[0].data().copyFrom(in[0].data());
                    for (long i = 0; i < out[1].shape().elements(); i++) {
                        out[1].set(i, 1);
                    }
                });
    }

    private static Computation shape(OpContext context) {
        Shape shape = context.shape(0);
        int rank = shape.rank();
        int start = clampAxis(context.attributes().integer("start", 0), rank);
        int end = clampAxis(context.attributes().integer("end", rank), rank);
        long[] dims = start < end ? Arrays.copyOfRange(shape.dims(), start, end) : new long[0];
        return shapeOnly(new TensorType(DataType.S64, Shape.of(dims.length)), (_, out) -> {
            for (int i = 0; i < dims.length; i++) {
                out[0].setLong(i, dims[i]);
            }
        });
    }

    private static int clampAxis(long axis, int rank) {
        return (int) Math.clamp(axis < 0 ? axis + rank : axis, 0L, rank);
    }

    private static Computation size(OpContext context) {
        long elements = context.shape(0).elements();
        return shapeOnly(new TensorType(DataType.S64, Shape.of()), (_, out) -> out[0].setLong(0, elements));
    }

    private static Computation shapeOnly(TensorType output, Computation.Body body) {
        return new Computation(List.of(output), Computation.Kind.SHAPE_ONLY, body);
    }

    private static Computation constant(OpContext context) {
        for (Map.Entry<String, Attribute> entry : context.attributes().asMap().entrySet()) {
            Arena arena = Arena.ofAuto();
            Tensor value = switch (entry.getValue()) {
                case Attribute.TensorValue(Tensor tensor) -> tensor;
                case Attribute.FloatValue(float real) -> Tensor.ofFloats(arena, Shape.of(), real);
                case Attribute.IntValue(long integer) -> Tensor.ofLongs(arena, Shape.of(), integer);
                case Attribute.Floats(var reals) -> Tensor.ofFloats(arena, Shape.of(reals.size()),
                        context.attributes().reals(entry.getKey()));
                case Attribute.Ints(var integers) -> Tensor.ofLongs(arena, Shape.of(integers.size()),
                        context.attributes().integers(entry.getKey()));
                default -> throw context.unsupported("attribute " + entry.getKey());
            };
            return shapeOnly(new TensorType(value.type(), value.shape()), (_, out) -> out[0].copyFrom(value));
        }
        throw context.unsupported("no value attribute");
    }

    private static Computation constantOfShape(OpContext context) {
        long[] dims = context.value(0).toLongs();
        Tensor value = context.attributes().tensor("value")
                .orElseGet(() -> Tensor.ofFloats(Arena.ofAuto(), Shape.of(1), 0f));
        context.require(value.shape().elements() == 1, "value", "one element", value);
        return shapeOnly(new TensorType(value.type(), Shape.of(dims)), (_, out) -> Elements.fill(out[0], value));
    }

    private static Computation range(OpContext context) {
        Tensor start = context.value(0);
        Tensor limit = context.value(1);
        Tensor delta = context.value(2);
        double step = delta.get(0);
        context.require(step != 0, "delta", "not zero", step);
        double count = Math.max(0, Math.ceil((limit.get(0) - start.get(0)) / step));
        context.require(count <= Integer.MAX_VALUE, "range", "fewer than 2^31 elements", count);
        TensorType output = new TensorType(start.type(), Shape.of((long) count));
        return shapeOnly(output, (_, out) -> {
            for (int i = 0; i < (int) count; i++) {
                if (start.type().isFloating()) {
                    out[0].set(i, start.get(0) + i * step);
                } else {
                    out[0].setLong(i, start.getLong(0) + i * delta.getLong(0));
                }
            }
        });
    }
}
