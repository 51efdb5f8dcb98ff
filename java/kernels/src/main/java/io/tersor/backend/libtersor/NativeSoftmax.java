package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SharedUnary;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Softmax by tersor_softmax; threads share the rows. */
final class NativeSoftmax extends SharedUnary {
    /** Elements for which another thread is worth waking. */
    private static final long PART_ELEMENTS = 1 << 13;

    private final NativeContext context;
    private final boolean logarithm;

    NativeSoftmax(NativeContext context, SoftmaxSpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.logarithm = spec.logarithm();
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long columns = src.shape().dim(-1);
        long elements = src.shape().elements();
        share(elements / columns, elements / PART_ELEMENTS, src, dst);
    }

    @Override
    protected void range(long first, long end, Tensor src, Tensor dst) {
        long columns = src.shape().dim(-1);
        long offset = first * columns * Float.BYTES;
        context.elements().softmax(context.isa(), logarithm, end - first, columns,
                NativeContext.from(src.data(), offset), NativeContext.from(dst.data(), offset));
    }
}
