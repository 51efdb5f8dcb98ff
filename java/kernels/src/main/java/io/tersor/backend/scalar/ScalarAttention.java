package io.tersor.backend.scalar;

import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.AttentionSpec.Operand;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Attention query by query, in binary64. */
final class ScalarAttention extends Attention {
    /** exp of less is 0. */
    private static final double LOWEST = -87;

    // A thread's scores of one query.
    private final ThreadLocal<double[]> lines = ThreadLocal.withInitial(() -> new double[0]);

    ScalarAttention(AttentionSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(long n, int lengthQ, int lengthK, MemorySegment q, MemorySegment k, MemorySegment v,
            MemorySegment mask, long maskImage, long maskHead, long maskRow, MemorySegment dst) {
        AttentionSpec spec = spec();
        int group = spec.heads() / spec.kvHeads();
        double[] weights = line(lengthK);
        for (long image = 0; image < n; image++) {
            for (int head = 0; head < spec.heads(); head++) {
                long keys = offset(spec.k(), image, head / group, 0, spec.kvHeads(), spec.size(), lengthK);
                long values = offset(spec.v(), image, head / group, 0, spec.kvHeads(), spec.valueSize(), lengthK);
                for (int i = 0; i < lengthQ; i++) {
                    long query = offset(spec.q(), image, head, i, spec.heads(), spec.size(), lengthQ);
                    scores(weights, i, q, query, k, keys);
                    for (int j = 0; j < lengthK && spec.masked(); j++) {
                        weights[j] += Elements.getFloat(mask, image * maskImage + head * maskHead + i * maskRow + j);
                    }
                    double total = softmax(weights);
                    store(weights, total, v, values, dst,
                            offset(spec.dst(), image, head, i, spec.heads(), spec.valueSize(), lengthQ));
                }
            }
        }
    }

    private double[] line(int length) {
        if (lines.get().length != length) {
            lines.set(new double[length]);
        }
        return lines.get();
    }

    private static double element(Operand operand, MemorySegment data, long at) {
        return operand.type() == DataType.F32 ? Elements.getFloat(data, at)
                : Elements.getInt(data, operand.type(), at) - operand.params().zeroPoint();
    }

    private void scores(double[] scores, int i, MemorySegment q, long query, MemorySegment k, long keys) {
        long stride = tokenStride(spec().k(), spec().kvHeads(), spec().size());
        for (int j = 0; j < scores.length; j++) {
            double sum = 0;
            for (int e = 0; e < spec().size(); e++) {
                sum += element(spec().q(), q, query + e) * element(spec().k(), k, keys + j * stride + e);
            }
            scores[j] = spec().causal() && j > i ? Double.NEGATIVE_INFINITY : sum * spec().scoreScale();
        }
    }

    /** Turns scores into weights and returns their sum. */
    private static double softmax(double[] line) {
        double max = Double.NEGATIVE_INFINITY;
        for (double score : line) {
            max = Math.max(max, score);
        }
        double total = 0;
        for (int j = 0; j < line.length; j++) {
            double x = line[j] - max;
            line[j] = max == Double.NEGATIVE_INFINITY || x < LOWEST ? 0 : Math.exp(x);
            total += line[j];
        }
        return total;
    }

    private void store(double[] weights, double total, MemorySegment v, long values, MemorySegment dst, long at) {
        Operand result = spec().dst();
        long stride = tokenStride(spec().v(), spec().kvHeads(), spec().valueSize());
        for (int e = 0; e < spec().valueSize(); e++) {
            double sum = 0;
            for (int j = 0; j < weights.length; j++) {
                sum += weights[j] == 0 ? 0 : weights[j] * element(spec().v(), v, values + j * stride + e);
            }
            float y = (float) (total == 0 ? 0 : sum * spec().outputScale() / total);
            if (result.type() == DataType.F32) {
                Elements.setFloat(dst, at + e, y);
            } else {
                Elements.setByte(dst, at + e, Quantizer.saturate(y, result.params().zeroPoint(), result.type(),
                        Rounding.HALF_EVEN));
            }
        }
    }
}
