package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;

import io.tersor.contract.AttentionContractTest.AttentionCase;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.AttentionSpec.Operand;

/**
 * Attention with 8-bit probabilities as its specification has it, written down again, in 64-bit integers and binary32;
 * and checked against exact probabilities on the way.
 */
final class QuantizedAttentionReference {
    private static final float LOG2_E = (float) (1 / Math.log(2));
    private static final double[] POLYNOMIAL = {0x1.3a02ccp-7, 0x1.c9fc46p-5, 0x1.ec0378p-3, 0x1.62e12cp-1, 1};

    private QuantizedAttentionReference() {}

    static Expected of(AttentionCase one) {
        AttentionSpec spec = one.spec();
        int n = one.extents().n();
        int lengthQ = one.extents().lengthQ();
        double[] results = new double[n * lengthQ * spec.heads() * spec.valueSize()];
        for (int image = 0; image < n; image++) {
            for (int head = 0; head < spec.heads(); head++) {
                for (int i = 0; i < lengthQ; i++) {
                    int[] levels = levels(one, image, head, i);
                    int to = AttentionCase.at(spec.dst(), image, head, i, spec.heads(), spec.valueSize(), lengthQ);
                    for (int e = 0; e < spec.valueSize(); e++) {
                        results[to + e] = result(one, levels, image, head, e);
                    }
                }
            }
        }
        return Expected.exact(results);
    }

    private static int[] levels(AttentionCase one, int image, int head, int query) {
        AttentionSpec spec = one.spec();
        int lengthK = one.extents().lengthK();
        int taken = spec.causal() ? Math.min(lengthK, query + 1) : lengthK;
        float[] scores = new float[taken];
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < taken; j++) {
            float factor = (float) ((double) spec.scale() * spec.q().params().scale() * spec.k().params().scale());
            scores[j] = (float) product(one, image, head, query, j) * (factor * LOG2_E);
            if (spec.masked()) {
                long[] m = {one.maskShape().dim(0), one.maskShape().dim(1), one.maskShape().dim(2)};
                long row = ((m[0] == 1 ? 0 : image) * m[1] + (m[1] == 1 ? 0 : head)) * m[2] + (m[2] == 1 ? 0 : query);
                scores[j] += (float) one.mask()[(int) row * lengthK + j] * LOG2_E;
            }
            max = scores[j] > max ? scores[j] : max;
        }
        float[] weights = new float[taken];
        float[] parts = new float[16];
        double exactTotal = 0;
        for (int j = 0; j < taken; j++) {
            weights[j] = power(scores[j] - max);
            parts[j % 16] += weights[j];
            exactTotal += exact(scores[j], max);
        }
        for (int half = 8; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                parts[lane] += parts[lane + half];
            }
        }
        int[] levels = new int[lengthK];
        float scale = spec.probabilities().orElseThrow().scale();
        for (int j = 0; j < taken && parts[0] > 0; j++) {
            float level = Math.min(weights[j] * (1 / scale / parts[0]), 255);
            double expected = Math.min(exact(scores[j], max) / exactTotal / scale, 255);
            if (!(Math.abs(level - expected) <= 1e-5 * expected + 1e-6)) {
                throw new AssertionError("the definition gives " + level + " levels, the formula " + expected);
            }
            levels[j] = (int) Math.rint(level);
        }
        return levels;
    }

    private static double exact(float score, float max) {
        double exponent = (double) score - max;
        return Double.isNaN(exponent) ? 0 : Math.pow(2, exponent);
    }

    private static float power(float x) {
        if (!(x >= -100)) {
            return 0;
        }
        float n = (float) Math.rint(x);
        float p = 0;
        for (double coefficient : POLYNOMIAL) {
            p = p * (x - n) + (float) coefficient;
        }
        return Math.scalb(p, (int) n);
    }

    private static long product(AttentionCase one, int image, int head, int query, int key) {
        AttentionSpec spec = one.spec();
        int group = head * spec.kvHeads() / spec.heads();
        int q = AttentionCase.at(spec.q(), image, head, query, spec.heads(), spec.size(), one.extents().lengthQ());
        int k = AttentionCase.at(spec.k(), image, group, key, spec.kvHeads(), spec.size(), one.extents().lengthK());
        long sum = 0;
        for (int e = 0; e < spec.size(); e++) {
            sum += centred(spec.q(), one.q()[q + e]) * centred(spec.k(), one.k()[k + e]);
        }
        return sum;
    }

    private static long centred(Operand operand, double level) {
        return (long) level - operand.params().zeroPoint();
    }

    private static double result(AttentionCase one, int[] levels, int image, int head, int e) {
        AttentionSpec spec = one.spec();
        int group = head * spec.kvHeads() / spec.heads();
        long sum = 0;
        for (int j = 0; j < levels.length; j++) {
            int v = AttentionCase.at(spec.v(), image, group, j, spec.kvHeads(), spec.valueSize(), levels.length);
            sum += levels[j] * centred(spec.v(), one.v()[v + e]);
        }
        Operand dst = spec.dst();
        double scale = (double) spec.probabilities().orElseThrow().scale() * spec.v().params().scale()
                / dst.params().scale();
        float y = (float) sum * (float) scale;
        return dst.type() == F32 ? y : Math.clamp(Math.rint((double) y) + dst.params().zeroPoint(), dst.type().min(),
                dst.type().max());
    }
}
