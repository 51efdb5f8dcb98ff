package io.tersor.model.ops;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Arrays;
import java.util.Map;

/** ConvTranspose over any number of axes: each input pixel adds its multiple of the kernel to the output. */
final class ConvTransposeOp {
    private ConvTransposeOp() {}

    static void register(Map<String, Operator> table) {
        table.put("ConvTranspose", ConvTransposeOp::prepare);
    }

    private static Computation prepare(OpContext context) {
        Shape src = context.shape(0);
        Shape w = context.shape(1);
        int rank = src.rank() - 2;
        context.check(rank >= 1, 0, "[n, c, spatial...]");
        long groups = context.attributes().integer("group", 1);
        context.check(w.rank() == src.rank() && w.dim(0) == src.dim(1) && groups > 0 && src.dim(1) % groups == 0, 1,
                "[" + src.dim(1) + ", oc / groups, kernel...]");
        DataType type = context.type(0);
        context.check(type.isFloating(), 0, "a floating type");
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
        boolean biased = context.has(2);
        return Computation.of(new TensorType(type, out), (in, result) -> {
            double[] sums = scatter(Elements.doubles(in[0]), src, Elements.doubles(in[1]), w, groups, strides,
                    dilations,
                    before, out);
            long pixels = Shapes.product(out, 2, out.rank());
            for (int i = 0; i < sums.length; i++) {
                result[0].set(i, sums[i] + (biased ? in[2].get(i / pixels % oc) : 0));
            }
        });
    }

    private static long[] list(OpContext context, String name, int count, long[] otherwise) {
        long[] values = context.attributes().integers(name, otherwise);
        context.require(values.length == count, name, count + " values", Arrays.toString(values));
        return values;
    }

    private static double[] scatter(double[] src, Shape srcShape, double[] weights, Shape w, long groups,
            long[] strides,
            long[] dilations, long[] before, Shape out) {
        int rank = strides.length;
        int srcPixels = (int) Shapes.product(srcShape, 2, srcShape.rank());
        int outPixels = (int) Shapes.product(out, 2, out.rank());
        int taps = (int) Shapes.product(w, 2, w.rank());
        int ic = (int) srcShape.dim(1);
        int perGroup = (int) w.dim(1);
        double[] sums = new double[Math.toIntExact(out.elements())];
        for (int p = 0; p < srcPixels; p++) {
            for (int tap = 0; tap < taps; tap++) {
                int target = target(p, tap, srcShape, w, strides, dilations, before, out, rank);
                if (target < 0) {
                    continue;
                }
                for (int plane = 0; plane < srcShape.dim(0) * ic; plane++) {
                    int c = plane % ic;
                    int first = plane / ic * (int) out.dim(1) + (int) (c / (ic / groups)) * perGroup;
                    for (int o = 0; o < perGroup; o++) {
                        sums[(first + o) * outPixels + target] += src[plane * srcPixels + p]
                                * weights[(c * perGroup + o) * taps + tap];
                    }
                }
            }
        }
        return sums;
    }

    private static int target(int pixel, int tap, Shape src, Shape w, long[] strides, long[] dilations, long[] before,
            Shape out, int rank) {
        long index = 0;
        long scale = 1;
        long restPixel = pixel;
        long restTap = tap;
        for (int axis = rank - 1; axis >= 0; axis--) {
            long position = restPixel % src.dim(axis + 2) * strides[axis] - before[axis]
                    + restTap % w.dim(axis + 2) * dilations[axis];
            restPixel /= src.dim(axis + 2);
            restTap /= w.dim(axis + 2);
            if (position < 0 || position >= out.dim(axis + 2)) {
                return -1;
            }
            index += position * scale;
            scale *= out.dim(axis + 2);
        }
        return (int) index;
    }
}
