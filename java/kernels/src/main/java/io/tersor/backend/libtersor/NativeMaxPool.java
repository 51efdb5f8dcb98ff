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

/** Maximum pooling of 8-bit images by tersor_max_pool2d; threads share the output lines. */
final class NativeMaxPool extends Unary {
    private final NativeContext context;
    private final int type;
    private final MemorySegment window;

    private NativeMaxPool(NativeContext context, Pool2dSpec spec, Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.type = Libtersor.typeCode(spec.type());
        Window w = spec.window();
        // A tersor_pool2d_window.
        this.window = arena.allocateFrom(ValueLayout.JAVA_INT, w.kh(), w.kw(), w.strideH(), w.strideW(), w.dilationH(),
                w.dilationW(), w.padTop(), w.padLeft());
    }

    static NativeMaxPool prepare(NativeContext context, Pool2dSpec spec, Parallelism parallelism) {
        return NativeContext.building(arena -> new NativeMaxPool(context, spec, parallelism, arena));
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
        context.elements().maxPool2d(context.isa(), type, window, from.dim(0), from.dim(1), from.dim(2), from.dim(3),
                dst.shape().dim(1), dst.shape().dim(2), first, count, src.data(), dst.data());
    }
}
