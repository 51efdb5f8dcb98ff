package io.tersor.model.ops;

import io.tersor.model.onnx.OnnxTypes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.List;
import java.util.Map;

/** Windows and filter banks of speech recognition: they depend on sizes alone, and so are constants mostly. */
final class SignalOps {
    private SignalOps() {}

    static void register(Map<String, Operator> table) {
        table.put("HannWindow", context -> window(context, 0.5, 0.5, 0));
        table.put("HammingWindow", context -> window(context, 25 / 46.0, 21 / 46.0, 0));
        table.put("BlackmanWindow", context -> window(context, 0.42, 0.5, 0.08));
        table.put("MelWeightMatrix", SignalOps::mel);
    }

    private static DataType type(OpContext context) {
        return OnnxTypes.dataType(context.attributes().integer("output_datatype", 1),
                "node " + context.node().name());
    }

    /** a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n), where n is the size, or one less for a symmetric window. */
    private static Computation window(OpContext context, double a0, double a1, double a2) {
        int size = context.tableLength(context.value(0).getLong(0));
        int period = context.attributes().integer("periodic", 1) != 0 ? size : size - 1;
        return new Computation(List.of(new TensorType(type(context), Shape.of(size))), Computation.Kind.SHAPE_ONLY,
                (_, out) -> {
                    for (int i = 0; i < size; i++) {
                        double angle = period == 0 ? 0 : 2 * Math.PI * i / period;
                        out[0].set(i, a0 - a1 * Math.cos(angle) + a2 * Math.cos(2 * angle));
                    }
                });
    }

    /** Triangles whose corners lie at equal distances on the mel scale, 2595 log10(1 + f / 700). */
    private static Computation mel(OpContext context) {
        int bands = context.tableLength(context.value(0).getLong(0));
        int length = context.tableLength(context.value(1).getLong(0));
        long rate = context.value(2).getLong(0);
        context.require(bands > 0 && length > 0 && rate > 0, "sizes", "positive", bands + ", " + length + ", " + rate);
        double low = toMel(context.value(3).get(0));
        double step = (toMel(context.value(4).get(0)) - low) / (bands + 2);
        int bins = length / 2 + 1;
        int[] corners = new int[bands + 2];
        for (int i = 0; i < corners.length; i++) {
            double hertz = 700 * (Math.pow(10, (low + i * step) / 2595) - 1);
            double bin = Math.floor((length + 1) * hertz / rate);
            context.require(bin >= 0 && bin < bins, "edges", "frequencies of 0 to half the sample rate", hertz);
            corners[i] = (int) bin;
        }
        return new Computation(List.of(new TensorType(type(context), Shape.of(bins, bands))),
                Computation.Kind.SHAPE_ONLY, (_, out) -> {
                    out[0].data().fill((byte) 0);
                    for (int band = 0; band < bands; band++) {
                        int left = corners[band];
                        int peak = corners[band + 1];
                        int right = corners[band + 2];
                        for (int bin = left; bin < Math.max(right, peak + 1); bin++) {
                            double weight = bin == peak ? 1 : bin < peak ? (double) (bin - left) / (peak - left)
                                    : (double) (right - bin) / (right - peak);
                            out[0].set((long) bin * bands + band, weight);
                        }
                    }
                });
    }

    private static double toMel(double hertz) {
        return 2595 * Math.log10(1 + hertz / 700);
    }
}
