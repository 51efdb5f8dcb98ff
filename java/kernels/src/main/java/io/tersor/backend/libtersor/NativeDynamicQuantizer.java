package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.DynamicQuantizerSpec.Levels;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Levels of bytes by tersor_extremes and tersor_quantize; threads share both. */
final class NativeDynamicQuantizer extends DynamicQuantizer {
    /** Elements for which another thread is worth waking. */
    private static final long PART_ELEMENTS = 1 << 15;
    private static final long EXTREMES_BYTES = 2 * JAVA_FLOAT.byteSize();

    private final NativeContext context;

    NativeDynamicQuantizer(NativeContext context, DynamicQuantizerSpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
    }

    static Optional<String> refusal(DynamicQuantizerSpec spec) {
        return spec.levels() == Levels.BYTES ? Optional.empty() : Optional.of("no fixed-point numbers");
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void quantize(long m, MemorySegment src, MemorySegment levels, MemorySegment params) {
        long count = m * spec().k();
        long parts = Math.clamp(count / PART_ELEMENTS, 1, parallelism().threads());
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
        throw new IllegalStateException("products of bytes have no sums here: " + spec());
    }
}
