package io.tersor.backend.scalar;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.DynamicQuantizerSpec.Levels;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Levels and sums one by one. */
final class ScalarDynamicQuantizer extends DynamicQuantizer {
    private final QuantParams weights;
    private final long[] columnSums;
    private final float[] bias;

    ScalarDynamicQuantizer(DynamicQuantizerSpec spec, QuantParams weights, Tensor columnSums, Optional<Tensor> bias,
            Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.weights = weights;
        this.columnSums = columnSums.toLongs();
        this.bias = bias.map(Tensor::toFloats).orElse(new float[spec.n()]);
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void quantize(long m, MemorySegment src, MemorySegment levels, MemorySegment params) {
        if (spec().levels() == Levels.BYTES) {
            bytes(m, src, levels, params);
            return;
        }
        int k = spec().k();
        for (long row = 0; row < m; row++) {
            float magnitude = 0;
            for (int i = 0; i < k; i++) {
                magnitude = Math.max(magnitude, Math.abs(Elements.getFloat(src, row * k + i)));
            }
            float unit = unit(magnitude);
            float inverse = inverse(unit);
            for (int i = 0; i < k; i++) {
                int fixed = FIXED_OFFSET + (inverse == 0 ? 0
                        : (int) Math.rint(Elements.getFloat(src, row * k + i) * inverse));
                for (int plane = 0; plane < spec().levels().planes(); plane++) {
                    Elements.setByte(levels, (plane * m + row) * k + i, fixed >> 8 * plane);
                }
            }
            store(params, row, unit, 0);
        }
    }

    private void bytes(long m, MemorySegment src, MemorySegment levels, MemorySegment params) {
        long count = m * spec().k();
        float lo = 0;
        float hi = 0;
        for (long i = 0; i < count; i++) {
            lo = Math.min(lo, Elements.getFloat(src, i));
            hi = Math.max(hi, Elements.getFloat(src, i));
        }
        float scale = scale(lo, hi);
        int zeroPoint = zeroPoint(lo, scale);
        for (long i = 0; i < count; i++) {
            Elements.setByte(levels, i, Quantizer.saturate(Elements.getFloat(src, i) / scale, zeroPoint, DataType.U8,
                    Rounding.HALF_EVEN));
        }
        store(params, 0, scale, zeroPoint);
    }

    private static void store(MemorySegment params, long row, float scale, int zeroPoint) {
        Elements.setFloat(params, 2 * row, scale);
        Elements.setFloat(params, 2 * row + 1, zeroPoint);
    }

    @Override
    protected void dequantize(long m, MemorySegment sums, MemorySegment params, MemorySegment dst, long ldDst) {
        int n = spec().n();
        for (long row = 0; row < m; row++) {
            float scale = Elements.getFloat(params, 2 * row);
            for (int j = 0; j < n; j++) {
                int low = sums.getAtIndex(JAVA_INT, row * n + j);
                float sum = fixed(low, sums.getAtIndex(JAVA_INT, (m + row) * n + j),
                        sums.getAtIndex(JAVA_INT, (2 * m + row) * n + j) - HIGH_OFFSET * (int) columnSums[j]);
                float multiplier = scale * weights.scale(weights.isPerTensor() ? 0 : j);
                Elements.setFloat(dst, row * ldDst + j, sum * multiplier + bias[j]);
            }
        }
    }

    private static float fixed(int low, int middle, int high) {
        return Math.fma(high, 0x1p16f, Math.fma(middle, 0x1p8f, low));
    }
}
