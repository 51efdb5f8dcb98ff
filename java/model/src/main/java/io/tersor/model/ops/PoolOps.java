package io.tersor.model.ops;

import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Pooling over any number of axes; what kernels have (two axes; f32, u8, s8) runs as kernels instead. */
final class PoolOps {
    private PoolOps() {}

    static void register(Map<String, Operator> table) {
        table.put("MaxPool", PoolOps::maxPool);
        table.put("AveragePool", PoolOps::averagePool);
        table.put("LpPool", PoolOps::lpPool);
        table.put("GlobalMaxPool", context -> global(context, (plane, length) -> {
            double max = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < length; i++) {
                max = Math.max(max, plane.at(i));
            }
            return max;
        }));
        table.put("GlobalAveragePool", context -> global(context, (plane, length) -> {
            double sum = 0;
            for (int i = 0; i < length; i++) {
                sum += plane.at(i);
            }
            return length == 0 ? 0 : sum / length;
        }));
        table.put("GlobalLpPool", context -> {
            double p = context.attributes().integer("p", 2);
            return global(context, (plane, length) -> {
                double sum = 0;
                for (int i = 0; i < length; i++) {
                    sum += Math.pow(Math.abs(plane.at(i)), p);
                }
                return Math.pow(sum, 1 / p);
            });
        });
        table.put(Node.INTERNAL + ".QAveragePool", context -> Computation.kernelOnly(new TensorType(context.type(0),
                window(context).outShape(context.shape(0).dim(0), context.shape(0).dim(1)))));
        table.put(Node.INTERNAL + ".QGlobalAveragePool", context -> Computation.kernelOnly(
                new TensorType(context.type(0), globalShape(context))));
    }

    private static SpatialWindow window(OpContext context) {
        context.check(context.shape(0).rank() >= 3, 0, "[n, c, spatial...]");
        return SpatialWindow.of(context, context.shape(0), context.attributes().integers("kernel_shape"));
    }

    private static Computation maxPool(OpContext context) {
        TensorType input = context.input(0);
        SpatialWindow window = window(context);
        Shape shape = window.outShape(input.shape().dim(0), input.shape().dim(1));
        boolean columnMajor = context.attributes().integer("storage_order", 0) == 1;
        List<TensorType> outputs = new ArrayList<>(List.of(new TensorType(input.type(), shape)));
        if (context.wants(1)) {
            outputs.add(new TensorType(DataType.S64, shape));
        }
        return new Computation(outputs, Computation.Kind.GENERAL, (in, out) ->
                each(window, in[0], (at, base, pixels) -> {
            long best = -1;
            for (long pixel : pixels) {
                boolean better = pixel >= 0 && (best < 0 || in[0].get(base + pixel) > in[0].get(base + best)
                        || Double.isNaN(in[0].get(base + pixel)));
                best = better ? pixel : best;
            }
            out[0].set(at, best < 0 ? lowest(input.type()) : in[0].get(base + best));
            if (Elements.given(out, 1)) {
                out[1].setLong(at, base + (columnMajor ? transposed(window, best) : best));
            }
        }));
    }

    private static double lowest(DataType type) {
        return type.isFloating() ? Double.NEGATIVE_INFINITY : type.min();
    }

    /** Returns the index of a pixel where the first axis varies fastest. */
    private static long transposed(SpatialWindow window, long pixel) {
        long index = 0;
        long rest = pixel;
        long[] position = new long[window.rank()];
        for (int axis = window.rank() - 1; axis >= 0; axis--) {
            position[axis] = rest % window.image()[axis];
            rest /= window.image()[axis];
        }
        for (int axis = window.rank() - 1; axis >= 0; axis--) {
            index = index * window.image()[axis] + position[axis];
        }
        return index;
    }

    private static Computation averagePool(OpContext context) {
        TensorType input = context.input(0);
        SpatialWindow window = window(context);
        boolean countPadding = context.attributes().integer("count_include_pad", 0) != 0;
        Shape shape = window.outShape(input.shape().dim(0), input.shape().dim(1));
        return Computation.of(new TensorType(input.type(), shape), (in, out) -> each(window, in[0],
                (at, base, pixels) -> {
                    double sum = 0;
                    long count = 0;
                    for (long pixel : pixels) {
                        sum += pixel >= 0 ? in[0].get(base + pixel) : 0;
                        count += pixel >= 0 || countPadding && pixel == -1 ? 1 : 0;
                    }
                    out[0].set(at, count == 0 ? 0 : sum / count);
                }));
    }

    private static Computation lpPool(OpContext context) {
        TensorType input = context.input(0);
        SpatialWindow window = window(context);
        double p = context.attributes().integer("p", 2);
        Shape shape = window.outShape(input.shape().dim(0), input.shape().dim(1));
        return Computation.of(new TensorType(input.type(), shape), (in, out) -> each(window, in[0],
                (at, base, pixels) -> {
                    double sum = 0;
                    for (long pixel : pixels) {
                        sum += pixel >= 0 ? Math.pow(Math.abs(in[0].get(base + pixel)), p) : 0;
                    }
                    out[0].set(at, Math.pow(sum, 1 / p));
                }));
    }

    private interface Visitor {
        void visit(long outIndex, long planeStart, long[] pixels);
    }

    private static void each(SpatialWindow window, Tensor src, Visitor visitor) {
        long planes = src.shape().dim(0) * src.shape().dim(1);
        long[] pixels = new long[Math.toIntExact(window.size())];
        long outPixels = window.outPixels();
        long imagePixels = window.imagePixels();
        for (long p = 0; p < outPixels; p++) {
            window.pixels(p, pixels);
            for (long plane = 0; plane < planes; plane++) {
                visitor.visit(plane * outPixels + p, plane * imagePixels, pixels);
            }
        }
    }

    private static Shape globalShape(OpContext context) {
        Shape src = context.shape(0);
        context.check(src.rank() >= 3, 0, "[n, c, spatial...]");
        long[] dims = src.dims();
        java.util.Arrays.fill(dims, 2, dims.length, 1);
        return Shape.of(dims);
    }

    /** The elements of one image and channel. */
    private interface Plane {
        double at(long index);
    }

    private interface Reduction {
        double apply(Plane plane, long length);
    }

    private static Computation global(OpContext context, Reduction reduction) {
        TensorType input = context.input(0);
        Shape shape = globalShape(context);
        long length = Shapes.product(input.shape(), 2, input.shape().rank());
        return Computation.of(new TensorType(input.type(), shape), (in, out) -> {
            for (long i = 0; i < shape.elements(); i++) {
                long base = i * length;
                out[0].set(i, reduction.apply(index -> in[0].get(base + index), length));
            }
        });
    }
}
