package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Map;

/**
 * DFT and STFT, summed by the definition in binary64: n^2 steps for n points, any n. A last axis of extent 1 holds real
 * numbers, of 2 complex ones.
 */
final class FourierOps {
    private FourierOps() {}

    static void register(Map<String, Operator> table) {
        table.put("DFT", FourierOps::dft);
        table.put("STFT", FourierOps::stft);
    }

    /** The transform of lines of n points, of which it gives the first {@code bins}. */
    private record Transform(int n, int bins, boolean inverse, double[] cos, double[] sin) {
        static Transform of(OpContext context, long n, long bins, boolean inverse) {
            int length = context.tableLength(n);
            double[] cos = new double[length];
            double[] sin = new double[length];
            for (int i = 0; i < length; i++) {
                cos[i] = Math.cos(2 * Math.PI * i / length);
                sin[i] = (inverse ? 1 : -1) * Math.sin(2 * Math.PI * i / length);
            }
            return new Transform(length, context.tableLength(bins), inverse, cos, sin);
        }

        /** Returns real and imaginary parts of the bins one after the other. */
        double[] apply(double[] re, double[] im) {
            double[] result = new double[2 * bins];
            for (int k = 0; k < bins; k++) {
                double sumRe = 0;
                double sumIm = 0;
                for (int i = 0; i < n; i++) {
                    int at = (int) ((long) k * i % n);
                    sumRe += re[i] * cos[at] - im[i] * sin[at];
                    sumIm += re[i] * sin[at] + im[i] * cos[at];
                }
                result[2 * k] = inverse ? sumRe / n : sumRe;
                result[2 * k + 1] = inverse ? sumIm / n : sumIm;
            }
            return result;
        }
    }

    private static Computation dft(OpContext context) {
        TensorType input = context.input(0);
        int rank = input.shape().rank();
        context.check(rank >= 2 && (input.shape().dim(-1) == 1 || input.shape().dim(-1) == 2)
                && input.type().isFloating(), 0, "[..., 1 or 2] of a floating type");
        int axis = context.axis(context.has(2) ? context.value(2).getLong(0)
                : context.attributes().integer("axis", context.opset() >= 20 ? -2 : 1), rank);
        context.require(axis < rank - 1, "axis", "an axis of the signal", axis);
        boolean inverse = context.attributes().integer("inverse", 0) != 0;
        boolean half = context.attributes().integer("onesided", 0) != 0;
        boolean complex = input.shape().dim(-1) == 2;
        context.require(!half || complex == inverse, "onesided", "a real signal, or the inverse of a complex one",
                input.shape());
        boolean toReal = half && inverse;
        long extent = input.shape().dim(axis);
        long n = context.has(1) ? context.value(1).getLong(0) : toReal ? 2 * (extent - 1) : extent;
        context.require(n > 0, "dft_length", "positive", n);
        Transform transform = Transform.of(context, n, half && !inverse ? n / 2 + 1 : n, inverse);
        Shape shape = input.shape().with(axis, transform.bins).with(rank - 1, toReal ? 1 : 2);
        long inner = Shapes.product(input.shape(), axis + 1, rank - 1);
        long outer = Shapes.product(input.shape(), 0, axis);
        int parts = complex ? 2 : 1;
        return Computation.of(new TensorType(input.type(), shape), (in, out) -> {
            for (long o = 0; o < outer; o++) {
                for (long i = 0; i < inner; i++) {
                    double[] re = new double[transform.n];
                    double[] im = new double[transform.n];
                    for (int k = 0; k < Math.min(extent, transform.n); k++) {
                        long at = ((o * extent + k) * inner + i) * parts;
                        re[k] = in[0].get(at);
                        im[k] = complex ? in[0].get(at + 1) : 0;
                    }
                    for (int k = (int) extent; toReal && k < transform.n; k++) {
                        // The other half of a real signal's spectrum is the conjugate of the given one.
                        int mirrored = transform.n - k;
                        re[k] = mirrored < extent ? re[mirrored] : 0;
                        im[k] = mirrored < extent ? -im[mirrored] : 0;
                    }
                    double[] result = transform.apply(re, im);
                    for (int k = 0; k < transform.bins; k++) {
                        long at = (o * transform.bins + k) * inner + i;
                        for (int part = 0; part < (toReal ? 1 : 2); part++) {
                            out[0].set(toReal ? at : 2 * at + part, result[2 * k + part]);
                        }
                    }
                }
            }
        });
    }

    private static Computation stft(OpContext context) {
        TensorType input = context.input(0);
        Shape src = input.shape();
        context.check((src.rank() == 2 || src.rank() == 3 && (src.dim(2) == 1 || src.dim(2) == 2))
                && input.type().isFloating(), 0, "[n, length, 1 or 2] of a floating type");
        boolean complex = src.rank() == 3 && src.dim(2) == 2;
        long step = context.value(1).getLong(0);
        context.require(step > 0, "frame_step", "positive", step);
        context.check(!context.has(2) || context.shape(2).rank() == 1 && context.type(2) == input.type(), 2,
                input.type() + " [length]");
        context.require(context.has(2) || context.has(3), "inputs", "a window or a frame length", "neither");
        long length = context.has(3) ? context.value(3).getLong(0) : context.shape(2).dim(0);
        context.require(length > 0 && length <= src.dim(1), "frame_length", "1 to " + src.dim(1), length);
        context.check(!context.has(2) || context.shape(2).dim(0) == length, 2, "[" + length + "]");
        boolean half = context.attributes().integer("onesided", 1) != 0;
        context.require(!half || !complex, "onesided", "a real signal", src);
        Transform transform = Transform.of(context, length, half ? length / 2 + 1 : length, false);
        long frames = (src.dim(1) - length) / step + 1;
        Shape shape = Shape.of(src.dim(0), frames, transform.bins, 2);
        boolean windowed = context.has(2);
        return Computation.of(new TensorType(input.type(), shape), (in, out) -> {
            for (long n = 0; n < src.dim(0); n++) {
                for (long frame = 0; frame < frames; frame++) {
                    double[] re = new double[transform.n];
                    double[] im = new double[transform.n];
                    for (int i = 0; i < transform.n; i++) {
                        long at = (n * src.dim(1) + frame * step + i) * (complex ? 2 : 1);
                        double weight = windowed ? in[2].get(i) : 1;
                        re[i] = weight * in[0].get(at);
                        im[i] = complex ? weight * in[0].get(at + 1) : 0;
                    }
                    store(out[0], (n * frames + frame) * transform.bins * 2, transform.apply(re, im));
                }
            }
        });
    }

    private static void store(Tensor out, long at, double[] values) {
        for (int i = 0; i < values.length; i++) {
            out.set(at + i, values[i]);
        }
    }
}
