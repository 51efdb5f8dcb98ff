package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import java.util.Arrays;
import java.util.Map;

/**
 * Resize (and its predecessor Upsample): nearest, linear and cubic interpolation, separable over the axes. For each
 * output position of each axis the contributing input positions and their weights are computed once.
 */
public final class ResizeOp {
    private ResizeOp() {}

    static void register(Map<String, Operator> table) {
        table.put("Resize", ResizeOp::prepare);
        table.put("Upsample", ResizeOp::prepare);
    }

    /** Returns what a Resize or Upsample does. */
    public static Computation prepare(OpContext context) {
        return prepare(context, new int[0]);
    }

    /** Returns what a Resize of images [n, c, h, w] does to the same images as [n, h, w, c]. */
    public static Computation ofNhwc(OpContext context) {
        return prepare(context, new int[] {0, 2, 3, 1});
    }

    /** @param order which axis of the operator's each axis in memory is; none if they are the same */
    private static Computation prepare(OpContext context, int[] order) {
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
        for (int axis = 0; axis < rank; axis++) {
            context.check(src.dim(axis) > 0 || out.dim(axis) == 0, 0, "something to make " + out + " of");
        }
        float[] roi = context.has(1) && !old ? context.value(1).toFloats() : new float[0];
        ResizePasses.Axis[] plan = new ResizePasses.Axis[rank];
        ResizeAxis coordinates = ResizeAxis.of(context, old);
        for (int axis = 0; axis < rank; axis++) {
            int index = indexOf(axes, axis);
            double start = index >= 0 && roi.length == 2 * axes.length ? roi[index] : 0;
            double end = index >= 0 && roi.length == 2 * axes.length ? roi[axes.length + index] : 1;
            boolean untouched = src.dim(axis) == out.dim(axis) && scales[axis] == 1 && !coordinates.crops();
            plan[axis] = untouched ? ResizePasses.Axis.UNTOUCHED
                    : table(coordinates, context.tableLength(src.dim(axis)), context.tableLength(out.dim(axis)),
                            scales[axis], start, end);
        }
        double outside = context.attributes().real("extrapolation_value", 0f);
        boolean moves = context.attributes().text("mode", "nearest").equals("nearest") && !coordinates.crops()
                && !input.type().isPacked();
        // Exporters resize to the size that is there already.
        if (!moves && order.length == 0 && Arrays.stream(plan).allMatch(axis -> axis == ResizePasses.Axis.UNTOUCHED)) {
            return Computation.view(input);
        }
        Shape from = order.length == 0 ? src : Shapes.permute(src, order);
        Shape to = order.length == 0 ? out : Shapes.permute(out, order);
        TensorType output = new TensorType(input.type(), to);
        ResizePasses passes = new ResizePasses(from, to, permute(plan, order), outside);
        if (!moves) {
            SharedBody body = (in, result, parallelism) -> passes.interpolate(in[0], result[0], parallelism);
            return Computation.of(output, new ResizeBody(passes.sums(), body));
        }
        SharedBody body = (in, result, parallelism) -> passes.move(in[0], result[0], parallelism);
        return Computation.of(output, passes.repetition(input.type()).<SharedBody>map(spec -> new MoveBody(spec, body))
                .orElse(body));
    }

    private static ResizePasses.Axis[] permute(ResizePasses.Axis[] plan, int[] order) {
        return order.length == 0 ? plan
                : Arrays.stream(order).mapToObj(axis -> plan[axis]).toArray(ResizePasses.Axis[]::new);
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

    private static ResizePasses.Axis table(ResizeAxis coordinates, int from, int to, double scale, double start,
            double end) {
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
        return new ResizePasses.Axis(positions, weights);
    }
}
