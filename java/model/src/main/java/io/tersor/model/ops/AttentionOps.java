package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Attention (scaled dot products, softmax, values; with masks, caches and grouped heads) and RotaryEmbedding. */
final class AttentionOps {
    private AttentionOps() {}

    static void register(Map<String, Operator> table) {
        table.put("Attention", AttentionOps::attention);
        table.put("RotaryEmbedding", AttentionOps::rotary);
    }

    /** A tensor of heads, [n, heads, length, size], or the same as [n, length, heads * size]. */
    private record Heads(int n, int heads, int length, int size, boolean packed) {
        static Heads of(OpContext context, int input, String attribute) {
            Shape shape = context.shape(input);
            if (shape.rank() == 4) {
                return new Heads((int) shape.dim(0), (int) shape.dim(1), (int) shape.dim(2), (int) shape.dim(3), false);
            }
            context.check(shape.rank() == 3, input, "rank 3 or 4");
            long heads = context.attributes().integer(attribute, 0);
            context.require(heads > 0 && shape.dim(2) % heads == 0, attribute, "a divisor of " + shape.dim(2), heads);
            return new Heads((int) shape.dim(0), (int) heads, (int) shape.dim(1), (int) (shape.dim(2) / heads), true);
        }

        int at(int image, int head, int position) {
            return (packed ? (image * length + position) * heads + head : (image * heads + head) * length + position)
                    * size;
        }

        Shape shape() {
            return packed ? Shape.of(n, length, (long) heads * size) : Shape.of(n, heads, length, size);
        }
    }

    private static Computation attention(OpContext context) {
        Heads q = Heads.of(context, 0, "q_num_heads");
        Heads k = Heads.of(context, 1, "kv_num_heads");
        Heads v = Heads.of(context, 2, "kv_num_heads");
        context.check(k.size == q.size && k.n == q.n && q.heads % Math.max(1, k.heads) == 0, 1,
                "keys that fit the queries " + q);
        context.check(v.heads == k.heads && v.length == k.length && v.n == k.n, 2, "values that fit the keys " + k);
        if (context.has(4)) {
            context.check(context.shape(4).rank() == 4, 4, "rank 4");
        }
        int past = context.has(4) ? (int) context.shape(4).dim(2) : 0;
        context.check(context.has(4) == context.has(5), 5, "past keys and values together");
        if (context.has(4)) {
            context.check(context.shape(4).equals(Shape.of(q.n, k.heads, past, k.size)), 4,
                    "past keys that fit the keys " + k);
            context.check(context.shape(5).equals(Shape.of(q.n, k.heads, past, v.size)), 5,
                    "past values that fit the values " + v);
        }
        int total = past + k.length;
        DataType type = context.type(0);
        Heads allKeys = new Heads(q.n, k.heads, total, k.size, false);
        Heads allValues = new Heads(q.n, k.heads, total, v.size, false);
        Heads result = new Heads(q.n, q.heads, q.length, v.size, q.packed);
        Shape scores = Shape.of(q.n, q.heads, q.length, total);
        List<TensorType> outputs = new ArrayList<>(List.of(new TensorType(type, result.shape()),
                new TensorType(context.type(1), allKeys.shape()), new TensorType(context.type(2), allValues.shape()),
                new TensorType(type, scores)));
        double scale = context.attributes().real("scale", (float) (1 / Math.sqrt(q.size)));
        double softcap = context.attributes().real("softcap", 0f);
        boolean causal = context.attributes().integer("is_causal", 0) != 0;
        long left = context.attributes().integer("left_window_size", -1);
        long right = context.attributes().integer("right_window_size", -1);
        context.require(left >= -1 && right >= -1 && Math.max(left, right) <= Integer.MAX_VALUE, "window sizes",
                "-1 or more", left + " and " + right);
        int mode = (int) context.attributes().integer("qk_matmul_output_mode", 0);
        boolean masked = context.has(3);
        // A mask shorter than the keys leaves the rest out.
        int maskLength = masked ? (int) context.shape(3).dim(-1) : total;
        Shape maskTarget = Shape.of(q.n, q.heads, q.length, maskLength);
        long[] mask = masked ? Shapes.broadcastStrides(context.shape(3), maskTarget) : new long[4];
        if (masked) {
            context.check(context.shape(3).rank() <= 4
                    && Shapes.broadcast(context, context.shape(3), maskTarget).equals(maskTarget), 3,
                    "broadcastable to " + maskTarget);
        }
        boolean lengths = context.has(6);
        if (lengths) {
            context.check(context.type(6) == DataType.S64 && context.shape(6).equals(Shape.of(q.n)), 6,
                    "s64 [" + q.n + "]");
        }
        return new Computation(outputs.subList(0, Math.max(1, Math.min(4, context.node().outputs().size()))),
                Computation.Kind.GENERAL, (in, out) -> {
            double[] keys = join(Elements.given(in, 4) ? Elements.doubles(in[4]) : new double[0], past,
                    Elements.doubles(in[1]), k, allKeys);
            double[] values = join(Elements.given(in, 5) ? Elements.doubles(in[5]) : new double[0], past,
                    Elements.doubles(in[2]), v, allValues);
            double[] queries = Elements.doubles(in[0]);
            double[] line = new double[total];
            for (int image = 0; image < q.n; image++) {
                int valid = lengths ? (int) in[6].getLong(image) : total;
                for (int head = 0; head < q.heads; head++) {
                    int group = head / (q.heads / k.heads);
                    for (int i = 0; i < q.length; i++) {
                        // With a cache of known length the queries are the last of the valid positions.
                        long position = i + (lengths ? valid - q.length : past);
                        long first = left < 0 ? 0 : position - left;
                        long last = Math.min(causal ? position : total, right < 0 ? total : position + right);
                        int row = ((image * q.heads + head) * q.length + i) * total;
                        for (int j = 0; j < total; j++) {
                            double score = 0;
                            for (int e = 0; e < q.size; e++) {
                                score += queries[q.at(image, head, i) + e] * keys[allKeys.at(image, group, j) + e];
                            }
                            line[j] = score * scale;
                        }
                        store(out, mode == 0, row, line);
                        if (softcap > 0) {
                            for (int j = 0; j < total; j++) {
                                line[j] = softcap * Math.tanh(line[j] / softcap);
                            }
                        }
                        store(out, mode == 1, row, line);
                        for (int j = 0; j < total; j++) {
                            boolean cut = j < first || j > last || j >= valid || j >= maskLength;
                            double bias = 0;
                            if (masked && j < maskLength) {
                                long at = image * mask[0] + head * mask[1] + i * mask[2] + j * mask[3];
                                boolean allowed = in[3].type() != DataType.BOOL || in[3].getLong(at) != 0;
                                bias = in[3].type() == DataType.BOOL ? allowed ? 0 : Double.NEGATIVE_INFINITY
                                        : in[3].get(at);
                            }
                            line[j] = cut ? Double.NEGATIVE_INFINITY : line[j] + bias;
                        }
                        store(out, mode == 2, row, line);
                        softmax(line);
                        store(out, mode == 3, row, line);
                        for (int e = 0; e < v.size; e++) {
                            double sum = 0;
                            for (int j = 0; j < total; j++) {
                                sum += line[j] == 0 ? 0 : line[j] * values[allValues.at(image, group, j) + e];
                            }
                            out[0].set(result.at(image, head, i) + e, sum);
                        }
                    }
                }
            }
            storeAll(out, 1, keys);
            storeAll(out, 2, values);
        });
    }

    private static void softmax(double[] line) {
        double max = Double.NEGATIVE_INFINITY;
        for (double value : line) {
            max = Math.max(max, value);
        }
        double sum = 0;
        for (int j = 0; j < line.length; j++) {
            // A row without any allowed position attends to nothing.
            line[j] = max == Double.NEGATIVE_INFINITY ? 0 : Math.exp(line[j] - max);
            sum += line[j];
        }
        for (int j = 0; j < line.length && sum > 0; j++) {
            line[j] /= sum;
        }
    }

    private static void store(Tensor[] out, boolean wanted, int row, double[] line) {
        if (wanted && Elements.given(out, 3)) {
            for (int j = 0; j < line.length; j++) {
                out[3].set(row + j, line[j]);
            }
        }
    }

    private static void storeAll(Tensor[] out, int index, double[] values) {
        for (int i = 0; Elements.given(out, index) && i < values.length; i++) {
            out[index].set(i, values[i]);
        }
    }

    /** Appends to a cache, [n, heads, past, size], and returns [n, heads, past + length, size]. */
    private static double[] join(double[] cache, int past, double[] added, Heads from, Heads all) {
        double[] joined = new double[all.n * all.heads * all.length * all.size];
        for (int image = 0; image < all.n; image++) {
            for (int head = 0; head < all.heads; head++) {
                for (int i = 0; i < all.length; i++) {
                    boolean old = i < past;
                    int source = old ? ((image * all.heads + head) * past + i) * all.size
                            : from.at(image, head, i - past);
                    System.arraycopy(old ? cache : added, source, joined, all.at(image, head, i), all.size);
                }
            }
        }
        return joined;
    }

    private static Computation rotary(OpContext context) {
        Heads x = Heads.of(context, 0, "num_heads");
        int given = (int) context.attributes().integer("rotary_embedding_dim", 0);
        int rotated = given == 0 ? x.size : given;
        int half = rotated / 2;
        boolean interleaved = context.attributes().integer("interleaved", 0) != 0;
        boolean positions = context.has(3);
        context.check(context.shape(1).dim(-1) == half && context.shape(1).rank() == (positions ? 2 : 3), 1,
                (positions ? "[positions, " : "[n, length, ") + half + "]");
        context.check(context.shape(2).equals(context.shape(1)), 2, context.shape(1).toString());
        if (positions) {
            context.check(context.shape(3).equals(Shape.of(x.n, x.length)), 3, "[" + x.n + ", " + x.length + "]");
        }
        boolean floats = context.type(0) == DataType.F32 && context.type(1) == DataType.F32
                && context.type(2) == DataType.F32;
        return Computation.of(context.input(0), (in, out) -> {
            Rotation rotation = new Rotation(half, interleaved);
            out[0].data().copyFrom(in[0].data());
            for (int image = 0; image < x.n; image++) {
                for (int i = 0; i < x.length; i++) {
                    long line = positions ? in[3].getLong(image * x.length + i) : image * x.length + i;
                    if (line < 0 || (line + 1) * half > in[1].shape().elements()) {
                        throw new OperandException(context.operand(3), "positions inside the table", line);
                    }
                    if (floats) {
                        rotation.angles(in[1], in[2], line);
                    }
                    for (int head = 0; head < x.heads; head++) {
                        if (floats) {
                            rotation.turn(in[0], out[0], x.at(image, head, i));
                            continue;
                        }
                        for (int e = 0; e < half; e++) {
                            int a = x.at(image, head, i) + (interleaved ? 2 * e : e);
                            int b = interleaved ? a + 1 : a + half;
                            double cos = in[1].get(line * half + e);
                            double sin = in[2].get(line * half + e);
                            out[0].set(a, in[0].get(a) * cos - in[0].get(b) * sin);
                            out[0].set(b, in[0].get(a) * sin + in[0].get(b) * cos);
                        }
                    }
                }
            }
        });
    }

    /** Rotations of the pairs of a row's first elements, f32. */
    private static final class Rotation {
        private final boolean interleaved;
        private final float[] cos;
        private final float[] sin;
        private final float[] row;

        Rotation(int half, boolean interleaved) {
            this.interleaved = interleaved;
            this.cos = new float[half];
            this.sin = new float[half];
            this.row = new float[2 * half];
        }

        void angles(Tensor cosines, Tensor sines, long line) {
            MemorySegment.copy(cosines.data(), JAVA_FLOAT, line * cos.length * Float.BYTES, cos, 0, cos.length);
            MemorySegment.copy(sines.data(), JAVA_FLOAT, line * sin.length * Float.BYTES, sin, 0, sin.length);
        }

        void turn(Tensor from, Tensor to, long at) {
            MemorySegment.copy(from.data(), JAVA_FLOAT, at * Float.BYTES, row, 0, row.length);
            if (interleaved) {
                pairs(row, cos, sin);
            } else {
                halves(row, cos, sin);
            }
            MemorySegment.copy(row, 0, to.data(), JAVA_FLOAT, at * Float.BYTES, row.length);
        }

        private static void pairs(float[] row, float[] cos, float[] sin) {
            for (int e = 0; e < cos.length; e++) {
                float a = row[2 * e];
                float b = row[2 * e + 1];
                row[2 * e] = a * cos[e] - b * sin[e];
                row[2 * e + 1] = a * sin[e] + b * cos[e];
            }
        }

        private static void halves(float[] row, float[] cos, float[] sin) {
            int half = cos.length;
            for (int e = 0; e < half; e++) {
                float a = row[e];
                float b = row[half + e];
                row[e] = a * cos[e] - b * sin[e];
                row[half + e] = a * sin[e] + b * cos[e];
            }
        }
    }
}
