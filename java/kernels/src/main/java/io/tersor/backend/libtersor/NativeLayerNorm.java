package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Normalization by tersor_layer_norm; threads share the rows. */
final class NativeLayerNorm extends LayerNorm {
    /** Rows of about so many elements are worth a part of their own. */
    private static final int PART_ELEMENTS = 16_384;

    private final NativeContext context;
    private final int dstType;
    // [columns], for bytes in units of dst's levels; or NULL where the one is 1 and the other 0.
    private final MemorySegment scale;
    private final MemorySegment bias;

    private NativeLayerNorm(NativeContext context, LayerNormSpec spec, float[] scale, float[] bias,
            Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.dstType = Libtersor.typeCode(spec.dst());
        boolean plain = spec.dst() == DataType.F32 && are(1, scale) && are(0, bias);
        this.scale = plain ? MemorySegment.NULL : arena.allocateFrom(ValueLayout.JAVA_FLOAT, scale);
        this.bias = plain ? MemorySegment.NULL : arena.allocateFrom(ValueLayout.JAVA_FLOAT, bias);
    }

    static NativeLayerNorm prepare(NativeContext context, LayerNormSpec spec, Tensor scale, Optional<Tensor> bias,
            Parallelism parallelism) {
        float unit = spec.dst() == DataType.F32 ? 1 : spec.outputScale();
        float[] scales = times(scale.toFloats(), unit);
        float[] biases = times(bias.map(Tensor::toFloats).orElse(new float[spec.columns()]), unit);
        return NativeContext.building(
                arena -> new NativeLayerNorm(context, spec, scales, biases, parallelism, arena));
    }

    private static boolean are(float value, float[] values) {
        for (float one : values) {
            if (one != value) {
                return false;
            }
        }
        return true;
    }

    private static float[] times(float[] values, float factor) {
        float[] products = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            products[i] = values[i] * factor;
        }
        return products;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(long rows, MemorySegment src, MemorySegment dst) {
        if (parallelism().threads() == 1) {
            normalize(rows, src, dst);
            return;
        }
        long length = Math.ceilDiv(PART_ELEMENTS, spec().columns());
        parallelism().run(Math.ceilDiv(rows, length),
                part -> rows(part * length, Math.min(length, rows - part * length), src, dst));
    }

    private void rows(long first, long count, MemorySegment src, MemorySegment dst) {
        long columns = spec().columns();
        long dstBytes = columns * spec().dst().bits() / Byte.SIZE;
        normalize(count, src.asSlice(first * columns * Float.BYTES), dst.asSlice(first * dstBytes));
    }

    private void normalize(long rows, MemorySegment src, MemorySegment dst) {
        context.elements().layerNorm(context.isa(), dstType, spec().centered(), rows, spec().columns(), spec().epsilon(),
                scale, bias, spec().dstParams().zeroPoint(), src, dst);
    }
}
