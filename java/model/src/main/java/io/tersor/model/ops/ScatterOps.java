package io.tersor.model.ops;

import io.tersor.OperandException;
import io.tersor.model.onnx.OnnxTypes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;

/** Operators that write elements by index, and those that make or find indices. */
final class ScatterOps {
    private ScatterOps() {}

    static void register(Map<String, Operator> table) {
        table.put("ScatterElements", ScatterOps::scatterElements);
        table.put("Scatter", ScatterOps::scatterElements);
        table.put("ScatterND", ScatterOps::scatterNd);
        table.put("OneHot", ScatterOps::oneHot);
        table.put("NonZero", ScatterOps::nonZero);
        table.put("Trilu", ScatterOps::trilu);
        table.put("EyeLike", ScatterOps::eyeLike);
    }

    /** Puts an update where it belongs. */
    private interface Put {
        void at(Tensor out, long target, Tensor updates, long source);
    }

    private static Put put(OpContext context, TensorType data) {
        int bytes = Elements.bytes(context, data);
        String reduction = context.attributes().text("reduction", "none");
        DoubleBinaryOperator real = switch (reduction) {
            case "none" -> (_, update) -> update;
            case "add" -> Double::sum;
            case "mul" -> (a, b) -> a * b;
            case "max" -> Math::max;
            case "min" -> Math::min;
            default -> throw context.unsupported("reduction " + reduction);
        };
        if (reduction.equals("none")) {
            return (out, target, updates, source) -> MoveOps.copy(updates, source, out, target, bytes);
        }
        return data.type().isFloating()
                ? (out, target, updates, source) -> out.set(target, real.applyAsDouble(out.get(target),
                        updates.get(source)))
                : (out, target, updates, source) -> out.setLong(target, integer(reduction, data.type(),
                        out.getLong(target), updates.getLong(source)));
    }

    private static long integer(String reduction, DataType type, long a, long b) {
        return switch (reduction) {
            case "add" -> a + b;
            case "mul" -> a * b;
            case "max" -> Elements.compare(type, a, b) >= 0 ? a : b;
            default -> Elements.compare(type, a, b) <= 0 ? a : b;
        };
    }

    private static long index(String operand, Tensor indices, long at, long extent) {
        long index = indices.getLong(at);
        long counted = index < 0 ? index + extent : index;
        if (counted < 0 || counted >= extent) {
            throw new OperandException(operand, "indices from " + -extent + " to " + (extent - 1), index);
        }
        return counted;
    }

    private static Computation scatterElements(OpContext context) {
        TensorType data = context.input(0);
        Shape indices = context.shape(1);
        context.check(context.type(1) == DataType.S32 || context.type(1) == DataType.S64, 1, "s32 or s64");
        ElementIndices elements = new ElementIndices(context);
        context.check(context.shape(2).equals(indices) && context.type(2) == data.type(), 2, data.type() + " "
                + indices);
        Put put = put(context, data);
        String reduction = context.attributes().text("reduction", "none");
        int bytes = Elements.bytes(context, data);
        return Computation.of(data, (in, out) -> {
            out[0].data().copyFrom(in[0].data());
            elements.run(in[1], (positions, count, at) -> {
                if (reduction.equals("none")) {
                    ElementIndices.place(in[2].data(), at, positions, count, out[0].data(), bytes);
                } else if (reduction.equals("add") && data.type() == DataType.F32) {
                    ElementIndices.add(in[2].data(), at, positions, count, out[0].data());
                } else {
                    for (int i = 0; i < count; i++) {
                        put.at(out[0], positions[i], in[2], at + i);
                    }
                }
            });
        });
    }

    private static Computation scatterNd(OpContext context) {
        TensorType data = context.input(0);
        Shape indices = context.shape(1);
        context.check(indices.rank() >= 1 && indices.dim(-1) <= data.shape().rank(), 1,
                "rows of at most " + data.shape().rank() + " indices");
        int depth = (int) indices.dim(-1);
        int outer = indices.rank() - 1;
        long[] dims = new long[outer + data.shape().rank() - depth];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i < outer ? indices.dim(i) : data.shape().dim(i - outer + depth);
        }
        context.check(context.shape(2).equals(Shape.of(dims)) && context.type(2) == data.type(), 2,
                data.type() + " " + Shape.of(dims));
        long rows = Shapes.product(indices, 0, outer);
        long inner = Shapes.product(data.shape(), depth, data.shape().rank());
        long[] strides = data.shape().rowMajorStrides();
        Put put = put(context, data);
        boolean copies = context.attributes().text("reduction", "none").equals("none");
        int bytes = Elements.bytes(context, data);
        String operand = context.operand(1);
        return Computation.of(data, (in, out) -> {
            out[0].data().copyFrom(in[0].data());
            for (long row = 0; row < rows; row++) {
                long at = 0;
                for (int k = 0; k < depth; k++) {
                    at += strides[k] * index(operand, in[1], row * depth + k, data.shape().dim(k));
                }
                if (copies) {
                    MemorySegment.copy(in[2].data(), row * inner * bytes, out[0].data(), at * bytes, inner * bytes);
                    continue;
                }
                for (long i = 0; i < inner; i++) {
                    put.at(out[0], at + i, in[2], row * inner + i);
                }
            }
        });
    }

    private static Computation oneHot(OpContext context) {
        Shape indices = context.shape(0);
        long depth = (long) context.value(1).get(0);
        context.require(depth > 0, "depth", "positive", depth);
        context.check(context.shape(2).equals(Shape.of(2)), 2, "[off, on]");
        int axis = context.axis(context.attributes().integer("axis", -1), indices.rank() + 1);
        long[] dims = new long[indices.rank() + 1];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i < axis ? indices.dim(i) : i == axis ? depth : indices.dim(i - 1);
        }
        TensorType output = new TensorType(context.type(2), Shape.of(dims));
        int bytes = Elements.bytes(context, output);
        long inner = Shapes.product(indices, axis, indices.rank());
        return Computation.of(output, (in, out) -> {
            Elements.fill(out[0], in[2]);
            double[] run = new double[(int) Math.min(ElementRuns.CHUNK, indices.elements())];
            long[] targets = new long[run.length];
            for (long first = 0; first < indices.elements(); first += run.length) {
                int count = (int) Math.min(run.length, indices.elements() - first);
                load(in[0], first, run, count);
                int found = 0;
                for (int i = 0; i < count; i++) {
                    double position = run[i] < 0 ? run[i] + depth : run[i];
                    // Others, and what is between two positions, are off everywhere.
                    if (position >= 0 && position < depth && position == Math.rint(position)) {
                        long at = first + i;
                        targets[found++] = (at / inner * depth + (long) position) * inner + at % inner;
                    }
                }
                for (int i = 0; i < found; i++) {
                    MemorySegment.copy(in[2].data(), bytes, out[0].data(), targets[i] * bytes, bytes);
                }
            }
        });
    }

    private static void load(Tensor from, long at, double[] to, int count) {
        if (ElementRuns.serves(from.type())) {
            ElementRuns.read(from, at, to, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            to[i] = from.get(at + i);
        }
    }

    /** The result's extent follows from the elements, so they have to be known when shapes are. */
    private static Computation nonZero(OpContext context) {
        Tensor data = context.value(0);
        long[] found = new long[Math.toIntExact(data.shape().elements())];
        int count = 0;
        for (int i = 0; i < found.length; i++) {
            if (data.get(i) != 0) {
                found[count++] = i;
            }
        }
        long[] picked = Arrays.copyOf(found, count);
        // A scalar has no axes, so its one element has no index.
        Shape shape = data.shape();
        int rank = shape.rank();
        long[] strides = shape.rowMajorStrides();
        return new Computation(List.of(new TensorType(DataType.S64, Shape.of(rank, count))),
                Computation.Kind.SHAPE_ONLY, (_, out) -> {
            for (int axis = 0; axis < rank; axis++) {
                for (int i = 0; i < picked.length; i++) {
                    out[0].setLong((long) axis * picked.length + i, picked[i] / strides[axis] % shape.dim(axis));
                }
            }
        });
    }

    private static Computation trilu(OpContext context) {
        TensorType input = context.input(0);
        context.check(input.shape().rank() >= 2, 0, "at least two axes");
        boolean upper = context.attributes().integer("upper", 1) != 0;
        long diagonal = context.has(1) ? context.value(1).getLong(0) : 0;
        int bytes = Elements.bytes(context, input);
        long columns = input.shape().dim(-1);
        long rows = input.shape().dim(-2);
        return Computation.of(input, (in, out) -> {
            out[0].data().fill((byte) 0);
            // A row keeps what lies on one side of its element of the diagonal.
            long far = rows + columns;
            long shift = Math.clamp(diagonal, -far, far);
            for (long line = 0; columns > 0 && line < input.shape().elements() / columns; line++) {
                long edge = line % rows + shift;
                long first = upper ? Math.clamp(edge, 0, columns) : 0;
                long end = upper ? columns : Math.clamp(edge + 1, 0, columns);
                MemorySegment.copy(in[0].data(), (line * columns + first) * bytes, out[0].data(),
                        (line * columns + first) * bytes, (end - first) * bytes);
            }
        });
    }

    private static Computation eyeLike(OpContext context) {
        Shape shape = context.shape(0);
        context.check(shape.rank() == 2, 0, "rank 2");
        long named = context.attributes().integer("dtype", 0);
        DataType type = named == 0 ? context.type(0)
                : OnnxTypes.dataType(named, "node " + context.node().name());
        long k = context.attributes().integer("k", 0);
        return new Computation(List.of(new TensorType(type, shape)), Computation.Kind.SHAPE_ONLY, (_, out) -> {
            out[0].data().fill((byte) 0);
            for (long row = 0; row < shape.dim(0); row++) {
                if (row + k >= 0 && row + k < shape.dim(1)) {
                    out[0].set(row * shape.dim(1) + row + k, 1);
                }
            }
        });
    }
}
