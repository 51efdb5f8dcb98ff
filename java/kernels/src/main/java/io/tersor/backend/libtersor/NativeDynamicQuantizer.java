package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.DynamicQuantizerSpec.Levels;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.ReduceSpec;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Levels of bytes by tersor_reduce and tersor_quantize; threads share both. */
final class NativeDynamicQuantizer extends DynamicQuantizer {
    /** Elements for which another thread is worth waking. */
    private static final long PART_ELEMENTS = 1 << 15;
    /** What tersor_quantize reads, and the extremes of a part, in the scratch. */
    private static final long SCALE_AT = 0;
    private static final long ZERO_POINT_AT = JAVA_FLOAT.byteSize();
    private static final long EXTREMES_AT = 64;
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
        MemorySegment scratch = context.scratch().take(EXTREMES_AT + parts * EXTREMES_BYTES);
        if (parts == 1) {
            extremes(src, 0, count, scratch, 0);
        } else {
            parallelism().run(parts, i -> extremes(src, i * part, Math.min(part, count - i * part), scratch, i));
        }
        float lo = 0;
        float hi = 0;
        for (long i = 0; i < parts; i++) {
            lo = Math.min(lo, scratch.get(JAVA_FLOAT, EXTREMES_AT + i * EXTREMES_BYTES));
            hi = Math.max(hi, scratch.get(JAVA_FLOAT, EXTREMES_AT + i * EXTREMES_BYTES + JAVA_FLOAT.byteSize()));
        }
        float scale = scale(lo, hi);
        int zeroPoint = zeroPoint(lo, scale);
        scratch.set(JAVA_FLOAT, SCALE_AT, scale);
        scratch.set(JAVA_INT, ZERO_POINT_AT, zeroPoint);
        if (parts == 1) {
            levels(src, 0, count, scratch, levels);
        } else {
            parallelism().run(parts, i -> levels(src, i * part, Math.min(part, count - i * part), scratch, levels));
        }
        context.scratch().give(scratch);
        params.set(JAVA_FLOAT, 0, scale);
        params.set(JAVA_FLOAT, JAVA_FLOAT.byteSize(), zeroPoint);
    }

    private void extremes(MemorySegment src, long first, long count, MemorySegment scratch, long part) {
        MemorySegment from = NativeContext.from(src, first * Float.BYTES);
        long at = EXTREMES_AT + part * EXTREMES_BYTES;
        context.elements().reduce(context.isa(), ReduceSpec.Kind.MIN.ordinal(), 1, count, 1, from, scratch.asSlice(at));
        context.elements().reduce(context.isa(), ReduceSpec.Kind.MAX.ordinal(), 1, count, 1, from,
                scratch.asSlice(at + JAVA_FLOAT.byteSize()));
    }

    private void levels(MemorySegment src, long first, long count, MemorySegment scratch, MemorySegment levels) {
        context.elements().quantize(context.isa(), Libtersor.typeCode(DataType.U8), 1, 1, count,
                NativeContext.from(src, first * Float.BYTES), scratch, scratch.asSlice(ZERO_POINT_AT),
                NativeContext.from(levels, first));
    }

    @Override
    protected void dequantize(long m, MemorySegment sums, MemorySegment params, MemorySegment dst, long ldDst) {
        throw new IllegalStateException("products of bytes have no sums here: " + spec());
    }
}
