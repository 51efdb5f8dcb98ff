package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;

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
 * @param heads of the queries, a multiple of {@code kvHeads}; head h uses keys and values h / (heads / kvHeads)
 * @param size elements of a query and of a key in one head
 * @param valueSize elements of a value in one head
 * @param scale usually 1 / sqrt(size)
 * @param masked whether an f32 mask is added to the scores
 */
public record AttentionSpec(Operand q, Operand k, Operand v, Operand dst, int heads, int kvHeads, int size,
        int valueSize, float scale, boolean causal, boolean masked) implements KernelSpec {
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
    }

    /** Returns the factor from a sum of levels to a score. */
    public float scoreScale() {
        return (float) ((double) scale * q.params.scale() * k.params.scale());
    }

    /** Returns the factor from a weighted sum of value levels to levels of the result. */
    public float outputScale() {
        return (float) ((double) v.params.scale() / dst.params.scale());
    }

    @Override
    public String name() {
        return "attention_" + q.type + k.type + v.type + dst.type;
    }
}
