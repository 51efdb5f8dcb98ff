package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.Optional;

/**
 * Scaled dot-product attention of several heads (Vaswani et al. 2017; ONNX Attention), batch and lengths free at run
 * time. For query i of a head, with the keys and values j of its group of heads:
 *
 * <ol>
 * <li>score[j] = (sum over e of (q[i, e] - zq) * (k[j, e] - zk)) * scoreScale, then + mask[i, j] if there is a mask.
 *     Causal: only keys j &lt;= i take part.
 * <li>weight[j] = exp(score[j] - max of score), 0 below exp(-87); total = sum of weight.
 * <li>dst[i, e] = (sum over j of weight[j] * (v[j, e] - zv)) * (outputScale / total).
 * <li>u8 / s8: that clamped to the type's range less the zero point, rounded half to even, plus the zero point.
 * </ol>
 *
 * A query with no key, or whose scores are all -infinity, gives zeros. Everything is binary32 in any order and may be
 * fused; the result is within max |v| * (2^-22 * (size * |scoreScale| * (largest sum of |q * k|) + (largest finite
 * |score|)) + (lengthK + 16) * 2^-22) of the formula, an 8-bit one within a step besides. Weights are not quantized.
 *
 * <p>With 8-bit probabilities, of u8 or s8 q, k and v, every bit is defined, and sums of integers are exact modulo 2^32;
 * all else is binary32, every operation rounded, none fused:
 *
 * <ol>
 * <li>score[j] = (sum over e of (q[i, e] - zq) * (k[j, e] - zk)) * (scoreScale * {@link #LOG2_E}), then
 *     + mask[i, j] * LOG2_E if there is a mask.
 * <li>weight[j] = {@link #power}(score[j] - max of score), where NaN is no largest score; 0 for keys that take no part.
 * <li>total = the sum of the weights in {@value #LANES} parts, of keys with the same j % {@value #LANES} in the order of
 *     j; then part l + h is added to part l for all l &lt; h, with h = 8, 4, 2, 1.
 * <li>p[j] = weight[j] * (1 / probabilities.scale / total), at most 255, rounded half to even; all 0 if total is 0.
 * <li>dst[i, e] = (sum over j of p[j] * (v[j, e] - zv)) * outputScale; u8 / s8 as above.
 * </ol>
 *
 * @param heads of the queries, a multiple of {@code kvHeads}; head h uses keys and values h / (heads / kvHeads)
 * @param size elements of a query and of a key in one head
 * @param valueSize elements of a value in one head
 * @param scale usually 1 / sqrt(size)
 * @param masked whether an f32 mask is added to the scores
 * @param probabilities of the u8 probabilities, per tensor, scale 2^-30 or more and zero point 0; empty: weights are real
 */
public record AttentionSpec(Operand q, Operand k, Operand v, Operand dst, int heads, int kvHeads, int size,
        int valueSize, float scale, boolean causal, boolean masked, Optional<QuantParams> probabilities)
        implements KernelSpec {
    /** Partial sums of weights. */
    public static final int LANES = 16;
    /** The smallest scale of probabilities. */
    public static final float LEAST_PROBABILITY_SCALE = 0x1p-30f;
    /** Powers of two replace those of e. */
    public static final float LOG2_E = 1.44269504f;

    /** Adding it leaves no bits for a fraction. */
    private static final float ROUNDING = 0x1.8p23f;

    /** How heads lie in a tensor. */
    public enum Layout {
        /** [n, length, heads * size]: all heads of a token side by side, as projections make them. */
        TOKENS,
        /** [n, heads, length, size]. */
        HEADS
    }

    /**
     * One operand.
     *
     * @param type f32, u8 or s8
     * @param params per tensor; identity for f32
     */
    public record Operand(DataType type, QuantParams params, Layout layout) {
        /** Checks the combination. */
        public Operand {
            SpecChecks.byteOrF32("operand", type);
            SpecChecks.perTensor("operand params", type, params);
        }

        /** Returns an f32 operand. */
        public static Operand f32(Layout layout) {
            return new Operand(DataType.F32, QuantParams.IDENTITY, layout);
        }
    }

    /** Checks the combination. */
    public AttentionSpec {
        OperandException.check(kvHeads >= 1 && heads >= 1 && heads % kvHeads == 0, "heads",
                "a multiple of kvHeads " + kvHeads, heads);
        OperandException.check(size >= 1 && valueSize >= 1, "size", "positive sizes", size + ", " + valueSize);
        OperandException.check(Float.isFinite(scale), "scale", "finite", scale);
        probabilities.ifPresent(params -> {
            SpecChecks.perTensor("probabilities", DataType.U8, params);
            OperandException.check(params.isSymmetric() && params.scale() >= LEAST_PROBABILITY_SCALE, "probabilities",
                    "zero point 0 and a scale of 2^-30 or more", params);
            OperandException.check(SpecChecks.isByte(q.type) && SpecChecks.isByte(k.type) && SpecChecks.isByte(v.type),
                    "operands", "u8 or s8 q, k and v where probabilities are quantized",
                    q.type + ", " + k.type + ", " + v.type);
        });
    }

    /** Attention whose weights stay real. */
    public AttentionSpec(Operand q, Operand k, Operand v, Operand dst, int heads, int kvHeads, int size, int valueSize,
            float scale, boolean causal, boolean masked) {
        this(q, k, v, dst, heads, kvHeads, size, valueSize, scale, causal, masked, Optional.empty());
    }

    /** Returns this attention with quantized probabilities. */
    public AttentionSpec withProbabilities(QuantParams params) {
        return new AttentionSpec(q, k, v, dst, heads, kvHeads, size, valueSize, scale, causal, masked,
                Optional.of(params));
    }

    /**
     * Returns 2^x for x &lt;= 0, of relative error below 3e-6 and 1 at 0; 0 below -100, and of NaN. With n the integer
     * nearest to x, the polynomial of least relative error in x - n on [-1/2, 1/2].
     */
    public static float power(float x) {
        float sum = x + ROUNDING;
        float f = x - (sum - ROUNDING);
        float p = 0x1.3a02ccp-7f;
        p = p * f + 0x1.c9fc46p-5f;
        p = p * f + 0x1.ec0378p-3f;
        p = p * f + 0x1.62e12cp-1f;
        p = p * f + 1f;
        float scaled = Float.intBitsToFloat(Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(sum) << 23));
        return x >= -100f ? scaled : 0f;
    }

    /** Returns the factor from a sum of levels to a score. */
    public float scoreScale() {
        return (float) ((double) scale * q.params.scale() * k.params.scale());
    }

    /** Returns the factor from a sum of value levels, weighted by levels of probabilities if there are, to the result. */
    public float outputScale() {
        double probability = probabilities.isPresent() ? probabilities.get().scale() : 1; // no objects
        return (float) (probability * v.params.scale() / dst.params.scale());
    }

    @Override
    public String name() {
        return "attention_" + q.type + k.type + v.type + dst.type + (probabilities.isPresent() ? "_u8_weights" : "");
    }
}
