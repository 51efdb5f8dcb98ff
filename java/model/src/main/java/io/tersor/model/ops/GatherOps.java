package io.tersor.model.ops;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Operators that pick elements by index. */
final class GatherOps {
    private GatherOps() {}

    static Computation gather(OpContext context) {
        TensorType data = context.input(0);
        Shape indices = indices(context);
        int rank = data.shape().rank();
        int axis = context.axis(context.attributes().integer("axis", 0), rank);
        long[] dims = new long[rank - 1 + indices.rank()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i < axis ? data.shape().dim(i) : i < axis + indices.rank() ? indices.dim(i - axis)
                    : data.shape().dim(i - indices.rank() + 1);
        }
        long outer = Shapes.product(data.shape(), 0, axis);
        long extent = data.shape().dim(axis);
        long inner = Shapes.product(data.shape(), axis + 1, rank) * Elements.bytes(context, data);
        long picks = indices.elements();
        String operand = context.operand(1);
        SharedBody body = (in, out, parallelism) ->
                SharedBody.ranges(parallelism, outer * picks, outer * picks * inner, (first, end) -> {
                    MemorySegment from = in[0].data();
                    MemorySegment to = out[0].data();
                    for (long i = first; i < end; i++) {
                        long index = index(operand, in[1], i % picks, extent);
                        MemorySegment.copy(from, (i / picks * extent + index) * inner, to, i * inner, inner);
                    }
                });
        return Computation.of(new TensorType(data.type(), Shape.of(dims)), body);
    }

    static Computation gatherElements(OpContext context) {
        TensorType data = context.input(0);
        Shape indices = indices(context);
        ElementIndices elements = new ElementIndices(context);
        int bytes = Elements.bytes(context, data);
        return Computation.of(new TensorType(data.type(), indices), (in, out) -> elements.run(in[1],
                (positions, count, at) -> ElementIndices.pick(in[0].data(), positions, count, out[0].data(), at,
                        bytes)));
    }

    static Computation gatherNd(OpContext context) {
        TensorType data = context.input(0);
        Shape indices = indices(context);
        int batch = (int) context.attributes().integer("batch_dims", 0);
        int rank = data.shape().rank();
        context.check(indices.rank() >= 1 && batch >= 0 && batch < indices.rank(), 1, "rank above batch_dims");
        int depth = (int) indices.dim(-1);
        context.check(batch + depth <= rank, 1, "at most " + (rank - batch) + " indices in each row");
        for (int i = 0; i < batch; i++) {
            context.check(indices.dim(i) == data.shape().dim(i), 1, "the batch extents of " + data.shape());
        }
        long[] dims = new long[indices.rank() - 1 + rank - batch - depth];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i < indices.rank() - 1 ? indices.dim(i)
                    : data.shape().dim(i - indices.rank() + 1 + batch + depth);
        }
        long batches = Shapes.product(indices, 0, batch);
        long rows = Shapes.product(indices, batch, indices.rank() - 1);
        long batchSize = Shapes.product(data.shape(), batch, rank);
        long inner = Shapes.product(data.shape(), batch + depth, rank) * Elements.bytes(context, data);
        long[] strides = data.shape().rowMajorStrides();
        int bytes = Elements.bytes(context, data);
        String operand = context.operand(1);
        SharedBody body = (in, out, parallelism) ->
                SharedBody.ranges(parallelism, batches * rows, batches * rows * inner, (first, end) -> {
                    for (long row = first; row < end; row++) {
                        long at = row / rows * batchSize;
                        for (int k = 0; k < depth; k++) {
                            at += index(operand, in[1], row * depth + k, data.shape().dim(batch + k))
                                    * strides[batch + k];
                        }
                        MemorySegment.copy(in[0].data(), at * bytes, out[0].data(), row * inner, inner);
                    }
                });
        return Computation.of(new TensorType(data.type(), Shape.of(dims)), body);
    }

    private static Shape indices(OpContext context) {
        context.check(context.type(1) == DataType.S32 || context.type(1) == DataType.S64, 1, "s32 or s64");
        return context.shape(1);
    }

    private static long index(String operand, Tensor indices, long at, long extent) {
        long index = indices.getLong(at);
        long counted = index < 0 ? index + extent : index;
        if (counted < 0 || counted >= extent) {
            throw new OperandException(operand, "indices from " + -extent + " to " + (extent - 1), index);
        }
        return counted;
    }

}
