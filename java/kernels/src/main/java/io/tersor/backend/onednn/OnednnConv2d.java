package io.tersor.backend.onednn;

import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Window;
import io.tersor.tensor.DataType;
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

    /** Returns why oneDNN does not take a bias. */
    static Optional<String> refusal(Conv2dSpec spec, Optional<Tensor> bias) {
        return epilogue(spec, Epilogue.of(spec, bias)).refusal();
    }

    /** Returns why oneDNN has nothing good for a spec. */
    static Optional<String> refusal(Conv2dSpec spec) {
        if (!spec.weightsParams().isSymmetric()) {
            return Optional.of("oneDNN's convolution has no zero points of weights");
        }
        if (overrunsHeap(spec)) {
            return Optional.of("oneDNN overruns its memory for padded, dilated windows of s8 or shifted sources");
        }
        if (missesColumns(spec)) {
            return Optional.of("oneDNN crashes where windows may see nothing but padding on the left or right");
        }
        if (mistakesResiduals(spec)) {
            return Optional.of("oneDNN is wrong for residuals where a stride leaves out as much as padding adds");
        }
        if (mistakesShifts(spec)) {
            return Optional.of("oneDNN is wrong for s8 or shifted sources whose channels are convolved alone");
        }
        if (Onednn.get().hasAvx512() && skipsRows(spec.window())) {
            return Optional.of("oneDNN may reserve too little memory for windows lower than their stride on AVX-512");
        }
        if (Onednn.get().hasAvx512() && mistakesRows(spec)) {
            return Optional.of("oneDNN is wrong on AVX-512 for one channel with a stride along its rows alone");
        }
        Optional<String> inexact = OnednnEpilogue.refusal(spec.src(), spec.dst(), spec.reduction(), spec.srcParams(),
                spec.weightsParams())
                .or(() -> OnednnEpilogue.refusal(spec.src(), spec.dst(), spec.residual(),
                        spec.activation().function()));
        if (inexact.isPresent()) {
            return inexact;
        }
        return PrimitiveDesc.refusal(local -> typical(local, spec,
                epilogue(spec, Epilogue.of(spec, OnednnEpilogue.placeholder(local, spec.bias(), spec.oc())))));
    }

    /**
     * Returns whether creating the primitive may write behind a vector on oneDNN's heap (3.13, brgemm_convolution_fwd_t
     * by blocks of rows): where padding makes it correct the sums of a shifted src, it keeps the ranges of the kernel's
     * rows that see the image. It has room for one output row for each such range and one block more, but ranges last
     * for several rows where the dilation exceeds the stride. It shifts s8 itself, except on AMX.
     */
    private static boolean overrunsHeap(Conv2dSpec spec) {
        Window window = spec.window();
        return isShifted(spec) && window.kh() > 1 && window.dilationH() > window.strideH()
                && (window.padTop() > 0 || window.padBottom() > 0);
    }

    private static boolean isShifted(Conv2dSpec spec) {
        return spec.src() == DataType.S8 || spec.src() == DataType.U8 && !spec.srcParams().isSymmetric();
    }

    private static boolean isDepthwise(Conv2dSpec spec) {
        return spec.isDepthwise() && spec.oc() == spec.ic();
    }

    /**
     * Returns whether columns of the result may see no pixel of some image: brgemm_convolution_fwd_t (3.13) calls a
     * kernel that it has not made where a thread's block of columns is such. Each sees one whose windows have no gaps
     * and are wider than the padding, or where one of the taps stays inside of both sides' padding.
     */
    static boolean missesColumns(Conv2dSpec spec) {
        Window window = spec.window();
        int dilation = window.kw() == 1 ? 1 : window.dilationW();
        boolean seen = dilation == 1 ? Math.max(window.padLeft(), window.padRight()) < window.kw()
                : Math.ceilDiv(window.padLeft(), dilation) + Math.ceilDiv(window.padRight(), dilation) < window.kw();
        return !seen && !isDepthwise(spec);
    }

    /**
     * Returns whether a residual that lies in dst may be mistaken (3.13, brgemm_convolution_fwd_t without a buffer for
     * its sums, which is that of f32): for images of which windows leave out as many columns on the right as padding
     * adds, their last stride being longer than the padding.
     */
    static boolean mistakesResiduals(Conv2dSpec spec) {
        Window window = spec.window();
        return !spec.isInteger() && spec.residual().isPresent() && !isDepthwise(spec) && window.padLeft() > 0
                && window.strideW() > window.padLeft() + window.padRight();
    }

    /**
     * Returns whether the correction of a shifted src may be wrong (3.13, AVX-512) where every output sees one channel:
     * for more than 16 outputs of a channel, and where windows see padding alone; for depthwise windows of one row with
     * padding above or below. Other shapes of this kind are few and were wrong in 3.11, so all of them are refused.
     */
    static boolean mistakesShifts(Conv2dSpec spec) {
        Window window = spec.window();
        return isShifted(spec) && spec.ic() == spec.groups()
                && (!isDepthwise(spec) || window.kh() == 1 && (window.padTop() > 0 || window.padBottom() > 0));
    }

    /**
     * Returns whether blocks of rows span more of the image than oneDNN 3.11 reserves in its scratchpad
     * (brgemm_convolution_fwd_t where it copies src), which takes no stride for longer than the kernel. In 3.13 it
     * reserves more and no sum was seen to be wrong, but nothing shows that it is enough. A plain 1x1 convolution has
     * an implementation of its own.
     */
    static boolean skipsRows(Window window) {
        boolean plain = window.kh() == 1 && window.kw() == 1 && !window.isPadded();
        return window.strideH() > window.kh() && !plain;
    }

    /**
     * Returns whether sums are wrong (3.13, brgemm_convolution_fwd_t) where the result happens to be one column wide,
     * for several rows of it: windows wider than a pixel, not dilated, that move along the rows of their only channel,
     * and by one pixel from row to row. What is truly depthwise has an implementation of its own.
     */
    static boolean mistakesRows(Conv2dSpec spec) {
        Window window = spec.window();
        return spec.ic() == spec.groups() && !isDepthwise(spec) && window.strideH() == 1 && window.strideW() > 1
                && window.kw() > 1 && window.dilationW() == 1;
    }

    private static OnednnEpilogue epilogue(Conv2dSpec spec, Epilogue epilogue) {
        return new OnednnEpilogue(epilogue, spec.srcParams(), spec.weightsParams(), spec.oc());
    }

    private static PrimitiveDesc typical(Arena arena, Conv2dSpec spec, OnednnEpilogue epilogue) {
        Window window = spec.window();
        long h = Math.max(TYPICAL_EXTENT, (long) window.dilationH() * window.kh());
        long w = Math.max(TYPICAL_EXTENT, (long) window.dilationW() * window.kw());
        long oh = window.outHeight(h);
        long ow = window.outWidth(w);
        Attributes attributes = spec.residual().isPresent()
                ? epilogue.attributes(arena, channelMask(spec),
                        result(arena, spec, spec.residual().get().type(), 1, oh, ow))
                : epilogue.attributes(arena, channelMask(spec));
        return describe(arena, spec, epilogue, MemoryDesc.nhwc(arena, spec.src(), 1, spec.ic(), h, w),
                result(arena, spec, spec.dst(), 1, oh, ow), attributes);
    }

    private static MemoryDesc result(Arena arena, Conv2dSpec spec, DataType type, long n, long oh, long ow) {
        return MemoryDesc.nhwc(arena, type, n, spec.oc(), oh, ow);
    }

    /** An output channel is one index of the weights' first axis, or of the first two where there are groups. */
    private static int channelMask(Conv2dSpec spec) {
        return spec.groups() == 1 ? 0b1 : 0b11;
    }

    private static PrimitiveDesc describe(Arena arena, Conv2dSpec spec, OnednnEpilogue epilogue, MemoryDesc src,
            MemoryDesc dst, Attributes attributes) {
        return PrimitiveDesc.convolution(arena, src, MemoryDesc.any(arena, spec.weights(), weightsDims(spec)),
                epilogue.biasDesc(arena, spec.oc()), dst, spec.window(), attributes);
    }

    private static long[] weightsDims(Conv2dSpec spec) {
        Window window = spec.window();
        int groups = spec.groups();
        return groups == 1 ? new long[] {spec.oc(), spec.ic(), window.kh(), window.kw()}
                : new long[] {groups, spec.oc() / groups, spec.ic() / groups, window.kh(), window.kw()};
    }

    /** {@code separate} is 1 where the residual is not dst. */
    private Plan plan(Arena owner, long n, long h, long w, long separate, long unused) {
        Conv2dSpec spec = spec();
        long oh = spec.window().outHeight(h);
        long ow = spec.window().outWidth(w);
        try (Arena local = Arena.ofConfined()) {
            MemoryDesc src = MemoryDesc.nhwc(local, spec.src(), n, spec.ic(), h, w);
            MemoryDesc dst = result(local, spec, spec.dst(), n, oh, ow);
            Optional<Plan.Operand> residual = Optional.empty();
            Attributes attributes;
            if (separate == 0) {
                attributes = epilogue.attributes(local, channelMask(spec));
            } else {
                MemoryDesc added = result(local, spec, spec.residual().orElseThrow().type(), n, oh, ow);
                attributes = epilogue.attributes(local, channelMask(spec), added);
                residual = Optional.of(new Plan.Operand(attributes.operand(), added, Optional.empty()));
            }
            PrimitiveDesc desc = describe(local, spec, epilogue, src, dst, attributes);
            List<Plan.Constant> operands = new ArrayList<>(constants);
            operands.add(weights(desc.weights()));
            return new Plan(owner, parallelism().threads(), desc, src, residual, dst, operands);
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
            boolean separate = spec().residual().isPresent() && residual.address() != dst.address();
            plans.run(n, h, w, separate ? 1 : 0, 0, src, separate ? residual : src, dst);
            epilogue.complete(dst, n * oh * ow, spec().oc());
        } else {
            // oneDNN has no empty images, and crashes where no output sees a pixel (3.11, brgemm_convolution_fwd_t).
            epilogue.fill(residual, dst, n * oh * ow, spec().oc(), spec().oc());
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
