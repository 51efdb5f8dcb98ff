package io.tersor.backend.libtersor;

import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.ReduceSpec;
import io.tersor.kernel.SharedUnary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Reductions by tersor_reduce; threads share the outer axis. */
final class NativeReduce extends SharedUnary {
    private final NativeContext context;
    private final int kind;

    NativeReduce(NativeContext context, ReduceSpec spec, Parallelism parallelism) {
        refusal(spec).ifPresent(reason -> {
            throw new UnsupportedKernelException(Backend.NATIVE.label(), spec, reason);
        });
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        // A tersor_reduction has the same order.
        this.kind = spec.kind().ordinal();
    }

    static Optional<String> refusal(ReduceSpec spec) {
        return spec.kind() == ReduceSpec.Kind.LOG_SUM ? Optional.of("no logarithms") : Optional.empty();
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        share(src.shape().dim(0), src.shape().elements() / WorkShare.ELEMENTS, src, dst);
    }

    @Override
    protected void range(long first, long end, Tensor src, Tensor dst) {
        long count = src.shape().dim(1);
        long inner = src.shape().dim(2);
        context.elements().reduce(context.isa(), kind, end - first, count, inner,
                NativeContext.from(src.data(), first * count * inner * Float.BYTES),
                NativeContext.from(dst.data(), first * inner * Float.BYTES));
    }
}
