package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;
import static io.tersor.backend.vector.MicroKernels.KC;
import static io.tersor.backend.vector.MicroKernels.LDA;
import static io.tersor.backend.vector.VectorAttention.at;
import static io.tersor.kernel.AttentionSpec.LANES;

import io.tersor.kernel.AttentionSpec;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The steps of {@link VectorAttention} with 8-bit probabilities, whose every bit {@link AttentionSpec} defines. Products
 * of levels are summed as floats while these are exact, and then as integers.
 */
final class QuantizedWeights {
    /** Products of two numbers up to 255, whose sum stays below 2^24. */
    private static final int EXACT = 256;

    private static final float MAX_LEVEL = 255;

    private final AttentionSpec spec;
    private final float scoreScale;
    private final float levelsPerProbability;

    QuantizedWeights(AttentionSpec spec) {
        this.spec = spec;
        this.scoreScale = spec.scoreScale() * AttentionSpec.LOG2_E;
        this.levelsPerProbability = 1f / spec.probabilities().map(QuantParams::scale).orElseThrow();
    }

    /** Leaves the sums of products with all keys among the scratch's sums. */
    void scores(Scratch scratch, int height, int lengthK, MemorySegment panels) {
        for (int panel = 0; panel * NR < lengthK; panel++) {
            start(scratch, height);
            for (int e = 0; e < spec.size(); e += EXACT) {
                Panels.multiply(height, scratch.a, e, panels, Panels.offset(panel, spec.size(), e),
                        Math.min(EXACT, spec.size() - e), Panels.ZEROS, scratch.tile);
                accumulate(scratch, height);
            }
            finish(scratch, height);
            for (int r = 0; r < height; r++) {
                System.arraycopy(scratch.tile, r * NR, scratch.sums, at(r, panel * NR), NR);
            }
        }
    }

    /** Leaves the weighted sums of one panel of values in the tile. */
    void values(Scratch scratch, int height, int panel, int lengthK, MemorySegment panels, long values) {
        start(scratch, height);
        for (int key = 0; key < lengthK; key += EXACT) {
            Panels.multiply(height, scratch.sums, at(0, key), panels, values + Panels.offset(panel, lengthK, key),
                    Math.min(EXACT, lengthK - key), Panels.ZEROS, scratch.tile);
            accumulate(scratch, height);
        }
        finish(scratch, height);
    }

    private static void start(Scratch scratch, int height) {
        scratch.growAccumulators(MR * NR);
        Arrays.fill(scratch.accumulators, 0, height * NR, 0);
    }

    private static void accumulate(Scratch scratch, int height) {
        for (int i = 0; i < height * NR; i += F) {
            IntVector sum = (IntVector) FloatVector.fromArray(FLOATS, scratch.tile, i).convert(VectorOperators.F2I, 0);
            IntVector.fromArray(INTS, scratch.accumulators, i).add(sum).intoArray(scratch.accumulators, i);
        }
    }

    private static void finish(Scratch scratch, int height) {
        for (int i = 0; i < height * NR; i += F) {
            ((FloatVector) IntVector.fromArray(INTS, scratch.accumulators, i).convert(VectorOperators.I2F, 0))
                    .intoArray(scratch.tile, i);
        }
    }

    /** Turns a row's sums into levels of probabilities, and returns what to divide their products' sums by: 1. */
    float weights(Scratch scratch, int r, int query, int lengthK, MemorySegment mask, long maskAt) {
        float[] x = scratch.sums;
        int taken = spec.causal() ? Math.min(lengthK, query + 1) : lengthK;
        float max = Float.NEGATIVE_INFINITY;
        for (int key = 0; key < lengthK; key += KC) {
            int at = at(r, key);
            int count = Math.min(KC, lengthK - key);
            VectorAttention.scale(x, at, count, scoreScale);
            if (spec.masked()) {
                int work = MR * LDA;
                Runs.load(DataType.F32, mask, maskAt + key, 0, scratch.a, work, count);
                addScaled(x, at, count, scratch.a, work);
            }
            Arrays.fill(x, at + Math.clamp(taken - key, 0, count), at + Math.ceilDiv(count, LANES) * LANES,
                    Float.NEGATIVE_INFINITY);
            max = Math.max(max, max(x, at, count));
        }
        float[] parts = scratch.operand;
        Arrays.fill(parts, 0, LANES, 0f);
        for (int key = 0; key < lengthK; key += KC) {
            int count = Math.ceilDiv(Math.min(KC, lengthK - key), LANES) * LANES;
            power(x, at(r, key), count, max);
            addParts(x, at(r, key), count, parts);
        }
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                parts[lane] += parts[lane + half];
            }
        }
        float factor = parts[0] > 0 ? levelsPerProbability / parts[0] : 0f;
        for (int key = 0; key < lengthK; key += KC) {
            levels(x, at(r, key), Math.min(KC, lengthK - key), factor);
        }
        return 1f;
    }

    private static void addScaled(float[] x, int at, int count, float[] y, int yAt) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, at + i)
                    .add(FloatVector.fromArray(FLOATS, y, yAt + i).mul(AttentionSpec.LOG2_E)).intoArray(x, at + i);
        }
    }

    /** The largest; NaN is none. */
    private static float max(float[] x, int at, int count) {
        FloatVector max = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int i = at; i < at + count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i);
            max = max.blend(v, v.compare(VectorOperators.GT, max));
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    /** x = {@link AttentionSpec#power}(x - max). */
    private static void power(float[] x, int at, int count, float max) {
        for (int i = at; i < at + count; i += F) {
            FloatVector given = FloatVector.fromArray(FLOATS, x, i).sub(max);
            FloatVector sum = given.add(Bytes.MAGIC);
            FloatVector f = given.sub(sum.sub(Bytes.MAGIC));
            FloatVector p = f.mul(0x1.3a02ccp-7f).add(0x1.c9fc46p-5f);
            p = p.mul(f).add(0x1.ec0378p-3f);
            p = p.mul(f).add(0x1.62e12cp-1f);
            p = p.mul(f).add(1f);
            FloatVector scaled = p.reinterpretAsInts().add(sum.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23))
                    .reinterpretAsFloats();
            FloatVector.zero(FLOATS).blend(scaled, given.compare(VectorOperators.GE, -100f)).intoArray(x, i);
        }
    }

    private static void addParts(float[] x, int at, int count, float[] parts) {
        for (int lane = 0; lane < LANES; lane += F) {
            FloatVector sum = FloatVector.fromArray(FLOATS, parts, lane);
            for (int i = lane; i < count; i += LANES) {
                sum = sum.add(FloatVector.fromArray(FLOATS, x, at + i));
            }
            sum.intoArray(parts, lane);
        }
    }

    private static void levels(float[] x, int at, int count, float factor) {
        for (int i = at; i < at + count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).mul(factor).min(MAX_LEVEL).add(Bytes.MAGIC).sub(Bytes.MAGIC)
                    .intoArray(x, i);
        }
    }
}
