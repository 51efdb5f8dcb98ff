package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.CastSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SharedUnary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Conversions by tersor_cast; threads share the elements. */
final class NativeCast extends SharedUnary {
    /** Elements for which another thread is worth waking. */
    private static final long PART_ELEMENTS = 1 << 17;

    private final NativeContext context;
    private final int srcType;
    private final int dstType;

    NativeCast(NativeContext context, CastSpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.srcType = Libtersor.typeCode(spec.srcType());
        this.dstType = Libtersor.typeCode(spec.dstType());
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long elements = src.shape().elements();
        share(elements, elements / PART_ELEMENTS, src, dst);
    }

    @Override
    protected void range(long first, long end, Tensor src, Tensor dst) {
        context.elements().cast(context.isa(), srcType, dstType, end - first,
                NativeContext.from(src.data(), spec().srcType().bytes(first)),
                NativeContext.from(dst.data(), spec().dstType().bytes(first)));
    }
}
