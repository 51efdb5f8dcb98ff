package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

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
import java.util.Optional;

/**
 * Levels of bytes by tersor_extremes and tersor_quantize, fixed-point numbers by tersor_fixed_point and
 * tersor_from_fixed_point; threads share all but the making of fixed-point numbers, of which there are few.
 */
final class NativeDynamicQuantizer extends DynamicQuantizer {
    private static final long EXTREMES_BYTES = 2 * JAVA_FLOAT.byteSize();

    private final NativeContext context;
    private final MemorySegment columnSums;
    private final MemorySegment scales;
    private final MemorySegment bias;

    private NativeDynamicQuantizer(NativeContext context, DynamicQuantizerSpec spec, QuantParams weights,
            Tensor columnSums, Optional<Tensor> bias, Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        int n = spec.levels() == Levels.FIXED_POINT ? spec.n() : 0;
        this.columnSums = arena.allocateFrom(JAVA_INT,
                NativeContext.ints(n, j -> Math.toIntExact(columnSums.getLong(j))));
        this.scales = arena.allocate(JAVA_FLOAT, n);
        this.bias = arena.allocate(JAVA_FLOAT, n);
        for (int j = 0; j < n; j++) {
            scales.setAtIndex(JAVA_FLOAT, j, weights.scale(weights.isPerTensor() ? 0 : j));
            this.bias.setAtIndex(JAVA_FLOAT, j, bias.isPresent() ? (float) bias.get().get(j) : 0f);
        }
    }

    static NativeDynamicQuantizer prepare(NativeContext context, DynamicQuantizerSpec spec, QuantParams weights,
            Tensor columnSums, Optional<Tensor> bias, Parallelism parallelism) {
        return NativeContext.building(arena ->
                new NativeDynamicQuantizer(context, spec, weights, columnSums, bias, parallelism, arena));
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void quantize(long m, MemorySegment src, MemorySegment levels, MemorySegment params) {
        if (spec().levels() == Levels.FIXED_POINT) {
            context.elements().fixedPoint(context.isa(), m, spec().k(), src, levels, params);
            return;
        }
        long count = m * spec().k();
        long parts = Math.clamp(count / WorkShare.ELEMENTS, 1, parallelism().threads());
        long part = Math.ceilDiv(count, parts);
        // Each element is of its own: slices of one would be allocated.
        MemorySegment scales = context.scratch().take(parts * EXTREMES_BYTES);
        MemorySegment zeroPoints = context.scratch().take(JAVA_INT.byteSize());
        if (parts == 1) {
            context.elements().extremes(context.isa(), count, src, scales);
        } else {
            parallelism().run(parts, i -> context.elements().extremes(context.isa(), Math.min(part, count - i * part),
                    NativeContext.from(src, i * part * Float.BYTES),
                    NativeContext.from(scales, i * EXTREMES_BYTES)));
        }
        float lo = 0;
        float hi = 0;
        for (long i = 0; i < parts; i++) {
            lo = Math.min(lo, scales.getAtIndex(JAVA_FLOAT, 2 * i));
            hi = Math.max(hi, scales.getAtIndex(JAVA_FLOAT, 2 * i + 1));
        }
        float scale = scale(lo, hi);
        int zeroPoint = zeroPoint(lo, scale);
        scales.set(JAVA_FLOAT, 0, scale);
        zeroPoints.set(JAVA_INT, 0, zeroPoint);
        if (parts == 1) {
            levels(count, src, scales, zeroPoints, levels);
        } else {
            parallelism().run(parts, i -> levels(Math.min(part, count - i * part),
                    NativeContext.from(src, i * part * Float.BYTES), scales, zeroPoints,
                    NativeContext.from(levels, i * part)));
        }
        context.scratch().give(zeroPoints);
        context.scratch().give(scales);
        params.set(JAVA_FLOAT, 0, scale);
        params.set(JAVA_FLOAT, JAVA_FLOAT.byteSize(), zeroPoint);
    }

    private void levels(long count, MemorySegment src, MemorySegment scales, MemorySegment zeroPoints,
            MemorySegment levels) {
        context.elements().quantize(context.isa(), Libtersor.typeCode(DataType.U8), 1, 1, count, src, scales, zeroPoints,
                levels);
    }

    @Override
    protected void dequantize(long m, MemorySegment sums, MemorySegment params, MemorySegment dst, long ldDst) {
        long n = spec().n();
        if (parallelism().threads() == 1 || m * n <= WorkShare.ELEMENTS) {
            context.elements().fromFixedPoint(context.isa(), m, n, 0, m, sums, params, columnSums, scales, bias, dst,
                    ldDst);
            return;
        }
        parallelism().ranges(m, m * n / WorkShare.ELEMENTS, (first, end) -> context.elements().fromFixedPoint(
                context.isa(), m, n, first, end - first, sums, params, columnSums, scales, bias, dst, ldDst));
    }
}
