package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.B;
import static io.tersor.backend.vector.Lanes.BYTES;
import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.tersor.kernel.Backend;
import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.DynamicQuantizerSpec.Levels;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Levels a chunk at a time, sums a row at a time. */
final class VectorDynamicQuantizer extends DynamicQuantizer {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    // Elements that make up for waking a thread.
    private static final long SHARED = 1 << 16;

    private final int[] columnSums;
    private final float[] scales;
    private final float[] bias;
    private final ScratchPool pool;

    VectorDynamicQuantizer(DynamicQuantizerSpec spec, QuantParams weights, Tensor columnSums, Optional<Tensor> bias,
            Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.columnSums = Arrays.stream(columnSums.toLongs()).mapToInt(sum -> (int) sum).toArray();
        this.scales = new float[spec.n()];
        for (int j = 0; j < scales.length; j++) {
            scales[j] = weights.scale(weights.isPerTensor() ? 0 : j);
        }
        this.bias = bias.map(Tensor::toFloats).orElse(new float[spec.n()]);
        this.pool = pool;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void quantize(long m, MemorySegment src, MemorySegment levels, MemorySegment params) {
        int k = spec().k();
        if (spec().levels() == Levels.FIXED_POINT) {
            Scratch scratch = pool.take();
            for (long row = 0; row < m; row++) {
                float unit = unit(magnitude(scratch.a, src, row * k, k));
                fixed(scratch, src, levels, m, row, unit);
                store(params, row, unit, 0);
            }
            pool.give(scratch);
            return;
        }
        Scratch scratch = pool.take();
        long count = m * k;
        float lo = 0;
        float hi = 0;
        for (long first = 0; first < count; first += Chunk.LENGTH) {
            int length = (int) Math.min(Chunk.LENGTH, count - first);
            Runs.load(DataType.F32, src, first, 0, scratch.a, Chunk.X, length);
            lo = Math.min(lo, LaneSums.min(scratch.a, Chunk.X, length));
            hi = Math.max(hi, LaneSums.max(scratch.a, Chunk.X, length));
        }
        pool.give(scratch);
        float scale = scale(lo, hi);
        int zeroPoint = zeroPoint(lo, scale);
        long chunks = Math.ceilDiv(count, (long) Chunk.LENGTH);
        if (parallelism().threads() == 1 || count < SHARED) {
            bytes(src, levels, count, 0, chunks, scale, zeroPoint);
        } else {
            parallelism().ranges(chunks, count / SHARED + 1,
                    (first, end) -> bytes(src, levels, count, first, end, scale, zeroPoint));
        }
        store(params, 0, scale, zeroPoint);
    }

    private static void store(MemorySegment params, long row, float scale, int zeroPoint) {
        params.setAtIndex(JAVA_FLOAT, 2 * row, scale);
        params.setAtIndex(JAVA_FLOAT, 2 * row + 1, zeroPoint);
    }

    /** Returns the largest magnitude of a row, NaN if it has one. */
    private static float magnitude(float[] x, MemorySegment src, long from, int k) {
        float magnitude = 0;
        for (int first = 0; first < k; first += Chunk.LENGTH) {
            int length = Math.min(Chunk.LENGTH, k - first);
            Runs.load(DataType.F32, src, from + first, 0, x, Chunk.X, length);
            magnitude = Math.max(magnitude, Math.max(LaneSums.max(x, Chunk.X, length),
                    -LaneSums.min(x, Chunk.X, length)));
        }
        return magnitude;
    }

    /** Writes the bytes of some chunks of {@code count} elements. */
    private void bytes(MemorySegment src, MemorySegment levels, long count, long firstChunk, long endChunk, float scale,
            int zeroPoint) {
        Scratch scratch = pool.take();
        for (long first = firstChunk * Chunk.LENGTH; first < Math.min(count, endChunk * Chunk.LENGTH);
                first += Chunk.LENGTH) {
            int length = (int) Math.min(Chunk.LENGTH, count - first);
            Runs.load(DataType.F32, src, first, 0, scratch.a, Chunk.X, length);
            divide(scratch.a, length, scale);
            Chunk.storeBytes(scratch, Chunk.X, length, -zeroPoint, 255f - zeroPoint, zeroPoint, levels, first);
        }
        pool.give(scratch);
    }

    private static void divide(float[] x, int count, float scale) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).div(scale).intoArray(x, Chunk.X + i);
        }
    }

    /** Writes the planes of a row. */
    private void fixed(Scratch scratch, MemorySegment src, MemorySegment levels, long m, long row, float unit) {
        int k = spec().k();
        float inverse = inverse(unit);
        for (int first = 0; first < k; first += Chunk.LENGTH) {
            int length = Math.min(Chunk.LENGTH, k - first);
            if (inverse == 0) {
                Arrays.fill(scratch.a, Chunk.X, Chunk.X + length, 0f);
            } else {
                Runs.load(DataType.F32, src, row * k + first, 0, scratch.a, Chunk.X, length);
            }
            for (int plane = 0; plane < spec().levels().planes(); plane++) {
                plane(scratch.a, length, inverse, 8 * plane, scratch.ints, levels, (plane * m + row) * k + first);
            }
        }
    }

    /** Stores a byte of each fixed-point number. */
    private static void plane(float[] x, int count, float inverse, int shift, int[] tail, MemorySegment to, long at) {
        int i = 0;
        for (; i <= count - F; i += F) {
            IntVector fixed = FloatVector.fromArray(FLOATS, x, Chunk.X + i).mul(inverse).add(Bytes.MAGIC)
                    .reinterpretAsInts().sub(Bytes.MAGIC_BITS - FIXED_OFFSET).lanewise(VectorOperators.LSHR, shift);
            ByteVector bytes = (ByteVector) fixed.convertShape(VectorOperators.I2B, BYTES, 0);
            if (B == F) {
                bytes.intoMemorySegment(to, at + i, ORDER);
            } else {
                to.set(JAVA_INT_UNALIGNED, at + i, bytes.reinterpretAsInts().lane(0));
            }
        }
        if (i < count) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).mul(inverse).add(Bytes.MAGIC).reinterpretAsInts()
                    .sub(Bytes.MAGIC_BITS - FIXED_OFFSET).lanewise(VectorOperators.LSHR, shift).intoArray(tail, 0);
            Bytes.store(tail, 0, count - i, to, at + i);
        }
    }

    @Override
    protected void dequantize(long m, MemorySegment sums, MemorySegment params, MemorySegment dst, long ldDst) {
        if (parallelism().threads() == 1 || m * spec().n() < SHARED) {
            rows(m, 0, m, sums, params, dst, ldDst);
        } else {
            parallelism().ranges(m, m * spec().n() / SHARED + 1,
                    (first, end) -> rows(m, first, end, sums, params, dst, ldDst));
        }
    }

    private void rows(long m, long first, long end, MemorySegment sums, MemorySegment params, MemorySegment dst,
            long ldDst) {
        long n = spec().n();
        for (long row = first; row < end; row++) {
            fixedRow(sums, row * n, m * n, params.getAtIndex(JAVA_FLOAT, 2 * row), dst, row * ldDst);
        }
    }

    /** @param plane elements between two planes of sums */
    private void fixedRow(MemorySegment sums, long from, long plane, float unit, MemorySegment dst, long to) {
        int n = scales.length;
        FloatVector middleWeight = FloatVector.broadcast(FLOATS, 0x1p8f);
        FloatVector highWeight = FloatVector.broadcast(FLOATS, 0x1p16f);
        int j = 0;
        for (; j <= n - F; j += F) {
            long at = (from + j) * Integer.BYTES;
            long step = plane * Integer.BYTES;
            FloatVector low = (FloatVector) IntVector.fromMemorySegment(INTS, sums, at, ORDER)
                    .convert(VectorOperators.I2F, 0);
            FloatVector middle = (FloatVector) IntVector.fromMemorySegment(INTS, sums, at + step, ORDER)
                    .convert(VectorOperators.I2F, 0);
            FloatVector high = (FloatVector) IntVector.fromMemorySegment(INTS, sums, at + 2 * step, ORDER)
                    .sub(IntVector.fromArray(INTS, columnSums, j).mul(HIGH_OFFSET)).convert(VectorOperators.I2F, 0);
            high.fma(highWeight, middle.fma(middleWeight, low))
                    .mul(FloatVector.fromArray(FLOATS, scales, j).mul(unit))
                    .add(FloatVector.fromArray(FLOATS, bias, j))
                    .intoMemorySegment(dst, (to + j) * Float.BYTES, ORDER);
        }
        for (; j < n; j++) {
            int high = sums.getAtIndex(JAVA_INT, from + 2 * plane + j) - HIGH_OFFSET * columnSums[j];
            float sum = Math.fma(high, 0x1p16f, Math.fma(sums.getAtIndex(JAVA_INT, from + plane + j), 0x1p8f,
                    sums.getAtIndex(JAVA_INT, from + j)));
            dst.setAtIndex(JAVA_FLOAT, to + j, sum * (unit * scales[j]) + bias[j]);
        }
    }
}
