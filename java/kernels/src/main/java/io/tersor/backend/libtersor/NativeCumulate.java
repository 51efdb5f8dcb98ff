package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.CumulateSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SharedUnary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Cumulative sums by tersor_cumulate; threads share the outer axis. */
final class NativeCumulate extends SharedUnary {
    private final NativeContext context;
    private final CumulateSpec spec;

    NativeCumulate(NativeContext context, CumulateSpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.spec = spec;
    }

    @Override
    protected String kernelName() {
        return spec.name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        share(src.shape().dim(0), src.shape().elements() / WorkShare.ELEMENTS, src, dst);
    }

    @Override
    protected void range(long first, long end, Tensor src, Tensor dst) {
        long count = src.shape().dim(1);
        long inner = src.shape().dim(2);
        long at = first * count * inner * Float.BYTES;
        context.elements().cumulate(context.isa(), spec.exclusive(), spec.reverse(), end - first, count, inner,
                NativeContext.from(src.data(), at), NativeContext.from(dst.data(), at));
    }
}
