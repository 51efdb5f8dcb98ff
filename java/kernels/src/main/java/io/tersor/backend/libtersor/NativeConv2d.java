package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Window;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Convolution by tersor_conv2d, by Winograd's minimal filtering where {@link PrepareOptions#normwiseErrors()} lets it, and
 * of bytes on AVX2, where that is exact; threads share the output lines, or the channels where these are many.
 */
final class NativeConv2d extends Conv2d {
    /** Values of tersor_accuracy. */
    private static final int COMPONENTWISE = 0;
    private static final int NORMWISE = 1;

    private final NativeContext context;
    private final String kernelName;
    private final MemorySegment packed;
    private final MemorySegment epilogue;
    private final long scratchBytes;
    private final AtomicReference<SharedRun> spare = new AtomicReference<>();

    private NativeConv2d(NativeContext context, Conv2dSpec spec, MemorySegment packed, MemorySegment epilogue,
            Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.packed = packed;
        this.epilogue = epilogue;
        this.kernelName = context.products().packedKernelName(packed);
        this.scratchBytes = context.products().packedScratchBytes(packed);
    }

    static NativeConv2d prepare(NativeContext context, Conv2dSpec spec, Tensor weights, Optional<Tensor> bias,
            PrepareOptions options) {
        return NativeContext.building(arena -> {
            Epilogue epilogue = Epilogue.of(spec, bias);
            MemorySegment packed = pack(context, spec, weights, epilogue, options.normwise(), arena);
            return new NativeConv2d(context, spec, packed, NativeEpilogue.of(epilogue, arena),
                    options.parallelism(), arena);
        });
    }

    private static MemorySegment pack(NativeContext context, Conv2dSpec spec, Tensor weights, Epilogue epilogue,
            boolean normwise, Arena arena) {
        int srcType = Libtersor.typeCode(spec.src());
        int weightsType = Libtersor.typeCode(spec.weights());
        int accuracy = normwise ? NORMWISE : COMPONENTWISE;
        int sparsity = Sparsity.code(spec.sparsity(), spec.weights());
        try (Arena temporary = Arena.ofConfined()) {
            Tensor readable = weights.isContiguous() ? weights : weights.copy(temporary);
            MemorySegment geometry = geometry(spec, temporary);
            int[] zeroPoints = spec.isInteger()
                    ? NativeContext.ints(spec.oc(), spec.weightsParams()::zeroPoint) : new int[0];
            boolean hasZeroPoints = Arrays.stream(zeroPoints).anyMatch(zeroPoint -> zeroPoint != 0);
            MemorySegment packed = context.weights().allocate(context.products().conv2dPackedBytes(context.isa(), srcType,
                    weightsType, sparsity, accuracy, geometry, hasZeroPoints, readable.data()), arena);
            context.products().conv2dPack(context.isa(), srcType, weightsType, sparsity, accuracy, geometry,
                    readable.data(), spec.srcParams().zeroPoint(), NativeContext.intsOrNull(zeroPoints, temporary),
                    NativeContext.intsOrNull(epilogue.integerBias(), temporary), packed);
            return packed;
        }
    }

    /** Returns a tersor_conv2d_geometry. */
    private static MemorySegment geometry(Conv2dSpec spec, Arena arena) {
        Window w = spec.window();
        return arena.allocateFrom(JAVA_LONG, spec.ic(), spec.oc(), w.kh(), w.kw(), spec.groups(), w.strideH(),
                w.strideW(), w.padTop(), w.padLeft(), w.padBottom(), w.padRight(), w.dilationH(), w.dilationW());
    }

    @Override
    protected String kernelName() {
        return kernelName;
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        long lines = n * oh;
        long oc = spec().oc();
        long channels = spec().groups() > 1 ? oc : WorkShare.columnsPerPart(lines * ow, oc, spec().reduction(),
                spec().weights().alignment(), WorkShare.CHANNELS, parallelism());
        long partLines = channels < oc ? lines
                : WorkShare.linesPerPart(lines, ow * spec().reduction() * oc, parallelism());
        if (partLines >= lines && channels >= oc) {
            convolve(n, h, w, 0, lines, 0, oc, src, residual, dst);
            return;
        }
        // A method reference instead would be an object for each run.
        SharedRun kept = spare.getAndSet(null);
        SharedRun run = kept == null ? new SharedRun() : kept;
        run.share(lines, partLines, channels);
        run.set(n, h, w, src, residual, dst);
        try {
            parallelism().run(channels < oc ? Math.ceilDiv(oc, channels) : Math.ceilDiv(lines, partLines), run);
        } finally {
            run.set(0, 0, 0, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL);
            spare.set(run);
        }
    }

    /** A run that threads share; kept for the next one, so that runs allocate nothing. */
    private final class SharedRun implements Parallelism.Part {
        private long lines;
        private long partLines;
        private long partChannels;
        private long n;
        private long h;
        private long w;
        private MemorySegment src = MemorySegment.NULL;
        private MemorySegment residual = MemorySegment.NULL;
        private MemorySegment dst = MemorySegment.NULL;

        /** Lines or channels of a part are all there are. */
        private void share(long allLines, long linesOfPart, long channelsOfPart) {
            lines = allLines;
            partLines = linesOfPart;
            partChannels = channelsOfPart;
        }

        private void set(long images, long height, long width, MemorySegment runSrc, MemorySegment runResidual,
                MemorySegment runDst) {
            n = images;
            h = height;
            w = width;
            src = runSrc;
            residual = runResidual;
            dst = runDst;
        }

        @Override
        public void run(long part) {
            long oc = spec().oc();
            long firstChannel = partChannels < oc ? part * partChannels : 0;
            long firstLine = partChannels < oc ? 0 : part * partLines;
            convolve(n, h, w, firstLine, Math.min(partLines, lines - firstLine), firstChannel,
                    Math.min(partChannels, oc - firstChannel), src, residual, dst);
        }
    }

    private void convolve(long n, long h, long w, long firstLine, long lines, long firstChannel, long channels,
            MemorySegment src, MemorySegment residual, MemorySegment dst) {
        MemorySegment scratch = context.scratch().take(scratchBytes);
        try {
            context.products().conv2d(packed, epilogue, n, h, w, firstLine, lines, firstChannel, channels, src,
                    residual, dst, scratch);
        } finally {
            context.scratch().give(scratch);
        }
    }
}
