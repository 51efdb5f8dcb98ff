package io.tersor.model.ops;

import io.tersor.OperandException;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;

/**
 * MaxRoiPool: the largest element of each bin of a region of an image; Girshick 2015 (Fast R-CNN). A region reaches
 * from its first to its last pixel, both rounded and inside; bins overlap where its extent is no multiple of their
 * number, and one that lies outside the image gives 0.
 */
final class RoiPoolOp {
    private RoiPoolOp() {}

    static void register(Map<String, Operator> table) {
        table.put("MaxRoiPool", RoiPoolOp::prepare);
    }

    private static Computation prepare(OpContext context) {
        Shape src = context.shape(0);
        Shape rois = context.shape(1);
        context.check(src.rank() == 4 && context.type(0).isFloating(), 0, "reals, [n, c, h, w]");
        context.check(rois.rank() == 2 && rois.dim(1) == 5 && context.type(1).isFloating(), 1, "reals, [regions, 5]");
        long[] pooled = context.attributes().integers("pooled_shape");
        context.require(pooled.length == 2 && Arrays.stream(pooled).allMatch(v -> v > 0 && v <= Integer.MAX_VALUE),
                "pooled_shape", "two positive extents", Arrays.toString(pooled));
        double scale = context.attributes().real("spatial_scale", 1f);
        long planes = src.dim(1);
        long plane = src.dim(2) * src.dim(3);
        Shape shape = Shape.of(rois.dim(0), planes, pooled[0], pooled[1]);
        String operand = context.operand(1);
        return Computation.of(new TensorType(context.type(0), shape), (in, out) -> {
            for (long r = 0; r < rois.dim(0); r++) {
                double image = in[1].get(5 * r);
                if (!(image >= 0 && image < src.dim(0) && image == Math.rint(image))) {
                    throw new OperandException(operand, "indices of images below " + src.dim(0), image);
                }
                for (long y = 0; y < pooled[0]; y++) {
                    Bin rows = Bin.of(in[1], 5 * r + 2, scale, y, pooled[0], src.dim(2));
                    for (long x = 0; x < pooled[1]; x++) {
                        Bin columns = Bin.of(in[1], 5 * r + 1, scale, x, pooled[1], src.dim(3));
                        for (long c = 0; c < planes; c++) {
                            out[0].set(((r * planes + c) * pooled[0] + y) * pooled[1] + x, largest(in[0],
                                    ((long) image * planes + c) * plane, src.dim(3), rows, columns));
                        }
                    }
                }
            }
        });
    }

    private static double largest(Tensor from, long at, long width, Bin rows, Bin columns) {
        if (rows.isEmpty() || columns.isEmpty()) {
            return 0;
        }
        double best = Double.NEGATIVE_INFINITY;
        for (long y = rows.start; y < rows.end; y++) {
            for (long x = columns.start; x < columns.end; x++) {
                best = Math.max(best, from.get(at + y * width + x));
            }
        }
        return best;
    }

    /** The pixels of one bin along one axis, as far as they are inside the image. */
    private record Bin(long start, long end) {
        /** @param first where the region's first pixel stands; its last one is two elements behind */
        static Bin of(Tensor rois, long first, double scale, long bin, long bins, long extent) {
            long from = nearest(rois.get(first) * scale);
            long length = Math.max(1, nearest(rois.get(first + 2) * scale) - from + 1);
            return new Bin(Math.clamp(from + bin * length / bins, 0, extent),
                    Math.clamp(from + Math.ceilDiv((bin + 1) * length, bins), 0, extent));
        }

        /** Ties away from zero; kept where products of two of them are no overflow. */
        private static long nearest(double value) {
            double bounded = Math.clamp(value, -0x1p30, 0x1p30);
            return (long) (bounded < 0 ? Math.ceil(bounded - 0.5) : Math.floor(bounded + 0.5));
        }

        boolean isEmpty() {
            return end <= start;
        }
    }
}
