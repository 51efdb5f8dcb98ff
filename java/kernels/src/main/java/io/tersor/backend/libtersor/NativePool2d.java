package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.Window;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Pooling by tersor_pool2d; threads share the output lines. */
final class NativePool2d extends Unary {
    /** TERSOR_POOL_AVERAGE_TAPS. */
    private static final long MAX_TAPS = 1 << 23;

    private final NativeContext context;
    private final Pool2dSpec pool;
    private final MemorySegment window;

    private NativePool2d(NativeContext context, Pool2dSpec spec, Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.pool = spec;
        Window w = spec.window();
        // A tersor_pool2d_window.
        this.window = arena.allocateFrom(ValueLayout.JAVA_INT, w.kh(), w.kw(), w.strideH(), w.strideW(), w.dilationH(),
                w.dilationW(), w.padTop(), w.padLeft(), w.padBottom(), w.padRight());
    }

    static Optional<String> refusal(Pool2dSpec spec) {
        boolean fits = (long) spec.window().kh() * spec.window().kw() <= MAX_TAPS;
        return fits || spec.kind() == Pool2dSpec.Kind.MAX ? Optional.empty()
                : Optional.of("averages over more than 2^23 pixels");
    }

    static NativePool2d prepare(NativeContext context, Pool2dSpec spec, Parallelism parallelism) {
        return NativeContext.building(arena -> new NativePool2d(context, spec, parallelism, arena));
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long lines = dst.shape().dim(0) * dst.shape().dim(1);
        int threads = parallelism().threads();
        if (threads == 1) {
            lines(src, dst, 0, lines);
            return;
        }
        long length = Math.max(1, lines / (4L * threads));
        parallelism().run(Math.ceilDiv(lines, length),
                part -> lines(src, dst, part * length, Math.min(length, lines - part * length)));
    }

    private void lines(Tensor src, Tensor dst, long first, long count) {
        Shape from = src.shape();
        // A tersor_pooling counts as Kind does.
        context.elements().pool2d(context.isa(), pool.kind().ordinal(), Libtersor.typeCode(pool.type()), window,
                from.dim(0), from.dim(1), from.dim(2), from.dim(3), dst.shape().dim(1), dst.shape().dim(2), first, count,
                pool.srcParams().zeroPoint(), pool.multiplier(), pool.dstParams().zeroPoint(), src.data(), dst.data());
    }
}
