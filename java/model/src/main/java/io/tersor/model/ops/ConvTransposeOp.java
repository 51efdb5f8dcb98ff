package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import java.util.Map;

/** ConvTranspose over any number of axes: each input pixel adds its multiple of the kernel to the output. */
final class ConvTransposeOp {
    private ConvTransposeOp() {}

    static void register(Map<String, Operator> table) {
        table.put("ConvTranspose", ConvTransposeOp::prepare);
    }

    private static Computation prepare(OpContext context) {
        TransposedWindow window = TransposedWindow.of(context);
        Shape src = context.shape(0);
        Shape w = context.shape(1);
        Shape out = window.out();
        boolean biased = context.has(2);
        return Computation.of(new TensorType(context.type(0), out), (in, result) -> {
            double[] sums = scatter(Elements.doubles(in[0]), src, Elements.doubles(in[1]), w, window.groups(),
                    window.strides(), window.dilations(), window.before(), out);
            long pixels = Shapes.product(out, 2, out.rank());
            for (int i = 0; i < sums.length; i++) {
                result[0].set(i, sums[i] + (biased ? in[2].get(i / pixels % out.dim(1)) : 0));
            }
        });
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
