package io.tersor.model.ops;

import io.tersor.OperandException;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Arithmetic of shapes that several operators share. */
public final class Shapes {
    private Shapes() {}

    /**
     * Returns [matrices, rows, columns] if reordering axes amounts to transposing matrices: the axes of extent 1 left out
     * and those joined that stay neighbours, the last two change places.
     */
    public static Optional<Shape> matrices(Shape from, int[] order) {
        List<Integer> moved = Arrays.stream(order).filter(axis -> from.dim(axis) != 1).boxed().toList();
        List<Long> extents = new ArrayList<>();
        List<Integer> firsts = new ArrayList<>();
        for (int i = 0; i < moved.size(); i++) {
            int axis = moved.get(i);
            // Neighbours though axes of extent 1 may lie between them.
            boolean joins = i > 0 && moved.get(i - 1) < axis
                    && product(from, moved.get(i - 1) + 1, axis) == 1;
            if (joins) {
                extents.set(extents.size() - 1, extents.getLast() * from.dim(axis));
            } else {
                extents.add(from.dim(axis));
                firsts.add(axis);
            }
        }
        int count = extents.size();
        boolean swaps = count == 2 && firsts.get(0) > firsts.get(1)
                || count == 3 && firsts.get(0) < firsts.get(2) && firsts.get(2) < firsts.get(1);
        return swaps ? Optional.of(Shape.of(count == 2 ? 1 : extents.get(0), extents.get(count - 1),
                extents.get(count - 2))) : Optional.empty();
    }

    /** Returns the common shape of two operands by ONNX's (NumPy's) multidirectional broadcasting. */
    static Shape broadcast(OpContext context, Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        long[] dims = new long[rank];
        for (int axis = 1; axis <= rank; axis++) {
            long one = axis <= a.rank() ? a.dim(-axis) : 1;
            long other = axis <= b.rank() ? b.dim(-axis) : 1;
            context.require(one == other || one == 1 || other == 1, "operands", "shapes that broadcast", a + " and "
                    + b);
            dims[rank - axis] = one == 1 ? other : one;
        }
        return Shape.of(dims);
    }

    /** Returns the strides with which an operand of a shape is read in a broadcast one: 0 along repeated axes. */
    static long[] broadcastStrides(Shape operand, Shape to) {
        long[] own = operand.rowMajorStrides();
        long[] strides = new long[to.rank()];
        int shift = to.rank() - operand.rank();
        for (int axis = shift; axis < strides.length; axis++) {
            strides[axis] = operand.dim(axis - shift) == 1 ? 0 : own[axis - shift];
        }
        return strides;
    }

    /** Returns the extents from {@code from} on, below {@code to}, multiplied. */
    public static long product(Shape shape, int from, int to) {
        long product = 1;
        for (int axis = from; axis < to; axis++) {
            product *= shape.dim(axis);
        }
        return product;
    }

    /** Returns the axes as sorted indices counted from the start. */
    static int[] axes(OpContext context, long[] axes, int rank) {
        int[] sorted = new int[axes.length];
        for (int i = 0; i < axes.length; i++) {
            sorted[i] = context.axis(axes[i], rank);
        }
        Arrays.sort(sorted);
        for (int i = 1; i < sorted.length; i++) {
            context.require(sorted[i] != sorted[i - 1], "axes", "distinct axes", Arrays.toString(axes));
        }
        return sorted;
    }

    /** Returns a shape with its axes reordered: axis i of the result is axis {@code order[i]}. */
    public static Shape permute(Shape shape, int... order) {
        OperandException.check(order.length == shape.rank(), "permutation", shape.rank() + " axes",
                Arrays.toString(order));
        long[] dims = new long[order.length];
        for (int axis = 0; axis < order.length; axis++) {
            dims[axis] = shape.dim(order[axis]);
        }
        return Shape.of(dims);
    }
}
