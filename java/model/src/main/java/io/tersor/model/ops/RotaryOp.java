package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.OperandException;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * RotaryEmbedding: pairs of the elements of each head are turned by the angles of their position (Su et al. 2021).
 * Computed in binary64; f32 elements in loops over arrays that the JVM compiles to vectors.
 *
 * @param half how many pairs are turned
 * @param interleaved whether a pair lies side by side, or {@code half} elements apart
 */
record RotaryOp(AttentionOps.Heads x, int half, boolean interleaved, boolean positions, String operand)
        implements SharedBody {
    static Computation prepare(OpContext context) {
        AttentionOps.Heads x = AttentionOps.Heads.of(context, 0, "num_heads");
        int given = (int) context.attributes().integer("rotary_embedding_dim", 0);
        int half = (given == 0 ? x.size() : given) / 2;
        context.require(half >= 0 && 2 * half <= x.size(), "rotary_embedding_dim", "0 to " + x.size(), given);
        boolean positions = context.has(3);
        context.check(context.shape(1).dim(-1) == half && context.shape(1).rank() == (positions ? 2 : 3), 1,
                (positions ? "[positions, " : "[n, length, ") + half + "]");
        // Exporters leave one table for all images.
        context.check(positions || context.shape(1).dim(1) == x.length()
                && (context.shape(1).dim(0) == x.n() || context.shape(1).dim(0) == 1), 1,
                "[" + x.n() + ", " + x.length() + ", " + half + "] or of one image");
        context.check(context.shape(2).equals(context.shape(1)), 2, context.shape(1).toString());
        if (positions) {
            context.check(context.shape(3).elements() == (long) x.n() * x.length() && context.shape(3).rank() == 2
                    && context.shape(3).dim(0) == x.n(), 3, "[" + x.n() + ", " + x.length() + "]");
        }
        return Computation.of(context.input(0), new RotaryOp(x, half,
                context.attributes().integer("interleaved", 0) != 0, positions, context.operand(3)));
    }

    @Override
    public void run(Tensor[] in, Tensor[] out, Parallelism parallelism) {
        out[0].data().copyFrom(in[0].data());
        boolean floats = in[0].type() == DataType.F32 && in[1].type() == DataType.F32 && in[2].type() == DataType.F32;
        SharedBody.ranges(parallelism, (long) x.n() * x.length(), 4 * in[0].byteSize(), (first, end) -> {
            double[] cos = new double[half];
            double[] sin = new double[half];
            float[] head = new float[2 * half];
            for (long token = first; token < end; token++) {
                load(in, token, cos, sin);
                for (int h = 0; h < x.heads(); h++) {
                    int at = x.at((int) (token / x.length()), h, (int) (token % x.length()));
                    if (floats) {
                        turn(out[0].data(), at, cos, sin, head);
                    } else {
                        turn(in[0], out[0], at, cos, sin);
                    }
                }
            }
        });
    }

    private void load(Tensor[] in, long token, double[] cos, double[] sin) {
        long line = positions ? in[3].getLong(token) : in[1].shape().dim(0) == 1 ? token % x.length() : token;
        if (line < 0 || half > 0 && line >= in[1].shape().elements() / half) {
            throw new OperandException(operand, "positions inside the table", line);
        }
        for (int e = 0; e < half; e++) {
            cos[e] = in[1].get(line * half + e);
            sin[e] = in[2].get(line * half + e);
        }
    }

    private void turn(MemorySegment data, int at, double[] cos, double[] sin, float[] head) {
        MemorySegment.copy(data, JAVA_FLOAT, (long) at * Float.BYTES, head, 0, 2 * half);
        int step = interleaved ? 2 : 1;
        int apart = interleaved ? 1 : half;
        for (int e = 0; e < half; e++) {
            double a = head[step * e];
            double b = head[step * e + apart];
            head[step * e] = (float) (a * cos[e] - b * sin[e]);
            head[step * e + apart] = (float) (a * sin[e] + b * cos[e]);
        }
        MemorySegment.copy(head, 0, data, JAVA_FLOAT, (long) at * Float.BYTES, 2 * half);
    }

    private void turn(Tensor from, Tensor to, int at, double[] cos, double[] sin) {
        for (int e = 0; e < half; e++) {
            int a = at + (interleaved ? 2 * e : e);
            int b = interleaved ? a + 1 : a + half;
            to.set(a, from.get(a) * cos[e] - from.get(b) * sin[e]);
            to.set(b, from.get(a) * sin[e] + from.get(b) * cos[e]);
        }
    }
}
