package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Resizes along one axis after the other, the last first, in binary64; or moves elements where each has one source. */
final class ResizePasses {
    private final Shape src;
    private final Shape dst;
    private final Axis[] axes;
    private final double outside;

    /**
     * The input positions and weights of every output position along one axis; -1 is a position outside.
     *
     * @param positions none at all for an axis that stays as it is
     */
    record Axis(int[][] positions, double[][] weights) {
        static final Axis UNTOUCHED = new Axis(new int[0][], new double[0][]);

        private boolean isTouched() {
            return this != UNTOUCHED;
        }

        /** Whether positions are so far apart, each of them one's source. */
        private boolean steps(long step) {
            for (int i = 0; isTouched() && i < positions.length; i++) {
                if (positions[i].length != 1 || positions[i][0] < 0 || positions[i][0] != positions[0][0] + i * step) {
                    return false;
                }
            }
            return isTouched();
        }

        /** Whether every position is repeated so many times, one after the other. */
        private boolean repeats(long times) {
            for (int i = 0; isTouched() && i < positions.length; i++) {
                if (positions[i].length != 1 || positions[i][0] != i / times) {
                    return false;
                }
            }
            return true;
        }
    }

    /** @param outside the value of what has a position outside along any axis */
    ResizePasses(Shape src, Shape dst, Axis[] axes, double outside) {
        this.src = src;
        this.dst = dst;
        this.axes = axes;
        this.outside = outside;
    }

    /**
     * Returns the move that {@link #move} is if along each axis it repeats positions equally often, or skips as many.
     */
    Optional<MoveSpec> repetition(DataType type) {
        long[] dims = new long[2 * axes.length];
        long[] strides = new long[dims.length];
        long[] own = src.rowMajorStrides();
        long offset = 0;
        for (int axis = 0; axis < axes.length; axis++) {
            long times = src.dim(axis) == 0 ? 0 : dst.dim(axis) / src.dim(axis);
            long step = dst.dim(axis) == 0 ? 0 : src.dim(axis) / dst.dim(axis);
            if (step > 1 && axes[axis].steps(step)) {
                dims[2 * axis] = dst.dim(axis);
                strides[2 * axis] = step * own[axis];
                dims[2 * axis + 1] = 1;
                offset += axes[axis].positions[0][0] * own[axis];
                continue;
            }
            if (times * src.dim(axis) != dst.dim(axis) || !axes[axis].repeats(times)) {
                return Optional.empty();
            }
            dims[2 * axis] = src.dim(axis);
            strides[2 * axis] = own[axis];
            dims[2 * axis + 1] = times;
        }
        return Optional.of(new StridedMove(type.bits() / 8, dims, offset, strides, 0, Shape.of(dims).rowMajorStrides())
                .spec(type, src, dst));
    }

    /**
     * Returns the passes as weighted sums: axes that become shorter first, then the last one, whose neighbours are
     * apart,
     * on as few lines as there are. None where positions lie outside or differ in how many they are summed from.
     */
    Optional<List<ResizeBody.Pass>> sums() {
        long[] dims = src.dims();
        List<Integer> order = new ArrayList<>();
        for (int axis = axes.length - 1; axis >= 0; axis--) {
            if (axes[axis].isTouched() && dst.dim(axis) < src.dim(axis)) {
                order.addFirst(axis);
            } else if (axes[axis].isTouched()) {
                order.addLast(axis);
            }
        }
        List<ResizeBody.Pass> passes = new ArrayList<>();
        for (int axis : order) {
            int count = axes[axis].positions.length;
            int taps = count == 0 ? 0 : axes[axis].positions[0].length;
            int[] index = new int[taps * count];
            float[] weights = new float[index.length];
            for (int i = 0; i < count; i++) {
                if (axes[axis].positions[i].length != taps || taps == 0
                        || Arrays.stream(axes[axis].positions[i]).anyMatch(position -> position < 0)) {
                    return Optional.empty();
                }
                for (int tap = 0; tap < taps; tap++) {
                    index[tap * count + i] = axes[axis].positions[i][tap];
                    weights[tap * count + i] = (float) axes[axis].weights[i][tap];
                }
            }
            Shape before = Shape.of(dims);
            passes.add(new ResizeBody.Pass(Shapes.product(before, 0, axis), dims[axis],
                    Shapes.product(before, axis + 1, dims.length), count, index, weights));
            dims[axis] = count;
        }
        return dst.elements() == 0 || passes.isEmpty() ? Optional.empty() : Optional.of(passes);
    }

    /** Copies every element from its source: runs that stay together at once, and a line equal to the one before from it. */
    void move(Tensor in, Tensor out, Parallelism parallelism) {
        if (dst.elements() == 0) {
            return;
        }
        int inner = axes.length;
        while (inner > 0 && !axes[inner - 1].isTouched()) {
            inner--;
        }
        int end = Math.max(inner, 1);
        int bytes = in.type().bits() / 8;
        // What the leading axes that stay as they are hold is moved by itself, or else the first axis in parts.
        int lead = Math.min(lead(), end - 1);
        long slices = Shapes.product(dst, 0, lead);
        long from = src.elements() / slices;
        long to = dst.elements() / slices;
        if (slices >= parallelism.threads() || axes.length == 0) {
            SharedBody.ranges(parallelism, slices, dst.elements() * bytes, (first, last) -> {
                for (long slice = first; slice < last; slice++) {
                    move(in.data(), slice * from, out.data(), slice * to, lead, end, bytes);
                }
            });
            return;
        }
        for (long slice = 0; slice < slices; slice++) {
            long fromAt = slice * from;
            long toAt = slice * to;
            SharedBody.ranges(parallelism, dst.dim(lead), to * bytes, (first, last) ->
                    move(in.data(), fromAt, out.data(), toAt, lead, end, bytes, (int) first, (int) last));
        }
    }

    /** Returns how many leading axes stay as they are. */
    private int lead() {
        int lead = 0;
        while (lead < axes.length && !axes[lead].isTouched()) {
            lead++;
        }
        return lead;
    }

    private void move(MemorySegment from, long fromAt, MemorySegment to, long toAt, int axis, int end, int bytes) {
        move(from, fromAt, to, toAt, axis, end, bytes, 0, axes.length == 0 ? 1 : (int) dst.dim(axis));
    }

    /** Moves some positions of an axis. */
    private void move(MemorySegment from, long fromAt, MemorySegment to, long toAt, int axis, int end, int bytes,
            int first, int last) {
        long fromStride = Shapes.product(src, axis + 1, src.rank());
        long toStride = Shapes.product(dst, axis + 1, dst.rank());
        boolean touched = axes.length > 0 && axes[axis].isTouched();
        if (axis == end - 1 && touched && fromStride == 1) {
            pick(from, fromAt, to, toAt, axes[axis].positions, bytes, first, last);
            return;
        }
        for (int i = first; i < last; i++) {
            int position = touched ? axes[axis].positions[i][0] : i;
            long target = toAt + i * toStride;
            if (touched && i > first && position == axes[axis].positions[i - 1][0]) {
                MemorySegment.copy(to, (target - toStride) * bytes, to, target * bytes, toStride * bytes);
            } else if (axis == end - 1) {
                MemorySegment.copy(from, (fromAt + position * fromStride) * bytes, to, target * bytes, toStride * bytes);
            } else {
                move(from, fromAt + position * fromStride, to, target, axis + 1, end, bytes);
            }
        }
    }

    private static void pick(MemorySegment from, long fromAt, MemorySegment to, long toAt, int[][] positions, int bytes,
            int first, int last) {
        switch (bytes) {
            case 1 -> {
                for (int i = first; i < last; i++) {
                    to.set(JAVA_BYTE, toAt + i, from.get(JAVA_BYTE, fromAt + positions[i][0]));
                }
            }
            case 2 -> {
                for (int i = first; i < last; i++) {
                    to.setAtIndex(JAVA_SHORT, toAt + i, from.getAtIndex(JAVA_SHORT, fromAt + positions[i][0]));
                }
            }
            case 4 -> {
                for (int i = first; i < last; i++) {
                    to.setAtIndex(JAVA_INT, toAt + i, from.getAtIndex(JAVA_INT, fromAt + positions[i][0]));
                }
            }
            default -> {
                for (int i = first; i < last; i++) {
                    to.setAtIndex(JAVA_LONG, toAt + i, from.getAtIndex(JAVA_LONG, fromAt + positions[i][0]));
                }
            }
        }
    }

    /** Sums each element's sources by their weights, a slice of the leading axes that stay as they are after the other. */
    void interpolate(Tensor in, Tensor out, Parallelism parallelism) {
        int lead = lead();
        int slices = Math.toIntExact(Shapes.product(src, 0, lead));
        int from = Math.toIntExact(Shapes.product(src, lead, src.rank()));
        int to = Math.toIntExact(Shapes.product(dst, lead, dst.rank()));
        // Slices by themselves where there are enough of them, or each by all threads.
        boolean apart = slices >= parallelism.threads();
        SharedBody.ranges(apart ? parallelism : Parallelism.SINGLE, slices, 8L * slices * Math.max(from, to),
                (first, end) -> {
            double[] values = new double[from];
            double[][] passes = new double[axes.length][];
            for (long slice = first; slice < end; slice++) {
                if (ElementRuns.serves(in.type())) {
                    ElementRuns.read(in, slice * from, values, from);
                } else {
                    for (int i = 0; i < from; i++) {
                        values[i] = in.get(slice * from + i);
                    }
                }
                interpolate(values, lead, passes, out, slice * to, apart ? Parallelism.SINGLE : parallelism);
            }
        });
    }

    /** @param passes memory for the results of the passes, made when first needed */
    private void interpolate(double[] slice, int lead, double[][] passes, Tensor out, long target,
            Parallelism parallelism) {
        double[] values = slice;
        boolean[] lost = new boolean[0];
        long[] dims = src.dims();
        for (int axis = dims.length - 1; axis >= lead; axis--) {
            if (!axes[axis].isTouched()) {
                continue;
            }
            Shape before = Shape.of(dims);
            int inner = Math.toIntExact(Shapes.product(before, axis + 1, dims.length));
            int outer = Math.toIntExact(Shapes.product(before, lead, axis));
            int from = (int) dims[axis];
            dims[axis] = dst.dim(axis);
            if (Arrays.stream(axes[axis].positions).anyMatch(positions -> positions[0] < 0) || lost.length > 0) {
                lost = lost(lost, axes[axis], outer, from, inner);
            }
            if (axis == lead && inner > 1 && lost.length == 0 && out.type() == DataType.F32) {
                ResizeSums.planes(values, axes[axis], outer, from, inner, out, target, parallelism);
                return;
            }
            if (passes[axis] == null) {
                passes[axis] = new double[Math.multiplyExact(Math.multiplyExact(outer, (int) dims[axis]), inner)];
            }
            if (inner == 1) {
                ResizeSums.lines(values, axes[axis], outer, from, passes[axis], parallelism);
            } else {
                ResizeSums.planes(values, axes[axis], outer, from, inner, passes[axis], parallelism);
            }
            values = passes[axis];
        }
        store(values, lost, out, target);
    }

    /** Returns which elements have a position outside along this axis or one before. */
    private static boolean[] lost(boolean[] before, Axis axis, int outer, int length, int inner) {
        int to = axis.positions.length;
        boolean[] next = new boolean[outer * to * inner];
        for (int o = 0; o < outer; o++) {
            for (int i = 0; i < to; i++) {
                for (int position : axis.positions[i]) {
                    for (int j = 0; j < inner; j++) {
                        next[(o * to + i) * inner + j] |= position < 0
                                || before.length > 0 && before[(o * length + position) * inner + j];
                    }
                }
            }
        }
        return next;
    }

    private void store(double[] values, boolean[] lost, Tensor out, long target) {
        DataType type = out.type();
        for (int i = 0; i < lost.length; i++) {
            values[i] = lost[i] ? outside : values[i];
        }
        if (type == DataType.F32) {
            ElementRuns.write(values, values.length, out, target);
            return;
        }
        if (type.isFloating()) {
            for (int i = 0; i < values.length; i++) {
                out.set(target + i, values[i]);
            }
            return;
        }
        // Truncated, as ONNX's reference and other runtimes do.
        double low = type.min();
        double high = type.max();
        long[] levels = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            levels[i] = (long) Math.clamp((float) values[i], low, high);
        }
        if (ElementRuns.serves(type)) {
            ElementRuns.write(levels, levels.length, out, target);
            return;
        }
        for (int i = 0; i < levels.length; i++) {
            out.setLong(target + i, levels[i]);
        }
    }
}
