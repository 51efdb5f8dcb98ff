package io.tersor.model.flow;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.List;

/** Takes tensors apart along an axis and puts them together, in a workspace. All results have one reference. */
final class Pieces {
    private Pieces() {}

    /** Returns a copy of {@code length} slices from {@code start} along an axis. */
    static Tensor slices(FlowContext context, Tensor tensor, int axis, long start, long length) {
        checkWhole(context, tensor.type());
        Tensor piece = context.memory().allocate(tensor.type(), tensor.shape().with(axis, length));
        piece.copyFrom(tensor.slice(axis, start, length));
        return piece;
    }

    /** Returns a copy of one slice, without the axis. */
    static Tensor slice(FlowContext context, Tensor tensor, int axis, long at) {
        return slices(context, tensor, axis, at, 1).reshape(without(tensor.shape(), axis));
    }

    /** Joins tensors along an axis that they have. */
    static Tensor join(FlowContext context, List<Tensor> tensors, int axis) {
        Tensor first = tensors.getFirst();
        checkWhole(context, first.type());
        long extent = 0;
        for (Tensor tensor : tensors) {
            boolean fits = tensor.type() == first.type() && tensor.shape().rank() == first.shape().rank()
                    && tensor.shape().with(axis, 0).equals(first.shape().with(axis, 0));
            context.require(fits, "tensors to join along axis " + axis, first, tensor);
            extent += tensor.shape().dim(axis);
        }
        Tensor joined = context.memory().allocate(first.type(), first.shape().with(axis, extent));
        long at = 0;
        for (Tensor tensor : tensors) {
            joined.slice(axis, at, tensor.shape().dim(axis)).copyFrom(tensor);
            at += tensor.shape().dim(axis);
        }
        return joined;
    }

    /**
     * Joins tensors along a new axis.
     *
     * @param axis where the result has it
     * @param reversed whether the last tensor comes first
     */
    static Tensor stack(FlowContext context, List<Tensor> tensors, int axis, boolean reversed) {
        Shape shape = with(tensors.getFirst().shape(), axis, 1);
        for (Tensor tensor : tensors) {
            context.require(tensor.shape().equals(tensors.getFirst().shape()), "tensors to stack", tensors.getFirst(),
                    tensor);
        }
        return join(context, (reversed ? tensors.reversed() : tensors).stream().map(one -> one.reshape(shape)).toList(),
                axis);
    }

    private static void checkWhole(FlowContext context, DataType type) {
        if (type.isPacked()) {
            throw context.unsupported("elements of " + type + ", of which a byte holds several");
        }
    }

    /** Returns a shape with one more axis. */
    static Shape with(Shape shape, int axis, long extent) {
        long[] dims = new long[shape.rank() + 1];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i < axis ? shape.dim(i) : i == axis ? extent : shape.dim(i - 1);
        }
        return Shape.of(dims);
    }

    private static Shape without(Shape shape, int axis) {
        long[] dims = new long[shape.rank() - 1];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = shape.dim(i < axis ? i : i + 1);
        }
        return Shape.of(dims);
    }
}
