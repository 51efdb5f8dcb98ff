package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import java.util.Arrays;

/**
 * Where a transposed convolution puts what it makes of each input pixel: along every spatial axis, tap t of the kernel
 * goes from input position p to p * stride - before + t * dilation.
 *
 * @param out the output's shape, [n, oc, spatial...]
 */
public record TransposedWindow(long groups, long[] strides, long[] dilations, long[] before, Shape out) {
    /** Reads a ConvTranspose node, whose operands are checked. */
    public static TransposedWindow of(OpContext context) {
        Shape src = context.shape(0);
        Shape w = context.shape(1);
        int rank = src.rank() - 2;
        context.check(rank >= 1, 0, "[n, c, spatial...]");
        long groups = context.attributes().integer("group", 1);
        context.check(w.rank() == src.rank() && w.dim(0) == src.dim(1) && groups > 0 && src.dim(1) % groups == 0, 1,
                "[" + src.dim(1) + ", oc / groups, kernel...]");
        context.check(context.type(0).isFloating(), 0, "a floating type");
        long[] ones = new long[rank];
        Arrays.fill(ones, 1);
        long[] strides = list(context, "strides", rank, ones);
        long[] dilations = list(context, "dilations", rank, ones);
        long[] extra = list(context, "output_padding", rank, new long[rank]);
        long[] pads = list(context, "pads", 2 * rank, new long[2 * rank]);
        long[] wanted = context.attributes().integers("output_shape");
        context.require(wanted.length == 0 || wanted.length == rank || wanted.length == rank + 2, "output_shape",
                rank + " values", Arrays.toString(wanted));
        context.require(Arrays.stream(strides).allMatch(v -> v > 0) && Arrays.stream(dilations).allMatch(v -> v > 0),
                "strides, dilations", "positive values", Arrays.toString(strides) + ", " + Arrays.toString(dilations));
        String auto = context.attributes().text("auto_pad", "NOTSET");
        long[] dims = new long[rank + 2];
        long oc = Math.multiplyExact(w.dim(1), groups);
        dims[0] = src.dim(0);
        dims[1] = oc;
        long[] before = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            long span = Math.addExact(Math.multiplyExact(w.dim(axis + 2) - 1, dilations[axis]), 1);
            long full = Math.addExact(Math.multiplyExact(src.dim(axis + 2) - 1, strides[axis]), span + extra[axis]);
            boolean same = auto.startsWith("SAME");
            if (wanted.length > 0 || same) {
                int at = wanted.length == rank ? axis : axis + 2;
                dims[axis + 2] = wanted.length > 0 ? wanted[at] : Math.multiplyExact(src.dim(axis + 2), strides[axis]);
                long total = Math.max(0, full - dims[axis + 2]);
                before[axis] = auto.equals("SAME_UPPER") ? total / 2 : total - total / 2;
            } else {
                before[axis] = auto.equals("VALID") ? 0 : pads[axis];
                dims[axis + 2] = full - before[axis] - (auto.equals("VALID") ? 0 : pads[axis + rank]);
            }
            context.require(dims[axis + 2] >= 0, "pads", "an output of positive size", Arrays.toString(pads));
        }
        Shape out = Shape.of(dims);
        if (context.has(2)) {
            context.check(context.shape(2).equals(Shape.of(oc)), 2, "[" + oc + "]");
        }
        return new TransposedWindow(groups, strides, dilations, before, out);
    }

    private static long[] list(OpContext context, String name, int count, long[] otherwise) {
        long[] values = context.attributes().integers(name, otherwise);
        context.require(values.length == count, name, count + " values", Arrays.toString(values));
        return values;
    }
}
