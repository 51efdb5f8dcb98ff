package io.tersor.backend.onednn;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Window;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Conv2d on oneDNN's convolution primitive. Which layout of the weights is best depends on the size of the images, so
 * the plain weights are kept and packed when an image size first asks for a layout: once for each layout, mostly one.
 */
final class OnednnConv2d extends Conv2d {
    /** The extent that images are taken to have where oneDNN is asked what it would run. */
    private static final long TYPICAL_EXTENT = 56;

    private final OnednnEpilogue epilogue;
    private final PlanCache plans;
    private final Arena arena;
    private final Tensor plainWeights;
    private final List<Plan.Constant> constants;
    private final List<Packed> packed = new ArrayList<>();
    private final String typicalImplementation;

    /** Weights in one layout. */
    private record Packed(MemoryDesc desc, Plan.Constant operand) {
    }

    private OnednnConv2d(Conv2dSpec spec, Parallelism parallelism, Arena arena, OnednnEpilogue epilogue,
            Tensor weights) {
        super(spec, Backend.ONEDNN, parallelism, arena);
        this.arena = arena;
        this.epilogue = epilogue;
        this.plans = new PlanCache(arena, parallelism.threads(), this::plan);
        this.plainWeights = weights.copy(arena);
        this.constants = epilogue.constants(arena);
        Onednn.setThreads(parallelism.threads());
        try (Arena local = Arena.ofConfined()) {
            this.typicalImplementation = typical(local, spec, epilogue).implementation();
        }
    }

    /** Keeps the weights; the arguments are those of the provider. */
    static Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism) {
        Arena arena = Arena.ofShared();
        try {
            return new OnednnConv2d(spec, parallelism, arena, epilogue(spec, Epilogue.of(spec, bias)), weights);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Returns why oneDNN has nothing good for a spec. */
    static Optional<String> refusal(Conv2dSpec spec) {
        if (spec.residual().isPresent() || !spec.activation().isClip()) {
            return Optional.of("a convolution with a residual or a function is not handed to oneDNN");
        }
        if (!spec.weightsParams().isSymmetric()) {
            return Optional.of("oneDNN's convolution has no zero points of weights");
        }
        Optional<String> inexact = OnednnEpilogue.refusal(spec.src(), spec.dst(), spec.reduction(), spec.srcParams(),
                spec.weightsParams());
        if (inexact.isPresent()) {
            return inexact;
        }
        return PrimitiveDesc.refusal(local -> typical(local, spec,
                epilogue(spec, Epilogue.of(spec, OnednnEpilogue.placeholder(local, spec.bias(), spec.oc())))));
    }

    private static OnednnEpilogue epilogue(Conv2dSpec spec, Epilogue epilogue) {
        return new OnednnEpilogue(epilogue, spec.srcParams(), spec.weightsParams(), spec.oc());
    }

    private static PrimitiveDesc typical(Arena arena, Conv2dSpec spec, OnednnEpilogue epilogue) {
        Window window = spec.window();
        long h = Math.max(TYPICAL_EXTENT, (long) window.dilationH() * window.kh());
        long w = Math.max(TYPICAL_EXTENT, (long) window.dilationW() * window.kw());
        return describe(arena, spec, epilogue, MemoryDesc.nhwc(arena, spec.src(), 1, spec.ic(), h, w),
                MemoryDesc.nhwc(arena, spec.dst(), 1, spec.oc(), window.outHeight(h), window.outWidth(w)));
    }

    private static PrimitiveDesc describe(Arena arena, Conv2dSpec spec, OnednnEpilogue epilogue, MemoryDesc src,
            MemoryDesc dst) {
        // An output channel is one index of the first axis, or of the first two where there are groups.
        Attributes attributes = epilogue.attributes(arena, spec.groups() == 1 ? 0b1 : 0b11);
        return PrimitiveDesc.convolution(arena, src, MemoryDesc.any(arena, spec.weights(), weightsDims(spec)),
                epilogue.biasDesc(arena, spec.oc()), dst, spec.window(), attributes);
    }

    private static long[] weightsDims(Conv2dSpec spec) {
        Window window = spec.window();
        int groups = spec.groups();
        return groups == 1 ? new long[] {spec.oc(), spec.ic(), window.kh(), window.kw()}
                : new long[] {groups, spec.oc() / groups, spec.ic() / groups, window.kh(), window.kw()};
    }

    private Plan plan(Arena owner, long n, long h, long w, long unused1, long unused2) {
        Conv2dSpec spec = spec();
        try (Arena local = Arena.ofConfined()) {
            MemoryDesc src = MemoryDesc.nhwc(local, spec.src(), n, spec.ic(), h, w);
            MemoryDesc dst = MemoryDesc.nhwc(local, spec.dst(), n, spec.oc(), spec.window().outHeight(h),
                    spec.window().outWidth(w));
            PrimitiveDesc desc = describe(local, spec, epilogue, src, dst);
            List<Plan.Constant> operands = new ArrayList<>(constants);
            operands.add(weights(desc.weights()));
            return new Plan(owner, parallelism().threads(), desc, src, Optional.empty(), dst, operands);
        }
    }

    private Plan.Constant weights(MemoryDesc asked) {
        synchronized (packed) {
            for (Packed known : packed) {
                if (known.desc.isSame(asked)) {
                    return known.operand;
                }
            }
            MemoryDesc desc = asked.copy(arena);
            try (Arena local = Arena.ofConfined()) {
                Packed added = new Packed(desc, Weights.pack(arena,
                        MemoryDesc.rowMajor(local, spec().weights(), weightsDims(spec())), plainWeights.data(), desc));
                packed.add(added);
                return added.operand;
            }
        }
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        Window window = spec().window();
        boolean seesImage = meets(h, oh, window.padTop(), window.kh(), window.strideH(), window.dilationH())
                && meets(w, ow, window.padLeft(), window.kw(), window.strideW(), window.dilationW());
        if (seesImage) {
            plans.run(n, h, w, 0, src, dst);
            epilogue.complete(dst, n * oh * ow, spec().oc());
        } else {
            // oneDNN has no empty images, and crashes where no output sees a pixel (3.11, brgemm_convolution_fwd_t).
            epilogue.fill(dst, n * oh * ow, spec().oc(), spec().oc());
        }
    }

    /** Returns whether along one axis any output position sees a pixel of the image. */
    private static boolean meets(long extent, long out, int padding, int kernel, int stride, int dilation) {
        for (long position = 0; position < out; position++) {
            for (long tap = 0; tap < kernel; tap++) {
                long at = position * stride - padding + tap * dilation;
                if (at >= 0 && at < extent) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    protected String kernelName() {
        return typicalImplementation;
    }
}
