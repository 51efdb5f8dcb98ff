package io.tersor.backend.scalar;

import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.AttentionSpec.Operand;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Attention with 8-bit probabilities, query by query: the definition. */
final class ScalarQuantizedAttention extends Attention {
    private static final int MAX_LEVEL = 255;

    private final float scoreScale;
    private final float probabilityScale;

    // A thread's scores of one query, which become weights and then levels of probabilities.
    private final ThreadLocal<float[]> lines = ThreadLocal.withInitial(() -> new float[0]);
    private final ThreadLocal<float[]> parts = ThreadLocal.withInitial(() -> new float[AttentionSpec.LANES]);

    ScalarQuantizedAttention(AttentionSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.scoreScale = spec.scoreScale() * AttentionSpec.LOG2_E;
        this.probabilityScale = spec.probabilities().map(QuantParams::scale).orElseThrow();
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
        float[] line = line(lengthK);
        for (long image = 0; image < n; image++) {
            for (int head = 0; head < spec.heads(); head++) {
                long keys = offset(spec.k(), image, head / group, 0, spec.kvHeads(), spec.size(), lengthK);
                long values = offset(spec.v(), image, head / group, 0, spec.kvHeads(), spec.valueSize(), lengthK);
                for (int i = 0; i < lengthQ; i++) {
                    int taken = spec.causal() ? Math.min(lengthK, i + 1) : lengthK;
                    scores(line, taken, q, offset(spec.q(), image, head, i, spec.heads(), spec.size(), lengthQ), k,
                            keys);
                    for (int j = 0; j < taken && spec.masked(); j++) {
                        line[j] += Elements.getFloat(mask, image * maskImage + head * maskHead + i * maskRow + j)
                                * AttentionSpec.LOG2_E;
                    }
                    probabilities(line, taken);
                    store(line, taken, v, values, dst,
                            offset(spec.dst(), image, head, i, spec.heads(), spec.valueSize(), lengthQ));
                }
            }
        }
    }

    private float[] line(int length) {
        if (lines.get().length < length) {
            lines.set(new float[length]);
        }
        return lines.get();
    }

    private static int element(Operand operand, MemorySegment data, long at) {
        return Elements.getInt(data, operand.type(), at) - operand.params().zeroPoint();
    }

    private void scores(float[] scores, int count, MemorySegment q, long query, MemorySegment k, long keys) {
        long stride = tokenStride(spec().k(), spec().kvHeads(), spec().size());
        for (int j = 0; j < count; j++) {
            int sum = 0;
            for (int e = 0; e < spec().size(); e++) {
                sum += element(spec().q(), q, query + e) * element(spec().k(), k, keys + j * stride + e);
            }
            scores[j] = sum * scoreScale;
        }
    }

    /** Turns scores into levels of probabilities. */
    private void probabilities(float[] line, int count) {
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < count; j++) {
            max = line[j] > max ? line[j] : max;
        }
        float[] sums = parts.get();
        Arrays.fill(sums, 0f);
        for (int j = 0; j < count; j++) {
            line[j] = AttentionSpec.power(line[j] - max);
            sums[j % AttentionSpec.LANES] += line[j];
        }
        float total = total(sums);
        float factor = total > 0 ? 1f / probabilityScale / total : 0f;
        for (int j = 0; j < count; j++) {
            line[j] = (float) Math.rint(Math.min(line[j] * factor, MAX_LEVEL));
        }
    }

    private static float total(float[] parts) {
        for (int half = AttentionSpec.LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                parts[lane] += parts[lane + half];
            }
        }
        return parts[0];
    }

    private void store(float[] levels, int count, MemorySegment v, long values, MemorySegment dst, long at) {
        Operand result = spec().dst();
        long stride = tokenStride(spec().v(), spec().kvHeads(), spec().valueSize());
        for (int e = 0; e < spec().valueSize(); e++) {
            int sum = 0;
            for (int j = 0; j < count; j++) {
                sum += (int) levels[j] * element(spec().v(), v, values + j * stride + e);
            }
            float y = sum * spec().outputScale();
            if (result.type() == DataType.F32) {
                Elements.setFloat(dst, at + e, y);
            } else {
                Elements.setByte(dst, at + e, Quantizer.saturate(y, result.params().zeroPoint(), result.type(),
                        Rounding.HALF_EVEN));
            }
        }
    }
}
