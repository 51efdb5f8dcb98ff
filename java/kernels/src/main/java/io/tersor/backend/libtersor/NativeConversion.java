package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.DequantizeSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.RequantizeSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Quantization, dequantization and requantization by libtersor's functions of these names, on the calling thread: they
 * are bound by memory.
 */
final class NativeConversion extends Unary {
    private final NativeContext context;
    private final int srcType;
    private final int dstType;
    private final QuantParams params;
    private final int channels;
    private final int dstZeroPoint;
    // Scales, or multipliers when requantizing: [channels].
    private final MemorySegment factors;
    private final MemorySegment zeroPoints;

    private NativeConversion(NativeContext context, UnarySpec spec, QuantParams params, float[] factors,
            int dstZeroPoint, Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.srcType = Libtersor.typeCode(spec.srcType());
        this.dstType = Libtersor.typeCode(spec.dstType());
        this.params = params;
        this.channels = factors.length;
        this.dstZeroPoint = dstZeroPoint;
        this.factors = arena.allocateFrom(ValueLayout.JAVA_FLOAT, factors);
        this.zeroPoints = arena.allocateFrom(ValueLayout.JAVA_INT,
                NativeContext.ints(channels, params::zeroPoint));
    }

    static NativeConversion of(NativeContext context, QuantizeSpec spec, Parallelism parallelism) {
        return of(context, spec, spec.params(), scales(spec.params()), 0, parallelism);
    }

    static NativeConversion of(NativeContext context, DequantizeSpec spec, Parallelism parallelism) {
        return of(context, spec, spec.params(), scales(spec.params()), 0, parallelism);
    }

    static NativeConversion of(NativeContext context, RequantizeSpec spec, Parallelism parallelism) {
        float[] multipliers = new float[spec.srcParams().count()];
        for (int channel = 0; channel < multipliers.length; channel++) {
            multipliers[channel] = spec.multiplier(channel);
        }
        return of(context, spec, spec.srcParams(), multipliers, spec.dstParams().zeroPoint(), parallelism);
    }

    private static NativeConversion of(NativeContext context, UnarySpec spec, QuantParams params, float[] factors,
            int dstZeroPoint, Parallelism parallelism) {
        return NativeContext.building(arena -> new NativeConversion(context, spec, params, factors, dstZeroPoint,
                parallelism, arena));
    }

    private static float[] scales(QuantParams params) {
        float[] scales = new float[params.count()];
        for (int channel = 0; channel < scales.length; channel++) {
            scales[channel] = params.scale(channel);
        }
        return scales;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        Shape shape = src.shape();
        if (spec() instanceof QuantizeSpec quantize && quantize.toNhwc()) {
            context.elements().quantizeNhwc(context.isa(), dstType, shape.dim(0), shape.dim(1),
                    shape.dim(2) * shape.dim(3), src.data(), params.scale(), params.zeroPoint(), dst.data());
            return;
        }
        long outer = 1;
        long inner = 1;
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (params.isPerTensor() || axis > params.axis()) {
                inner *= shape.dim(axis);
            } else if (axis < params.axis()) {
                outer *= shape.dim(axis);
            }
        }
        convert(outer, inner, src.data(), dst.data());
    }

    private void convert(long outer, long inner, MemorySegment src, MemorySegment dst) {
        LibtersorElements functions = context.elements();
        switch (spec()) {
            case QuantizeSpec _ -> functions.quantize(context.isa(), dstType, outer, channels, inner, src, factors,
                    zeroPoints, dst);
            case DequantizeSpec _ -> functions.dequantize(context.isa(), srcType, outer, channels, inner, src, factors,
                    zeroPoints, dst);
            default -> functions.requantize(context.isa(), srcType, dstType, outer, channels, inner, src, zeroPoints,
                    factors, dstZeroPoint, dst);
        }
    }
}
