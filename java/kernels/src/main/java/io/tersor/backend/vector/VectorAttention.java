package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;
import static io.tersor.backend.vector.MicroKernels.KC;
import static io.tersor.backend.vector.MicroKernels.LDA;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.AttentionSpec.Operand;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Attention head by head: keys and values are packed once, then the scores of a few queries at a time stay in an array
 * while they become weights and are multiplied with the values. Levels are small integers, which binary32 holds.
 * Where probabilities are quantized, {@link QuantizedWeights} has the steps whose every bit is defined.
 */
final class VectorAttention extends Attention {
    /** exp of less is 0. */
    private static final float LOWEST = -87f;

    private final ScratchPool pool;
    private final Optional<QuantizedWeights> quantized;
    private final float lo;
    private final float hi;

    VectorAttention(AttentionSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        this.quantized = spec.probabilities().isEmpty() ? Optional.empty() : Optional.of(new QuantizedWeights(spec));
        DataType type = spec.dst().type();
        this.lo = Chunk.bound(Float.NEGATIVE_INFINITY, type, 1, spec.dst().params().zeroPoint());
        this.hi = Chunk.bound(Float.POSITIVE_INFINITY, type, 1, spec.dst().params().zeroPoint());
    }

    /** Returns whether a query fits a packed row. */
    static boolean serves(AttentionSpec spec) {
        return spec.size() <= KC;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "_" + MR + "x" + NR + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(long n, int lengthQ, int lengthK, MemorySegment q, MemorySegment k, MemorySegment v,
            MemorySegment mask, long maskImage, long maskHead, long maskRow, MemorySegment dst) {
        long heads = n * spec().heads();
        if (parallelism().threads() == 1) {
            for (long head = 0; head < heads; head++) {
                head(head, lengthQ, lengthK, q, k, v, mask, maskImage, maskHead, maskRow, dst);
            }
            return;
        }
        parallelism().run(heads,
                head -> head(head, lengthQ, lengthK, q, k, v, mask, maskImage, maskHead, maskRow, dst));
    }

    private void head(long index, int lengthQ, int lengthK, MemorySegment q, MemorySegment k, MemorySegment v,
            MemorySegment mask, long maskImage, long maskHead, long maskRow, MemorySegment dst) {
        AttentionSpec spec = spec();
        long image = index / spec.heads();
        int head = (int) (index % spec.heads());
        int group = head / (spec.heads() / spec.kvHeads());
        Scratch scratch = pool.take();
        long keys = Panels.bytes(spec.size(), lengthK);
        MemorySegment panels = scratch.panels(keys + Panels.bytes(lengthK, spec.valueSize()));
        Panels.packTransposed(spec.k().type(), spec.k().params().zeroPoint(), k,
                offset(spec.k(), image, group, 0, spec.kvHeads(), spec.size(), lengthK),
                tokenStride(spec.k(), spec.kvHeads(), spec.size()), spec.size(), lengthK, scratch, panels, 0);
        Panels.pack(spec.v().type(), spec.v().params().zeroPoint(), v,
                offset(spec.v(), image, group, 0, spec.kvHeads(), spec.valueSize(), lengthK),
                tokenStride(spec.v(), spec.kvHeads(), spec.valueSize()), lengthK, spec.valueSize(), scratch, panels,
                keys);
        scratch.growSums(Math.max(1, Math.ceilDiv(lengthK, KC)) * MR * LDA);
        long maskAt = image * maskImage + head * maskHead;
        int height;
        for (int row = 0; row < lengthQ; row += height) {
            height = Panels.height(lengthQ - row);
            int count = Math.min(height, lengthQ - row);
            for (int r = 0; r < count; r++) {
                Runs.load(spec.q().type(), q,
                        offset(spec.q(), image, head, row + r, spec.heads(), spec.size(), lengthQ),
                        spec.q().params().zeroPoint(), scratch.a, r * LDA, spec.size());
            }
            if (quantized.isPresent()) {
                quantized.get().scores(scratch, height, lengthK, panels);
            } else {
                scores(scratch, height, lengthK, panels);
            }
            for (int r = 0; r < count; r++) {
                long rowMask = maskAt + (row + r) * maskRow;
                scratch.magnitudes[r] = quantized.isPresent()
                        ? quantized.get().weights(scratch, r, row + r, lengthK, mask, rowMask)
                        : weights(scratch, r, row + r, lengthK, mask, rowMask);
            }
            for (int panel = 0; panel * NR < spec.valueSize(); panel++) {
                if (quantized.isPresent()) {
                    quantized.get().values(scratch, height, panel, lengthK, panels, keys);
                } else {
                    values(scratch, height, panel, lengthK, panels, keys);
                }
                for (int r = 0; r < count; r++) {
                    store(scratch, r, panel, dst,
                            offset(spec.dst(), image, head, row + r, spec.heads(), spec.valueSize(), lengthQ));
                }
            }
        }
        pool.give(scratch);
    }

    /** Returns where the score of a row's key is among the sums. */
    static int at(int row, int key) {
        return (key / KC * MR + row) * LDA + key % KC;
    }

    private void scores(Scratch scratch, int height, int lengthK, MemorySegment panels) {
        for (int panel = 0; panel * NR < lengthK; panel++) {
            Panels.multiply(height, scratch.a, 0, panels, Panels.offset(panel, spec().size(), 0), spec().size(),
                    Panels.ZEROS, scratch.tile);
            for (int r = 0; r < height; r++) {
                System.arraycopy(scratch.tile, r * NR, scratch.sums, at(r, panel * NR), NR);
            }
        }
    }

    /** Turns a row's scores into weights and returns their sum. */
    private float weights(Scratch scratch, int r, int query, int lengthK, MemorySegment mask, long maskAt) {
        float[] x = scratch.sums;
        int taken = spec().causal() ? Math.min(lengthK, query + 1) : lengthK;
        float max = Float.NEGATIVE_INFINITY;
        for (int key = 0; key < lengthK; key += KC) {
            int at = at(r, key);
            int count = Math.min(KC, lengthK - key);
            scale(x, at, count, spec().scoreScale());
            if (spec().masked()) {
                int work = MR * LDA;
                Runs.load(DataType.F32, mask, maskAt + key, 0, scratch.a, work, count);
                add(x, at, count, scratch.a, work);
            }
            // What lies behind the last key, up to a whole vector, must not count.
            Arrays.fill(x, at + Math.clamp(taken - key, 0, count), at + Math.ceilDiv(count, F) * F,
                    Float.NEGATIVE_INFINITY);
            max = Math.max(max, max(x, at, count));
        }
        float total = 0;
        for (int key = 0; key < lengthK; key += KC) {
            int count = Math.min(KC, lengthK - key);
            if (max == Float.NEGATIVE_INFINITY) {
                Arrays.fill(x, at(r, key), at(r, key) + count, 0f);
            } else {
                total += exp(x, at(r, key), count, max);
            }
        }
        return total;
    }

    static void scale(float[] x, int at, int count, float factor) {
        for (int i = at; i < at + count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).mul(factor).intoArray(x, i);
        }
    }

    private static void add(float[] x, int at, int count, float[] y, int yAt) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, at + i).add(FloatVector.fromArray(FLOATS, y, yAt + i))
                    .intoArray(x, at + i);
        }
    }

    private static float max(float[] x, int at, int count) {
        FloatVector max = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int i = at; i < at + count; i += F) {
            max = max.max(FloatVector.fromArray(FLOATS, x, i));
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    /** x = exp(x - max); returns the sum. The polynomial is that of {@link Functions}, in fused steps. */
    private static float exp(float[] x, int at, int count, float max) {
        FloatVector sum = FloatVector.zero(FLOATS);
        FloatVector lowest = FloatVector.broadcast(FLOATS, LOWEST);
        for (int i = at; i < at + count; i += F) {
            FloatVector given = FloatVector.fromArray(FLOATS, x, i).sub(max);
            FloatVector t = given.max(lowest);
            FloatVector rounded = t.mul(1.44269504f).add(Bytes.MAGIC);
            FloatVector n = rounded.sub(Bytes.MAGIC);
            FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -0.693359375f), t);
            r = n.fma(FloatVector.broadcast(FLOATS, 2.12194440e-4f), r);
            FloatVector p = r.fma(FloatVector.broadcast(FLOATS, 1.9875691500e-4f),
                    FloatVector.broadcast(FLOATS, 1.3981999507e-3f));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 8.3334519073e-3f));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 4.1665795894e-2f));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1.6666665459e-1f));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 5.0000001201e-1f));
            p = p.fma(r.mul(r), r).add(1f);
            IntVector exponent = rounded.reinterpretAsInts().sub(Bytes.MAGIC_BITS - 127);
            p = p.mul(exponent.lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
            p = p.blend(0f, given.compare(VectorOperators.LT, lowest));
            p.intoArray(x, i);
            sum = sum.add(p);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /** Leaves the weighted sums of one panel of values in the tile. */
    private void values(Scratch scratch, int height, int panel, int lengthK, MemorySegment panels, long values) {
        if (lengthK == 0) {
            Arrays.fill(scratch.tile, 0f);
        }
        for (int key = 0; key < lengthK; key += KC) {
            Panels.multiply(height, scratch.sums, at(0, key), panels, values + Panels.offset(panel, lengthK, key),
                    Math.min(KC, lengthK - key), key == 0 ? Panels.ZEROS : scratch.tile, scratch.tile);
        }
    }

    private void store(Scratch scratch, int r, int panel, MemorySegment dst, long first) {
        Operand result = spec().dst();
        float total = scratch.magnitudes[r];
        scale(scratch.tile, r * NR, NR, total == 0 ? 0 : spec().outputScale() / total);
        int count = Math.min(NR, spec().valueSize() - panel * NR);
        long at = first + (long) panel * NR;
        if (result.type() == DataType.F32) {
            MemorySegment.copy(scratch.tile, r * NR, dst, JAVA_FLOAT, at * Float.BYTES, count);
        } else {
            Chunk.storeBytes(scratch.tile, r * NR, count, scratch.ints, lo, hi, result.params().zeroPoint(), dst, at);
        }
    }
}
