package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;

/** Relatives of convolution and pooling: Col2Im, MaxUnpool, DeformConv; and Det. In binary64. */
final class UnfoldOps {
    private UnfoldOps() {}

    static void register(Map<String, Operator> table) {
        table.put("Col2Im", UnfoldOps::col2im);
        table.put("MaxUnpool", UnfoldOps::maxUnpool);
        table.put("DeformConv", UnfoldOps::deformConv);
        table.put("Det", UnfoldOps::det);
    }

    /** Col2Im: every image pixel is the sum of all columns' elements that were taken from it. */
    private static Computation col2im(OpContext context) {
        Shape columns = context.shape(0);
        long[] image = context.value(1).toLongs();
        long[] block = context.value(2).toLongs();
        context.check(columns.rank() == 3, 0, "[n, c * block, blocks]");
        context.require(image.length == block.length && Arrays.stream(image).allMatch(v -> v >= 0), "image_shape",
                block.length + " extents", Arrays.toString(image));
        long[] dims = new long[image.length + 2];
        System.arraycopy(image, 0, dims, 2, image.length);
        dims[0] = columns.dim(0);
        dims[1] = 1;
        SpatialWindow window = SpatialWindow.of(context, Shape.of(dims), block);
        int taps = Math.toIntExact(window.size());
        long blocks = window.outPixels();
        context.check(columns.dim(1) % taps == 0 && columns.dim(2) == blocks, 0,
                "[n, a multiple of " + taps + ", " + blocks + "]");
        dims[1] = columns.dim(1) / taps;
        Shape shape = Shape.of(dims);
        int pixels = Math.toIntExact(window.imagePixels());
        return Computation.of(new TensorType(context.type(0), shape), (in, out) -> {
            double[] sums = new double[Math.toIntExact(shape.elements())];
            long[] under = new long[taps];
            for (long b = 0; b < blocks; b++) {
                window.pixels(b, under);
                for (long row = 0; row < columns.dim(0) * columns.dim(1); row++) {
                    long pixel = under[(int) (row % taps)];
                    if (pixel >= 0) {
                        sums[(int) (row / taps * pixels + pixel)] += in[0].get(row * blocks + b);
                    }
                }
            }
            for (int i = 0; i < sums.length; i++) {
                out[0].set(i, sums[i]);
            }
        });
    }

    /** MaxUnpool: indices count in the image that the attributes lead to, which output_shape may extend. */
    private static Computation maxUnpool(OpContext context) {
        Shape src = context.shape(0);
        int rank = src.rank() - 2;
        context.check(rank >= 1, 0, "[n, c, spatial...]");
        context.check(context.shape(1).equals(src) && context.type(1) == DataType.S64, 1, "s64 " + src);
        long[] kernel = context.attributes().integers("kernel_shape");
        long[] ones = new long[rank];
        Arrays.fill(ones, 1);
        long[] strides = context.attributes().integers("strides", ones);
        long[] pads = context.attributes().integers("pads", new long[2 * rank]);
        context.require(kernel.length == rank && strides.length == rank && pads.length == 2 * rank,
                "kernel_shape, strides, pads", "values for " + rank + " axes", Arrays.toString(kernel) + ", "
                        + Arrays.toString(strides) + ", " + Arrays.toString(pads));
        long[] dims = src.dims();
        for (int axis = 0; axis < rank; axis++) {
            dims[axis + 2] = Math.multiplyExact(src.dim(axis + 2) - 1, strides[axis]) - pads[axis] - pads[axis + rank]
                    + kernel[axis];
        }
        Shape indexed = Shape.of(dims);
        Shape shape = context.has(2) ? Shape.of(context.value(2).toLongs()) : indexed;
        context.require(shape.rank() == indexed.rank(), "output_shape", "rank " + indexed.rank(), shape);
        TensorType output = new TensorType(context.type(0), shape);
        long[] from = indexed.rowMajorStrides();
        long[] to = shape.rowMajorStrides();
        String operand = context.operand(1);
        return Computation.of(output, (in, out) -> {
            out[0].data().fill((byte) 0);
            boolean same = shape.equals(indexed);
            for (long i = 0; i < src.elements(); i++) {
                long index = in[1].data().getAtIndex(JAVA_LONG, i);
                long at = same ? index : 0;
                boolean inside = index >= 0 && index < indexed.elements();
                for (int axis = 0; !same && inside && axis < from.length; axis++) {
                    long position = index / from[axis] % indexed.dim(axis);
                    inside = position < shape.dim(axis);
                    at += position * to[axis];
                }
                if (!inside) {
                    throw new OperandException(operand, "indices inside " + indexed + " and " + shape, index);
                }
                if (output.type() == DataType.F32) {
                    out[0].data().setAtIndex(JAVA_INT, at, in[0].data().getAtIndex(JAVA_INT, i));
                } else {
                    Elements.copy(in[0], i, out[0], at);
                }
            }
        });
    }

    /** DeformConv: a convolution whose taps are read at learned offsets, between the pixels, and weighed by a mask. */
    private static Computation deformConv(OpContext context) {
        Shape src = context.shape(0);
        Shape w = context.shape(1);
        int rank = src.rank() - 2;
        context.check(rank >= 1, 0, "[n, c, spatial...]");
        long groups = context.attributes().integer("group", 1);
        long shared = context.attributes().integer("offset_group", 1);
        context.check(w.rank() == src.rank() && groups > 0 && src.dim(1) == w.dim(1) * groups
                && w.dim(0) % groups == 0, 1, "[oc, " + src.dim(1) + " / group, kernel...]");
        context.require(shared > 0 && src.dim(1) % shared == 0, "offset_group", "a divisor of " + src.dim(1), shared);
        SpatialWindow window = SpatialWindow.of(context, src, Arrays.copyOfRange(w.dims(), 2, w.rank()));
        Shape shape = window.outShape(src.dim(0), w.dim(0));
        int taps = Math.toIntExact(window.size());
        context.check(context.shape(2).equals(shape.with(1, shared * taps * rank)), 2,
                shape.with(1, shared * taps * rank).toString());
        if (context.has(3)) {
            context.check(context.shape(3).equals(Shape.of(w.dim(0))), 3, "[" + w.dim(0) + "]");
        }
        if (context.has(4)) {
            context.check(context.shape(4).equals(shape.with(1, shared * taps)), 4,
                    shape.with(1, shared * taps).toString());
        }
        boolean biased = context.has(3);
        boolean masked = context.has(4);
        long pixels = window.outPixels();
        int plane = Math.toIntExact(window.imagePixels());
        long perGroup = w.dim(0) / Math.max(1, groups);
        return Computation.of(new TensorType(context.type(0), shape), (in, out) -> {
            if (shape.elements() == 0) {
                return;
            }
            double[] values = Elements.doubles(in[0]);
            double[] weights = Elements.doubles(in[1]);
            double[] columns = new double[(int) src.dim(1) * taps];
            GridTaps point = new GridTaps(GridTaps.Mode.LINEAR, GridTaps.ZEROS, window.image());
            for (long i = 0; i < src.dim(0) * pixels; i++) {
                long image = i / pixels;
                long pixel = i % pixels;
                for (int k = 0; k < shared * taps; k++) {
                    place(window, point, pixel, k % taps, in[2],
                            (image * shared * taps + k) * rank * pixels + pixel, pixels);
                    double mask = masked ? in[4].get((image * shared * taps + k) * pixels + pixel) : 1;
                    long each = src.dim(1) / shared;
                    for (long c = k / taps * each; c < (k / taps + 1) * each; c++) {
                        columns[(int) c * taps + k % taps] = mask
                                * point.sample(values, (int) ((image * src.dim(1) + c) * plane));
                    }
                }
                for (long oc = 0; oc < w.dim(0); oc++) {
                    int run = (int) w.dim(1) * taps;
                    int start = (int) (oc / perGroup) * run;
                    double sum = biased ? in[3].get(oc) : 0;
                    for (int k = 0; k < run; k++) {
                        sum += columns[start + k] * weights[(int) oc * run + k];
                    }
                    out[0].set((image * w.dim(0) + oc) * pixels + pixel, sum);
                }
            }
        });
    }

    /** Moves the point to where a tap of an output pixel is read. */
    private static void place(SpatialWindow window, GridTaps point, long pixel, int tap,
            Tensor offsets, long first, long stride) {
        long restPixel = pixel;
        long restTap = tap;
        for (int axis = window.rank() - 1; axis >= 0; axis--) {
            long position = restPixel % window.out()[axis] * window.strides()[axis] - window.before()[axis]
                    + restTap % window.kernel()[axis] * window.dilations()[axis];
            restPixel /= window.out()[axis];
            restTap /= window.kernel()[axis];
            point.at(axis, position + offsets.get(first + axis * stride));
        }
    }

    private static Computation det(OpContext context) {
        Shape src = context.shape(0);
        context.check(src.rank() >= 2 && src.dim(-1) == src.dim(-2), 0, "square matrices");
        int n = Math.toIntExact(src.dim(-1));
        Shape shape = Shape.of(Arrays.copyOf(src.dims(), src.rank() - 2));
        return Computation.of(new TensorType(context.type(0), shape), (in, out) -> {
            double[] values = Elements.doubles(in[0]);
            for (int i = 0; i < shape.elements(); i++) {
                out[0].set(i, det(values, i * n * n, n));
            }
        });
    }

    /** Gaussian elimination with the largest element of each column as pivot; destroys the matrix. */
    private static double det(double[] a, int start, int n) {
        double product = 1;
        for (int column = 0; column < n; column++) {
            int pivot = column;
            for (int row = column + 1; row < n; row++) {
                pivot = Math.abs(a[start + row * n + column]) > Math.abs(a[start + pivot * n + column]) ? row : pivot;
            }
            double divisor = a[start + pivot * n + column];
            if (divisor == 0) {
                return 0;
            }
            product *= pivot == column ? divisor : -divisor;
            for (int k = 0; k < n && pivot != column; k++) {
                double kept = a[start + column * n + k];
                a[start + column * n + k] = a[start + pivot * n + k];
                a[start + pivot * n + k] = kept;
            }
            for (int row = column + 1; row < n; row++) {
                double factor = a[start + row * n + column] / divisor;
                for (int k = column; k < n; k++) {
                    a[start + row * n + k] -= factor * a[start + column * n + k];
                }
            }
        }
        return product;
    }
}
