package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * A kernel that treats every element by itself, with a factor and a zero point that may differ between channels. The
 * tensor is cut into units: whole chunks if there is one channel, rows if channels are the last axis, else the runs of
 * elements that belong to one channel.
 */
abstract class Elementwise extends Unary {
    private static final int PART_ELEMENTS = 16 * Chunk.LENGTH;

    private final ScratchPool pool;
    private final QuantParams params;
    // One value for each channel; a chunk of the same for one channel.
    private final float[] factors;
    private final float[] zeroPoints;

    /**
     * @param params of the operand that may have channels
     * @param factors one for each pair of the parameters
     */
    Elementwise(UnarySpec spec, QuantParams params, float[] factors, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        this.params = params;
        int length = (params.isPerTensor() ? Chunk.LENGTH : params.count()) + Lanes.F;
        this.factors = Arrays.copyOf(factors, length);
        this.zeroPoints = new float[length];
        for (int i = 0; i < length; i++) {
            int channel = Math.min(i, params.count() - 1);
            this.factors[i] = channel < 0 ? 1 : factors[channel];
            this.zeroPoints[i] = channel < 0 ? 0 : params.zeroPoint(channel);
        }
    }

    /** Returns the elements of a part: a multiple of the unit, so long that a thread is worth waking for it. */
    static long partLength(long elements, long unit, int threads) {
        long even = Math.max(PART_ELEMENTS, Math.ceilDiv(elements, 4L * threads));
        return Math.ceilDiv(even, unit) * unit;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected final void execute(Tensor src, Tensor dst) {
        MemorySegment from = src.data();
        MemorySegment to = dst.data();
        long elements = src.shape().elements();
        long run = 1;
        for (int axis = params.axis() + 1; axis < src.shape().rank() && !params.isPerTensor(); axis++) {
            run *= src.shape().dim(axis);
        }
        long unit = params.isPerTensor() ? Chunk.LENGTH : run == 1 ? params.count() : run;
        long runLength = run;
        int threads = parallelism().threads();
        if (threads == 1) {
            range(from, to, 0, elements, unit, runLength);
            return;
        }
        long length = partLength(elements, unit, threads);
        parallelism().run(Math.ceilDiv(elements, length), part -> range(from, to, part * length,
                Math.min(elements, (part + 1) * length), unit, runLength));
    }

    private void range(MemorySegment src, MemorySegment dst, long first, long end, long unit, long run) {
        Scratch scratch = pool.take();
        for (long start = first; start < end; start += unit) {
            long stop = Math.min(end, start + unit);
            boolean channelsAlong = params.isPerTensor() || run == 1;
            if (!channelsAlong) {
                int channel = (int) (start / run % params.count());
                int used = (int) Math.min(Chunk.LENGTH, run) + Lanes.F;
                Arrays.fill(scratch.a, Chunk.SCALE, Chunk.SCALE + used, factors[channel]);
                Arrays.fill(scratch.a, Chunk.ZERO, Chunk.ZERO + used, zeroPoints[channel]);
            }
            for (long at = start; at < stop; at += Chunk.LENGTH) {
                int count = (int) Math.min(Chunk.LENGTH, stop - at);
                if (channelsAlong) {
                    int channel = params.isPerTensor() ? 0 : (int) (at - start);
                    chunk(scratch, src, dst, at, count, factors, channel, zeroPoints, channel);
                } else {
                    chunk(scratch, src, dst, at, count, scratch.a, Chunk.SCALE, scratch.a, Chunk.ZERO);
                }
            }
        }
        pool.give(scratch);
    }

    /**
     * Treats {@code count} elements from element {@code at} on.
     *
     * @param factors one for each element, from {@code factorsAt} on; readable up to a whole vector
     * @param zeroPoints likewise
     */
    abstract void chunk(Scratch scratch, MemorySegment src, MemorySegment dst, long at, int count, float[] factors,
            int factorsAt, float[] zeroPoints, int zeroPointsAt);

    /** x = (x - zeroPoint) * factor, for a chunk of integers. */
    static void scale(float[] x, int count, float[] factors, int factorsAt, float[] zeroPoints, int zeroPointsAt) {
        for (int i = 0; i < count; i += F) {
            FloatVector zero = FloatVector.fromArray(FLOATS, zeroPoints, zeroPointsAt + i);
            FloatVector factor = FloatVector.fromArray(FLOATS, factors, factorsAt + i);
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).sub(zero).mul(factor).intoArray(x, Chunk.X + i);
        }
    }
}
