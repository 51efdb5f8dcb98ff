package io.tersor.model.ops;

import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators that move elements without changing them. */
final class MoveOps {
    private MoveOps() {}

    static void register(Map<String, Operator> table) {
        table.put("Transpose", MoveOps::transpose);
        table.put("Concat", MoveOps::concat);
        table.put("Split", MoveOps::split);
        table.put("Slice", MoveOps::slice);
        table.put("Expand", MoveOps::expand);
        table.put("Tile", MoveOps::tile);
        table.put("Pad", PadOp::prepare);
        table.put("CenterCropPad", PadOp::center);
        table.put("Gather", GatherOps::gather);
        table.put("GatherElements", GatherOps::gatherElements);
        table.put("GatherND", GatherOps::gatherNd);
        table.put("DepthToSpace", MoveOps::depthToSpace);
        table.put("SpaceToDepth", MoveOps::spaceToDepth);
        table.put("Cast", CastOp::prepare);
        table.put("CastLike", CastOp::prepare);
        table.put("BitCast", CastOp::bits);
    }

    private static Computation transpose(OpContext context) {
        TensorType input = context.input(0);
        int rank = input.shape().rank();
        long[] reversed = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            reversed[axis] = rank - 1 - axis;
        }
        int[] order = Arrays.stream(context.attributes().integers("perm", reversed))
                .mapToInt(axis -> context.axis(axis, rank)).toArray();
        context.require(Arrays.stream(order).distinct().count() == rank, "perm", "a permutation of " + rank + " axes",
                Arrays.toString(order));
        Shape to = Shapes.permute(input.shape(), order);
        StridedMove move = permutation(context, input, to, order);
        return moving(context, new TensorType(input.type(), to), move);
    }

    /** Returns the computation of a move from input 0 to all elements of the only output. */
    private static Computation moving(OpContext context, TensorType output, StridedMove move) {
        return Computation.of(output, new MoveBody(move.spec(output.type(), context.shape(0), output.shape()),
                (in, out, parallelism) -> move.run(in[0].data(), out[0].data(), parallelism)));
    }

    private static StridedMove permutation(OpContext context, TensorType input, Shape to, int[] order) {
        long[] own = input.shape().rowMajorStrides();
        long[] strides = Arrays.stream(order).mapToLong(axis -> own[axis]).toArray();
        return new StridedMove(Elements.bytes(context, input), to.dims(), 0, strides, 0, to.rowMajorStrides());
    }

    private static Computation concat(OpContext context) {
        Shape first = context.shape(0);
        int axis = context.axis(context.attributes().integer("axis", 1), first.rank());
        long extent = 0;
        for (int i = 0; i < context.inputCount(); i++) {
            context.check(context.type(i) == context.type(0), i, "type " + context.type(0));
            context.check(context.shape(i).rank() == first.rank()
                    && context.shape(i).with(axis, first.dim(axis)).equals(first), i,
                    "the extents of " + first + " but along axis " + axis);
            extent = Math.addExact(extent, context.shape(i).dim(axis));
        }
        TensorType output = new TensorType(context.type(0), first.with(axis, extent));
        long[] strides = output.shape().rowMajorStrides();
        List<StridedMove> moves = new ArrayList<>();
        long at = 0;
        for (int i = 0; i < context.inputCount(); i++) {
            Shape shape = context.shape(i);
            moves.add(new StridedMove(Elements.bytes(context, output), shape.dims(), 0, shape.rowMajorStrides(),
                    at * strides[axis], strides));
            at += shape.dim(axis);
        }
        SharedBody body = (in, out, parallelism) -> {
            for (int i = 0; i < moves.size(); i++) {
                moves.get(i).run(in[i].data(), out[0].data(), parallelism);
            }
        };
        return Computation.of(output, body);
    }

    private static Computation split(OpContext context) {
        TensorType input = context.input(0);
        Shape from = input.shape();
        int axis = context.axis(context.attributes().integer("axis", 0), from.rank());
        long[] parts = context.has(1) ? context.value(1).toLongs() : context.attributes().integers("split");
        if (parts.length == 0) {
            int count = (int) context.attributes().integer("num_outputs", context.node().outputs().size());
            context.require(count > 0, "num_outputs", "at least 1", count);
            long each = Math.ceilDiv(from.dim(axis), count);
            parts = new long[count];
            Arrays.fill(parts, each);
            parts[count - 1] = from.dim(axis) - each * (count - 1);
        }
        context.require(Arrays.stream(parts).sum() == from.dim(axis) && Arrays.stream(parts).allMatch(p -> p >= 0)
                && parts.length == context.node().outputs().size(), "split",
                context.node().outputs().size() + " parts of " + from.dim(axis), Arrays.toString(parts));
        List<TensorType> outputs = new ArrayList<>();
        List<StridedMove> moves = new ArrayList<>();
        long[] strides = from.rowMajorStrides();
        long at = 0;
        for (long part : parts) {
            Shape shape = from.with(axis, part);
            outputs.add(new TensorType(input.type(), shape));
            moves.add(new StridedMove(Elements.bytes(context, input), shape.dims(), at * strides[axis], strides, 0,
                    shape.rowMajorStrides()));
            at += part;
        }
        SharedBody body = (in, out, parallelism) -> {
            for (int i = 0; i < moves.size(); i++) {
                if (Elements.given(out, i)) {
                    moves.get(i).run(in[0].data(), out[i].data(), parallelism);
                }
            }
        };
        List<UnarySpec> specs = new ArrayList<>();
        for (int i = 0; i < moves.size(); i++) {
            specs.add(moves.get(i).spec(input.type(), from, outputs.get(i).shape()));
        }
        return new Computation(outputs, Computation.Kind.GENERAL, new SplitBody(List.copyOf(specs), body));
    }

    private static Computation slice(OpContext context) {
        TensorType input = context.input(0);
        Shape from = input.shape();
        boolean inputs = context.opset() >= 10 || context.has(1);
        long[] starts = inputs ? context.value(1).toLongs() : context.attributes().integers("starts");
        long[] ends = inputs ? context.value(2).toLongs() : context.attributes().integers("ends");
        long[] axes = inputs ? context.has(3) ? context.value(3).toLongs() : firstAxes(starts.length)
                : context.attributes().integers("axes", firstAxes(starts.length));
        long[] ones = new long[starts.length];
        Arrays.fill(ones, 1);
        long[] steps = context.has(4) ? context.value(4).toLongs() : ones;
        context.require(ends.length == starts.length && axes.length == starts.length && steps.length == starts.length,
                "starts, ends, axes, steps", "equally many", starts.length + ", " + ends.length + ", " + axes.length
                        + ", " + steps.length);
        long[] dims = from.dims();
        long[] strides = from.rowMajorStrides();
        long offset = 0;
        for (int i = 0; i < starts.length; i++) {
            int axis = context.axis(axes[i], from.rank());
            long extent = from.dim(axis);
            long step = steps[i];
            context.require(step != 0 && step != Long.MIN_VALUE, "steps", "not zero", step);
            long start = clamp(starts[i], extent, step > 0 ? 0 : -1, step > 0 ? extent : extent - 1);
            start = Math.max(start, 0);
            long end = clamp(ends[i], extent, step > 0 ? 0 : -1, step > 0 ? extent : extent - 1);
            long room = step > 0 ? end - start : start - end;
            dims[axis] = room <= 0 || extent == 0 ? 0 : (room - 1) / Math.abs(step) + 1;
            offset += start * strides[axis];
            strides[axis] *= dims[axis] > 1 ? step : 1;
        }
        Shape to = Shape.of(dims);
        StridedMove move = new StridedMove(Elements.bytes(context, input), dims, offset, strides, 0,
                to.rowMajorStrides());
        return moving(context, new TensorType(input.type(), to), move);
    }

    private static long clamp(long position, long extent, long low, long high) {
        long counted = position < 0 ? position + extent : position;
        return Math.max(low, Math.min(counted, high));
    }

    /** Returns 0, 1, 2... */
    static long[] firstAxes(int count) {
        long[] axes = new long[count];
        for (int i = 0; i < count; i++) {
            axes[i] = i;
        }
        return axes;
    }

    private static Computation expand(OpContext context) {
        TensorType input = context.input(0);
        Shape to = Shapes.broadcast(context, input.shape(), Shape.of(context.value(1).toLongs()));
        StridedMove move = new StridedMove(Elements.bytes(context, input), to.dims(), 0,
                Shapes.broadcastStrides(input.shape(), to), 0, to.rowMajorStrides());
        return moving(context, new TensorType(input.type(), to), move);
    }

    private static Computation tile(OpContext context) {
        TensorType input = context.input(0);
        int rank = input.shape().rank();
        long[] repeats = context.value(1).toLongs();
        context.require(repeats.length == rank && Arrays.stream(repeats).allMatch(r -> r >= 0), "repeats",
                rank + " repeats", Arrays.toString(repeats));
        long[] dims = new long[rank];
        long[] split = new long[2 * rank];
        long[] src = new long[2 * rank];
        long[] own = input.shape().rowMajorStrides();
        for (int axis = 0; axis < rank; axis++) {
            dims[axis] = Math.multiplyExact(input.shape().dim(axis), repeats[axis]);
            split[2 * axis] = repeats[axis];
            split[2 * axis + 1] = input.shape().dim(axis);
            src[2 * axis + 1] = own[axis];
        }
        StridedMove move = new StridedMove(Elements.bytes(context, input), split, 0, src, 0,
                Shape.of(split).rowMajorStrides());
        return moving(context, new TensorType(input.type(), Shape.of(dims)), move);
    }

    private static Computation depthToSpace(OpContext context) {
        Shape from = context.shape(0);
        context.check(from.rank() == 4, 0, "[n, c, h, w]");
        long b = context.attributes().integer("blocksize", 1);
        context.require(b > 0 && from.dim(1) % (b * b) == 0, "blocksize", "a square dividing " + from.dim(1), b);
        boolean crd = isChannelFirst(context);
        long c = from.dim(1) / (b * b);
        Shape split = crd ? Shape.of(from.dim(0), c, b, b, from.dim(2), from.dim(3))
                : Shape.of(from.dim(0), b, b, c, from.dim(2), from.dim(3));
        int[] order = crd ? new int[] {0, 1, 4, 2, 5, 3} : new int[] {0, 3, 4, 1, 5, 2};
        return blocks(context, split, order, Shape.of(from.dim(0), c, from.dim(2) * b, from.dim(3) * b));
    }

    private static Computation spaceToDepth(OpContext context) {
        Shape from = context.shape(0);
        context.check(from.rank() == 4, 0, "[n, c, h, w]");
        long b = context.attributes().integer("blocksize", 1);
        context.require(b > 0 && from.dim(2) % b == 0 && from.dim(3) % b == 0, "blocksize", "a divisor of " + from, b);
        Shape split = Shape.of(from.dim(0), from.dim(1), from.dim(2) / b, b, from.dim(3) / b, b);
        int[] order = isChannelFirst(context) ? new int[] {0, 1, 3, 5, 2, 4} : new int[] {0, 3, 5, 1, 2, 4};
        return blocks(context, split, order,
                Shape.of(from.dim(0), from.dim(1) * b * b, from.dim(2) / b, from.dim(3) / b));
    }

    /** Returns whether channels of blocks are counted channel first (CRD), not position first (DCR). */
    private static boolean isChannelFirst(OpContext context) {
        String mode = context.attributes().text("mode", "DCR");
        context.require(mode.equals("CRD") || mode.equals("DCR"), "mode", "DCR or CRD", mode);
        return mode.equals("CRD");
    }

    private static Computation blocks(OpContext context, Shape split, int[] order, Shape to) {
        DataType type = context.type(0);
        StridedMove move = permutation(context, new TensorType(type, split), Shapes.permute(split, order), order);
        return moving(context, new TensorType(type, to), move);
    }

    /** Copies an element of whole bytes. */
    static void copy(Tensor from, long fromIndex, Tensor to, long toIndex, int bytes) {
        to.data().asSlice(toIndex * bytes, bytes).copyFrom(from.data().asSlice(fromIndex * bytes, bytes));
    }
}
