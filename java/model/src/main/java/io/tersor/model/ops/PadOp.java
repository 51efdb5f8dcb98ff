package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Pad: constant, edge, reflect and wrap; negative pads crop. */
final class PadOp {
    private PadOp() {}

    static Computation prepare(OpContext context) {
        TensorType input = context.input(0);
        Shape from = input.shape();
        int rank = from.rank();
        long[] given = context.has(1) ? context.value(1).toLongs() : context.attributes().integers("pads");
        long[] axes = context.has(3) ? context.value(3).toLongs() : new long[0];
        long[] before = new long[rank];
        long[] after = new long[rank];
        int padded = context.has(3) ? axes.length : rank;
        context.require(given.length == 2 * padded, "pads", 2 * padded + " values", Arrays.toString(given));
        for (int i = 0; i < padded; i++) {
            int axis = context.has(3) ? context.axis(axes[i], rank) : i;
            before[axis] = given[i];
            after[axis] = given[padded + i];
        }
        long[] dims = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            dims[axis] = Math.addExact(from.dim(axis), Math.addExact(before[axis], after[axis]));
            context.require(dims[axis] >= 0, "pads", "no more cropping than " + from, Arrays.toString(given));
        }
        TensorType output = new TensorType(input.type(), Shape.of(dims));
        String mode = context.attributes().text("mode", "constant");
        return mode.equals("constant") ? constant(context, output, before) : mapped(context, output, before, mode);
    }

    /** CenterCropPad: crops or pads with zeros on both sides, an odd pixel more behind. */
    static Computation center(OpContext context) {
        TensorType input = context.input(0);
        int rank = input.shape().rank();
        long[] target = context.value(1).toLongs();
        long[] axes = context.attributes().integers("axes", MoveOps.firstAxes(rank));
        context.require(target.length == axes.length && Arrays.stream(target).allMatch(v -> v >= 0), "shape",
                axes.length + " extents", Arrays.toString(target));
        long[] dims = input.shape().dims();
        long[] before = new long[rank];
        for (int i = 0; i < axes.length; i++) {
            int axis = context.axis(axes[i], rank);
            dims[axis] = target[i];
            long room = target[i] - input.shape().dim(axis);
            before[axis] = room / 2;
        }
        return constant(context, new TensorType(input.type(), Shape.of(dims)), before);
    }

    private static Computation constant(OpContext context, TensorType output, long[] before) {
        Shape from = context.shape(0);
        int bytes = Elements.bytes(context, output);
        long[] src = from.rowMajorStrides();
        long[] dst = output.shape().rowMajorStrides();
        long[] dims = new long[from.rank()];
        long srcAt = 0;
        long dstAt = 0;
        for (int axis = 0; axis < dims.length; axis++) {
            long start = Math.max(0, -before[axis]);
            long target = Math.max(0, before[axis]);
            dims[axis] = Math.max(0, Math.min(from.dim(axis) - start, output.shape().dim(axis) - target));
            srcAt += start * src[axis];
            dstAt += target * dst[axis];
        }
        StridedMove move = new StridedMove(bytes, dims, srcAt, src, dstAt, dst);
        boolean given = context.has(2);
        float attribute = context.attributes().real("value", 0f);
        SharedBody body = (in, out, parallelism) -> {
            if (given) {
                Elements.fill(out[0], in[2], parallelism);
            } else if (attribute == 0) {
                MemorySegment data = out[0].data();
                SharedBody.ranges(parallelism, data.byteSize(), data.byteSize(),
                        (first, end) -> data.asSlice(first, end - first).fill((byte) 0));
            } else {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor value = Tensor.allocate(arena, output.type(), Shape.of());
                    value.set(0, attribute);
                    Elements.fill(out[0], value, parallelism);
                }
            }
            move.run(in[0].data(), out[0].data(), parallelism);
        };
        return Computation.of(output, body);
    }

    private static Computation mapped(OpContext context, TensorType output, long[] before, String mode) {
        Shape from = context.shape(0);
        int bytes = Elements.bytes(context, output);
        context.require(from.elements() > 0 || output.shape().elements() == 0, "pads", "no padding of nothing", from);
        long[] src = from.rowMajorStrides();
        long[][] table = new long[from.rank()][];
        for (int axis = 0; axis < table.length; axis++) {
            table[axis] = new long[context.tableLength(output.shape().dim(axis))];
            for (int i = 0; i < table[axis].length; i++) {
                table[axis][i] = src[axis] * source(context, i - before[axis], from.dim(axis), mode);
            }
        }
        long[] own = output.shape().rowMajorStrides();
        int last = table.length - 1;
        if (last < 0) {
            return Computation.view(output);
        }
        int width = table[last].length;
        long rows = width == 0 ? 0 : output.shape().elements() / width;
        SharedBody body = (in, out, parallelism) ->
                SharedBody.ranges(parallelism, rows, rows * width * bytes, (first, end) -> {
                    for (long row = first * width; row < end * width; row += width) {
                        long at = 0;
                        for (int axis = 0; axis < last; axis++) {
                            at += table[axis][(int) (row / own[axis] % output.shape().dim(axis))];
                        }
                        row(in[0].data(), at, out[0].data(), row, table[last], bytes);
                    }
                });
        return Computation.of(output, body);
    }

    /** Copies the elements of a row: where their sources are neighbours, all at once. */
    private static void row(MemorySegment from, long at, MemorySegment to, long target, long[] table, int bytes) {
        for (int i = 0; i < table.length; ) {
            int end = i + 1;
            while (end < table.length && table[end] == table[end - 1] + 1) {
                end++;
            }
            MemorySegment.copy(from, (at + table[i]) * bytes, to, (target + i) * bytes, (long) (end - i) * bytes);
            i = end;
        }
    }

    private static long source(OpContext context, long position, long extent, String mode) {
        return switch (mode) {
            case "edge" -> Math.clamp(position, 0L, extent - 1);
            case "wrap" -> Math.floorMod(position, extent);
            case "reflect" -> {
                long period = Math.max(1, 2 * (extent - 1));
                long folded = Math.floorMod(position, period);
                yield folded < extent ? folded : period - folded;
            }
            default -> throw context.unsupported("mode " + mode);
        };
    }

}
