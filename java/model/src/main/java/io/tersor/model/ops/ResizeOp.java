package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;

/**
 * Resize (and its predecessor Upsample): nearest, linear and cubic interpolation, separable over the axes. For each
 * output position of each axis the contributing input positions and their weights are computed once.
 */
final class ResizeOp {
    private ResizeOp() {}

    static void register(Map<String, Operator> table) {
        table.put("Resize", ResizeOp::prepare);
        table.put("Upsample", ResizeOp::prepare);
    }

    /** The input positions and weights of every output position along one axis; -1 is a position outside. */
    private record Axis(int[][] positions, double[][] weights) {}

    private static Computation prepare(OpContext context) {
        TensorType input = context.input(0);
        Shape src = input.shape();
        int rank = src.rank();
        boolean old = context.opset() < 11 || context.node().opType().equals("Upsample");
        int scalesInput = old ? 1 : 2;
        long[] chosen = context.attributes().integers("axes", allAxes(rank));
        int[] axes = new int[chosen.length];
        for (int i = 0; i < axes.length; i++) {
            axes[i] = context.axis(chosen[i], rank);
        }
        double[] scales = new double[rank];
        Arrays.fill(scales, 1);
        long[] dims = src.dims();
        if (context.has(3)) {
            sizes(context, context.value(3).toLongs(), axes, src, dims, scales);
        } else {
            float[] given = context.has(scalesInput) ? context.value(scalesInput).toFloats()
                    : context.attributes().reals("scales");
            context.require(given.length == axes.length, "scales", axes.length + " values", Arrays.toString(given));
            for (int i = 0; i < axes.length; i++) {
                context.require(given[i] > 0 && Float.isFinite(given[i]), "scales", "positive values",
                        Arrays.toString(given));
                scales[axes[i]] = given[i];
                dims[axes[i]] = (long) Math.floor(src.dim(axes[i]) * (double) given[i]);
            }
        }
        Shape out = Shape.of(dims);
        float[] roi = context.has(1) && !old ? context.value(1).toFloats() : new float[0];
        Axis[] plan = new Axis[rank];
        ResizeAxis coordinates = ResizeAxis.of(context, old);
        for (int axis = 0; axis < rank; axis++) {
            int index = indexOf(axes, axis);
            double start = index >= 0 && roi.length == 2 * axes.length ? roi[index] : 0;
            double end = index >= 0 && roi.length == 2 * axes.length ? roi[axes.length + index] : 1;
            boolean untouched = src.dim(axis) == out.dim(axis) && scales[axis] == 1 && !coordinates.crops();
            plan[axis] = untouched ? identity(context.tableLength(src.dim(axis)))
                    : table(coordinates, context.tableLength(src.dim(axis)), context.tableLength(out.dim(axis)),
                            scales[axis], start, end);
        }
        double outside = context.attributes().real("extrapolation_value", 0f);
        return Computation.of(new TensorType(input.type(), out), (in, result) ->
                interpolate(in[0], result[0], src, out, plan, outside));
    }

    private static int indexOf(int[] axes, int axis) {
        for (int i = 0; i < axes.length; i++) {
            if (axes[i] == axis) {
                return i;
            }
        }
        return -1;
    }

    private static long[] allAxes(int rank) {
        long[] axes = new long[rank];
        for (int i = 0; i < rank; i++) {
            axes[i] = i;
        }
        return axes;
    }

    private static void sizes(OpContext context, long[] sizes, int[] axes, Shape src, long[] dims, double[] scales) {
        context.require(sizes.length == axes.length && Arrays.stream(sizes).allMatch(v -> v >= 0), "sizes",
                axes.length + " values", Arrays.toString(sizes));
        String policy = context.attributes().text("keep_aspect_ratio_policy", "stretch");
        double common = policy.equals("not_larger") ? Double.POSITIVE_INFINITY : 0;
        for (int i = 0; i < axes.length; i++) {
            double scale = (double) sizes[i] / src.dim(axes[i]);
            common = policy.equals("not_larger") ? Math.min(common, scale) : Math.max(common, scale);
        }
        for (int i = 0; i < axes.length; i++) {
            boolean stretch = policy.equals("stretch");
            dims[axes[i]] = stretch ? sizes[i] : (long) Math.floor(src.dim(axes[i]) * common + 0.5);
            scales[axes[i]] = stretch ? (double) sizes[i] / src.dim(axes[i]) : common;
        }
    }

    private static Axis identity(int extent) {
        int[][] positions = new int[extent][1];
        double[][] weights = new double[extent][1];
        for (int i = 0; i < extent; i++) {
            positions[i][0] = i;
            weights[i][0] = 1;
        }
        return new Axis(positions, weights);
    }

    private static Axis table(ResizeAxis coordinates, int from, int to, double scale, double start, double end) {
        int[][] positions = new int[to][];
        double[][] weights = new double[to][];
        for (int i = 0; i < to; i++) {
            double x = coordinates.source(i, from, to, (float) scale, (float) start, (float) end);
            if (coordinates.crops() && (x < 0 || x > from - 1)) {
                positions[i] = new int[] {-1};
                weights[i] = new double[] {1};
                continue;
            }
            ResizeAxis.Taps taps = coordinates.taps(x, from, scale);
            positions[i] = taps.positions();
            weights[i] = taps.weights();
        }
        return new Axis(positions, weights);
    }

    private static void interpolate(Tensor in, Tensor out, Shape src, Shape dst, Axis[] plan, double outside) {
        // One axis after the other: each pass leaves the others as they are.
        double[] values = Elements.doubles(in);
        boolean[] lost = new boolean[values.length];
        long[] dims = src.dims();
        for (int axis = 0; axis < dims.length; axis++) {
            int inner = (int) Shapes.product(Shape.of(dims), axis + 1, dims.length);
            int outer = (int) Shapes.product(Shape.of(dims), 0, axis);
            int from = (int) dims[axis];
            int to = (int) dst.dim(axis);
            double[] next = new double[outer * to * inner];
            boolean[] nextLost = new boolean[next.length];
            for (int o = 0; o < outer; o++) {
                for (int i = 0; i < to; i++) {
                    line(values, lost, (o * from) * inner, next, nextLost, (o * to + i) * inner, inner,
                            plan[axis].positions()[i], plan[axis].weights()[i]);
                }
            }
            values = next;
            lost = nextLost;
            dims[axis] = to;
        }
        for (int i = 0; i < values.length; i++) {
            double value = lost[i] ? outside : values[i];
            if (out.type().isFloating()) {
                out.set(i, value);
            } else {
                // Truncated, as ONNX's reference and other runtimes do.
                out.setLong(i, (long) Math.clamp((float) value, out.type().min(), out.type().max()));
            }
        }
    }

    private static void line(double[] from, boolean[] lost, int at, double[] to, boolean[] nextLost, int target,
            int inner, int[] positions, double[] weights) {
        for (int k = 0; k < positions.length; k++) {
            for (int j = 0; j < inner; j++) {
                if (positions[k] < 0) {
                    nextLost[target + j] = true;
                } else {
                    int source = at + positions[k] * inner + j;
                    to[target + j] += weights[k] * from[source];
                    nextLost[target + j] |= lost[source];
                }
            }
        }
    }
}
