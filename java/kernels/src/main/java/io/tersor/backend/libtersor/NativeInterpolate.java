package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Interpolate;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Weighted sums by tersor_interpolate. */
final class NativeInterpolate extends Interpolate {
    private final NativeContext context;

    NativeInterpolate(NativeContext context, InterpolateSpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(long first, long count, Tensor src, Tensor index, Tensor weights, Tensor dst) {
        long extent = src.shape().dim(1);
        long inner = src.shape().dim(2);
        long taps = index.shape().dim(0);
        long positions = index.shape().dim(1);
        boolean inside = context.elements().interpolate(context.isa(), count, extent, inner, positions, taps,
                index.data(), weights.data(), NativeContext.from(src.data(), first * extent * inner * Float.BYTES),
                NativeContext.from(dst.data(), first * positions * inner * Float.BYTES));
        if (!inside) {
            throw beyond(index, extent);
        }
    }
}
