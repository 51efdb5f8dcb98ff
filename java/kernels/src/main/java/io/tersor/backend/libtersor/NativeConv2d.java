package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Window;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Convolution by tersor_i8_conv2d or tersor_f32_conv2d; threads share the output pixels. */
final class NativeConv2d extends Conv2d {
    private final NativeContext context;
    private final String kernelName;
    private final int srcType;
    private final MemorySegment packed;
    private final NativeEpilogue epilogue;
    private final long scratchBytes;
    private final AtomicReference<SharedRun> spare = new AtomicReference<>();

    private NativeConv2d(NativeContext context, Conv2dSpec spec, MemorySegment packed, NativeEpilogue epilogue,
            Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.srcType = Libtersor.typeCode(spec.src());
        this.packed = packed;
        this.epilogue = epilogue;
        this.kernelName = context.library().packedKernelName(packed);
        this.scratchBytes = context.library().packedScratchBytes(packed);
    }

    static NativeConv2d prepare(NativeContext context, Conv2dSpec spec, Tensor weights, Optional<Tensor> bias,
            Parallelism parallelism) {
        return NativeContext.building(arena -> {
            Epilogue epilogue = Epilogue.of(spec, bias);
            MemorySegment packed = pack(context, spec, weights, epilogue, arena);
            return new NativeConv2d(context, spec, packed, NativeEpilogue.of(epilogue, arena), parallelism, arena);
        });
    }

    private static MemorySegment pack(NativeContext context, Conv2dSpec spec, Tensor weights, Epilogue epilogue,
            Arena arena) {
        try (Arena temporary = Arena.ofConfined()) {
            Tensor readable = weights.isContiguous() ? weights : weights.copy(temporary);
            return spec.isInteger() ? packIntegers(context, spec, readable, epilogue, temporary, arena)
                    : packFloats(context, spec, readable, arena);
        }
    }

    private static MemorySegment packIntegers(NativeContext context, Conv2dSpec spec, Tensor weights,
            Epilogue epilogue, Arena temporary, Arena arena) {
        int srcType = Libtersor.typeCode(spec.src());
        Window w = spec.window();
        int[] zeroPoints = NativeContext.ints(spec.oc(), spec.weightsParams()::zeroPoint);
        MemorySegment packed = arena.allocate(context.library().i8Conv2dPackedBytes(context.isa(), srcType, spec.ic(),
                spec.oc(), w.kh(), w.kw(), spec.groups()), Libtersor.ALIGNMENT_BYTES);
        context.library().i8Conv2dPack(context.isa(), srcType, spec.ic(), spec.oc(), w.kh(), w.kw(), w.strideH(),
                w.strideW(), w.padTop(), w.padLeft(), w.padBottom(), w.padRight(), w.dilationH(), w.dilationW(),
                spec.groups(), weights.data(), spec.srcParams().zeroPoint(),
                NativeContext.intsOrNull(zeroPoints, temporary),
                NativeContext.intsOrNull(epilogue.integerBias(), temporary), packed);
        return packed;
    }

    private static MemorySegment packFloats(NativeContext context, Conv2dSpec spec, Tensor weights, Arena arena) {
        Window w = spec.window();
        MemorySegment packed = arena.allocate(context.library().f32Conv2dPackedBytes(context.isa(), spec.ic(),
                spec.oc(), w.kh(), w.kw(), spec.groups()), Libtersor.ALIGNMENT_BYTES);
        context.library().f32Conv2dPack(context.isa(), spec.ic(), spec.oc(), w.kh(), w.kw(), w.strideH(), w.strideW(),
                w.padTop(), w.padLeft(), w.padBottom(), w.padRight(), w.dilationH(), w.dilationW(), spec.groups(),
                weights.data(), packed);
        return packed;
    }

    @Override
    protected String kernelName() {
        return kernelName;
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        long pixels = n * oh * ow;
        long count = WorkShare.rowsPerPart(pixels, spec().reduction() * spec().oc(), parallelism());
        if (count >= pixels) {
            convolve(n, h, w, 0, pixels, src, dst);
            return;
        }
        // A method reference instead would be an object for each run.
        SharedRun kept = spare.getAndSet(null);
        SharedRun run = kept == null ? new SharedRun() : kept;
        run.set(n, h, w, pixels, count, src, dst);
        try {
            parallelism().run(Math.ceilDiv(pixels, count), run);
        } finally {
            run.set(0, 0, 0, 0, 0, MemorySegment.NULL, MemorySegment.NULL);
            spare.set(run);
        }
    }

    /** A run whose pixels threads share; kept for the next one, so that runs allocate nothing. */
    private final class SharedRun implements Parallelism.Part {
        private long n;
        private long h;
        private long w;
        private long pixels;
        private long count;
        private MemorySegment src = MemorySegment.NULL;
        private MemorySegment dst = MemorySegment.NULL;

        private void set(long images, long height, long width, long allPixels, long partPixels, MemorySegment runSrc,
                MemorySegment runDst) {
            n = images;
            h = height;
            w = width;
            pixels = allPixels;
            count = partPixels;
            src = runSrc;
            dst = runDst;
        }

        @Override
        public void run(long part) {
            convolve(n, h, w, part * count, Math.min(count, pixels - part * count), src, dst);
        }
    }

    private void convolve(long n, long h, long w, long first, long count, MemorySegment src, MemorySegment dst) {
        MemorySegment scratch = context.scratch().take(scratchBytes);
        try {
            if (spec().isInteger()) {
                context.library().i8Conv2d(context.isa(), srcType, n, h, w, first, count, src, packed, epilogue, dst,
                        scratch);
            } else {
                context.library().f32Conv2d(context.isa(), n, h, w, first, count, src, packed, epilogue, dst,
                        scratch);
            }
        } finally {
            context.scratch().give(scratch);
        }
    }
}
