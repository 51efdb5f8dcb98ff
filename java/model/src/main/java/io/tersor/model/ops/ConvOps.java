package io.tersor.model.ops;

import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;

/**
 * Convolutions over any number of axes, of any numeric type, with weights that may change from run to run. Those of one
 * or two axes whose weights are constant run as kernels instead.
 */
final class ConvOps {
    private ConvOps() {}

    static void register(Map<String, Operator> table) {
        table.put("Conv", ConvOps::conv);
        table.put(Node.INTERNAL + ".Conv", context -> kernelOnly(context, context.type(0), 1));
        table.put("ConvInteger", ConvOps::convInteger);
        table.put("QLinearConv", ConvOps::qlinearConv);
        table.put(Node.INTERNAL + ".QConv", context -> kernelOnly(context,
                context.has(7) ? context.type(7) : DataType.F32, 3));
    }

    private record Geometry(SpatialWindow window, long groups, long oc, long ic, Shape out) {}

    private static Geometry geometry(OpContext context, int weights) {
        Shape src = context.shape(0);
        Shape w = context.shape(weights);
        context.check(src.rank() >= 3, 0, "[n, c, spatial...]");
        context.check(w.rank() == src.rank(), weights, "rank " + src.rank());
        long groups = context.attributes().integer("group", 1);
        context.require(groups > 0 && src.dim(1) == w.dim(1) * groups && w.dim(0) % groups == 0, "group",
                "a number of groups that fits src " + src + " and weights " + w, groups);
        long[] kernel = Arrays.copyOfRange(w.dims(), 2, w.rank());
        long[] given = context.attributes().integers("kernel_shape", kernel);
        context.require(Arrays.equals(given, kernel), "kernel_shape", "that of the weights " + w,
                Arrays.toString(given));
        SpatialWindow window = SpatialWindow.of(context, src, kernel);
        return new Geometry(window, groups, w.dim(0), w.dim(1), window.outShape(src.dim(0), w.dim(0)));
    }

    private static Computation kernelOnly(OpContext context, DataType type, int weights) {
        Geometry geometry = geometry(context, weights);
        return Computation.kernelOnly(new TensorType(type, geometry.out));
    }

    private static Computation conv(OpContext context) {
        Geometry geometry = geometry(context, 1);
        DataType type = context.type(0);
        context.check(type.isFloating(), 0, "a floating type");
        context.check(context.type(1) == type, 1, "type " + type);
        boolean biased = bias(context, 2, type, geometry.oc);
        return Computation.of(new TensorType(type, geometry.out), (in, out) -> {
            double[] bias = biased ? Elements.doubles(in[2]) : new double[(int) geometry.oc];
            sums(geometry, Elements.doubles(in[0]), Elements.doubles(in[1]),
                    (index, oc, sum) -> out[0].set(index, sum + bias[oc]));
        });
    }

    private static boolean bias(OpContext context, int input, DataType type, long oc) {
        if (context.has(input)) {
            context.check(context.type(input) == type && context.shape(input).equals(Shape.of(oc)), input,
                    type + " [" + oc + "]");
        }
        return context.has(input);
    }

    private static Computation convInteger(OpContext context) {
        Geometry geometry = geometry(context, 1);
        context.checkParameters(2, 3);
        return Computation.of(new TensorType(DataType.S32, geometry.out), (in, out) -> {
            double[] src = shifted(in[0], in, 2, 1);
            double[] weights = shifted(in[1], in, 3, geometry.oc);
            sums(geometry, src, weights, (index, _, sum) -> out[0].setLong(index, (long) sum));
        });
    }

    private static Computation qlinearConv(OpContext context) {
        Geometry geometry = geometry(context, 3);
        context.checkParameters(1, 2, 4, 5, 6, 7);
        boolean biased = bias(context, 8, DataType.S32, geometry.oc);
        DataType type = context.type(7);
        return Computation.of(new TensorType(type, geometry.out), (in, out) -> {
            double[] src = shifted(in[0], in, 2, 1);
            double[] weights = shifted(in[3], in, 5, geometry.oc);
            double[] bias = biased ? Elements.doubles(in[8]) : new double[(int) geometry.oc];
            double srcScale = in[1].get(0);
            double dstScale = in[6].get(0);
            int zeroPoint = (int) in[7].getLong(0);
            sums(geometry, src, weights, (index, oc, sum) -> {
                double scale = srcScale * in[4].get(in[4].shape().elements() == 1 ? 0 : oc) / dstScale;
                float scaled = (float) (sum + bias[oc]) * (float) scale;
                out[0].setLong(index, QuantOps.saturate(scaled, zeroPoint, type));
            });
        });
    }

    /** Returns values minus their zero points, of which there are one or {@code channels} along axis 0. */
    private static double[] shifted(Tensor values, Tensor[] inputs, int zeroPoints, long channels) {
        double[] shifted = Elements.doubles(values);
        if (Elements.given(inputs, zeroPoints)) {
            boolean each = inputs[zeroPoints].shape().elements() == channels;
            int run = (int) (shifted.length / Math.max(1, channels));
            for (int i = 0; i < shifted.length; i++) {
                shifted[i] -= inputs[zeroPoints].get(each ? i / run : 0);
            }
        }
        return shifted;
    }

    private interface Sink {
        void store(long index, int oc, double sum);
    }

    private static void sums(Geometry geometry, double[] src, double[] weights, Sink sink) {
        SpatialWindow window = geometry.window;
        long n = geometry.out.dim(0);
        int taps = Math.toIntExact(window.size());
        long[] pixels = new long[taps];
        long outPixels = window.outPixels();
        long imagePixels = window.imagePixels();
        long ocPerGroup = geometry.oc / geometry.groups;
        for (long p = 0; p < outPixels; p++) {
            window.pixels(p, pixels);
            for (long image = 0; image < n; image++) {
                for (long oc = 0; oc < geometry.oc; oc++) {
                    long group = oc / ocPerGroup;
                    double sum = 0;
                    for (long ic = 0; ic < geometry.ic; ic++) {
                        long plane = ((image * geometry.groups + group) * geometry.ic + ic) * imagePixels;
                        int w = (int) ((oc * geometry.ic + ic) * taps);
                        for (int tap = 0; tap < taps; tap++) {
                            if (pixels[tap] >= 0) {
                                sum += src[(int) (plane + pixels[tap])] * weights[w + tap];
                            }
                        }
                    }
                    sink.store((image * geometry.oc + oc) * outPixels + p, (int) oc, sum);
                }
            }
        }
    }
}
