package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.kernel.PadSpec;
import io.tersor.kernel.PadSpec.Mode;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/** Pad: constant, edge, reflect and wrap; negative pads crop. */
final class PadOp {
    private static final int FEW = 8;

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
        return mode.equals("constant") ? constant(context, output, before)
                : mapped(context, output, before, mode(context, mode));
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
        context.check(!given || context.type(2) == output.type() && context.shape(2).elements() == 1, 2,
                "one " + output.type());
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
        OptionalLong constant = bits(context, output.type());
        return Computation.of(output, constant.isEmpty() || dims.length == 0 ? body
                : kernel(context, output, before, Mode.CONSTANT, constant.getAsLong(), body));
    }

    private static MoveBody kernel(OpContext context, TensorType output, long[] before, Mode mode, long constant,
            SharedBody body) {
        return new MoveBody(new PadSpec(output.type(), context.shape(0), output.shape(),
                Arrays.stream(before).boxed().toList(), mode, constant), body);
    }

    /** Returns the bits of the constant, if they are known. */
    private static OptionalLong bits(OpContext context, DataType type) {
        if (context.has(2)) {
            return context.constant(2).map(value -> OptionalLong.of(bits(value))).orElse(OptionalLong.empty());
        }
        try (Arena arena = Arena.ofConfined()) {
            Tensor value = Tensor.allocate(arena, type, Shape.of());
            value.set(0, context.attributes().real("value", 0f));
            return OptionalLong.of(bits(value));
        }
    }

    private static long bits(Tensor value) {
        return switch (value.type().bits()) {
            case 8 -> value.data().get(JAVA_BYTE, 0);
            case 16 -> value.data().get(JAVA_SHORT, 0);
            case 32 -> value.data().get(JAVA_INT, 0);
            default -> value.data().get(JAVA_LONG, 0);
        };
    }

    private static Mode mode(OpContext context, String name) {
        return switch (name) {
            case "edge" -> Mode.EDGE;
            case "wrap" -> Mode.WRAP;
            case "reflect" -> Mode.REFLECT;
            default -> throw context.unsupported("mode " + name);
        };
    }

    private static Computation mapped(OpContext context, TensorType output, long[] before, Mode mode) {
        Shape source = context.shape(0);
        int bytes = Elements.bytes(context, output);
        context.require(source.elements() > 0 || output.shape().elements() == 0, "pads", "no padding of nothing", source);
        long[] src = source.rowMajorStrides();
        long[][] table = new long[source.rank()][];
        for (int axis = 0; axis < table.length; axis++) {
            table[axis] = new long[context.tableLength(output.shape().dim(axis))];
            for (int i = 0; i < table[axis].length; i++) {
                table[axis][i] = src[axis] * mode.place(i - before[axis], source.dim(axis));
            }
        }
        long[] own = output.shape().rowMajorStrides();
        int last = table.length - 1;
        if (last < 0) {
            return Computation.view(output);
        }
        int width = table[last].length;
        long rows = width == 0 ? 0 : output.shape().elements() / width;
        Run[] runs = runs(table[last]);
        SharedBody body = (in, out, parallelism) ->
                SharedBody.ranges(parallelism, rows, rows * width * bytes, (first, end) -> {
                    if (first == end) {
                        return;
                    }
                    int[] index = new int[last];
                    for (int axis = 0; axis < last; axis++) {
                        index[axis] = (int) (first * width / own[axis] % output.shape().dim(axis));
                    }
                    MemorySegment from = in[0].data();
                    MemorySegment to = out[0].data();
                    for (long row = first; row < end; row++) {
                        long at = 0;
                        for (int axis = 0; axis < last; axis++) {
                            at += table[axis][index[axis]];
                        }
                        for (Run run : runs) {
                            copy(from, at + run.source, to, row * width + run.target, run.length, bytes);
                        }
                        for (int axis = last - 1; axis >= 0 && ++index[axis] == table[axis].length; axis--) {
                            index[axis] = 0;
                        }
                    }
                });
        return Computation.of(output, kernel(context, output, before, mode, 0, body));
    }

    /** Elements of a row whose sources are neighbours. */
    private record Run(long source, long target, long length) {}

    private static Run[] runs(long[] table) {
        List<Run> runs = new ArrayList<>();
        for (int i = 0; i < table.length; ) {
            int end = i + 1;
            while (end < table.length && table[end] == table[end - 1] + 1) {
                end++;
            }
            runs.add(new Run(table[i], i, end - i));
            i = end;
        }
        return runs.toArray(Run[]::new);
    }

    /** One by one where they are few: a border's are most often. */
    private static void copy(MemorySegment from, long source, MemorySegment to, long target, long length, int bytes) {
        if (length > FEW) {
            MemorySegment.copy(from, source * bytes, to, target * bytes, length * bytes);
            return;
        }
        for (long i = 0; i < length; i++) {
            switch (bytes) {
                case 1 -> to.set(JAVA_BYTE, target + i, from.get(JAVA_BYTE, source + i));
                case 2 -> to.setAtIndex(JAVA_SHORT, target + i, from.getAtIndex(JAVA_SHORT, source + i));
                case 4 -> to.setAtIndex(JAVA_INT, target + i, from.getAtIndex(JAVA_INT, source + i));
                default -> to.setAtIndex(JAVA_LONG, target + i, from.getAtIndex(JAVA_LONG, source + i));
            }
        }
    }
}
