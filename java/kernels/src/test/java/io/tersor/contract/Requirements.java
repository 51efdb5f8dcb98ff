package io.tersor.contract;

import io.tersor.ffm.NativePlatform;
import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Bias;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.CastSpec;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.CumulateSpec;
import io.tersor.kernel.DequantizeSpec;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.LookupSpec;
import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.MovingSpec;
import io.tersor.kernel.PadSpec;
import io.tersor.kernel.PlaceSpec;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.ReduceSpec;
import io.tersor.kernel.RequantizeSpec;
import io.tersor.kernel.SelectSpec;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What each backend must be able to do, so that neither a missing backend nor one that refuses passes unseen. */
final class Requirements {
    /** System property: comma-separated backends whose absence is expected here, such as {@code native,onednn}. */
    static final String MISSING = "tersor.test.missing";

    /** Backends that must be there unless {@link #MISSING} names them. */
    static final Set<Backend> BACKENDS = EnumSet.allOf(Backend.class);

    /** Products of 255 * 128 whose sum stays below 2^24. */
    private static final int ONEDNN_EXACT_SUM = 512;

    private static final Set<MapFunction> NATIVE_FUNCTIONS = EnumSet.of(MapFunction.ABS, MapFunction.NEG,
            MapFunction.RELU,
            MapFunction.LEAKY_RELU, MapFunction.AFFINE, MapFunction.HARD_SIGMOID, MapFunction.SQRT,
            MapFunction.RECIPROCAL, MapFunction.EXP, MapFunction.SIGMOID, MapFunction.TANH, MapFunction.ERF);

    private Requirements() {}

    /** Returns the backends whose absence is no failure; scalar is never among them. */
    static Set<Backend> expectedMissing() {
        Set<String> names = Arrays.stream(System.getProperty(MISSING, "").split(",")).map(String::strip)
                .collect(Collectors.toSet());
        // The Maven artifact that brings oneDNN is that of Linux on x86-64.
        if (!NativePlatform.current().toString().equals("linux-x86_64")) {
            names.add(Backend.ONEDNN.label());
        }
        return Arrays.stream(Backend.values())
                .filter(backend -> backend != Backend.SCALAR && names.contains(backend.label()))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Backend.class)));
    }

    /** Returns whether a backend must run a spec; what is not asked for here it may refuse. */
    static boolean mustRun(Candidate candidate, KernelSpec spec) {
        return switch (candidate.backend()) {
            case SCALAR -> true;
            case VECTOR -> !(spec instanceof MovingSpec) && !(spec instanceof CumulateSpec)
                    && !(spec instanceof CastSpec) && !(spec instanceof BinarySpec binary && binary.isInteger())
                    && !(spec instanceof SelectSpec) && !(spec instanceof InterpolateSpec);
            case NATIVE -> isSparse(spec) ? claims(candidate, spec) : isProduct(spec) || isConversion(spec)
                    || isPool(spec) || spec instanceof LayerNormSpec || spec instanceof LookupSpec
                    || isProductOfBytes(spec) || isMove(spec) || isUniformAttention(spec) || isReal(spec);
            case ONEDNN -> !isSparse(spec) && isProduct(spec) && isPlain(spec) && !strides(spec) && seesRows(spec)
                    && seesColumns(spec)
                    && (!isInteger(spec) || onednnTakes(candidate, spec));
        };
    }

    private static boolean isSparse(KernelSpec spec) {
        return spec instanceof MatMulSpec matMul && matMul.sparsity().isPresent()
                || spec instanceof Conv2dSpec conv && conv.sparsity().isPresent();
    }

    /** Returns whether the plainest sparse product of the spec's operation, types and format is run. */
    private static boolean claims(Candidate candidate, KernelSpec spec) {
        KernelSpec plainest = switch (spec) {
            case MatMulSpec m -> new MatMulSpec(m.src(), m.weights(), m.dst(), 64, 64, m.srcParams(),
                    QuantParams.IDENTITY, m.dstParams(), Bias.NONE, Activation.NONE).with(m.sparsity());
            case Conv2dSpec c -> new Conv2dSpec(c.src(), c.weights(), c.dst(), 64, 64, Window.of(1, 1), 1,
                    c.srcParams(), QuantParams.IDENTITY, c.dstParams(), Bias.NONE, Activation.NONE)
                    .with(c.sparsity());
            default -> spec;
        };
        return candidate.registry().refusal(candidate.backend(), plainest).isEmpty();
    }

    /** No function, no bf16, nothing quantized or with parameters at run time; residuals of convolutions to 8 bits. */
    private static boolean isPlain(KernelSpec spec) {
        return switch (spec) {
            case MatMulSpec matMul -> matMul.residual().isEmpty() && matMul.activation().isClip()
                    && !matMul.isDynamic() && !matMul.paramsAtRun()
                    && matMul.src() != DataType.BF16 && matMul.dst() != DataType.BF16;
            case Conv2dSpec conv -> conv.activation().isClip()
                    && (conv.residual().isEmpty() || !conv.dst().isFloating());
            default -> true;
        };
    }

    /** Whether windows over one channel have a longer stride along the rows, which oneDNN may get wrong. */
    private static boolean strides(KernelSpec spec) {
        return spec instanceof Conv2dSpec conv && conv.ic() == conv.groups()
                && conv.window().strideW() > conv.window().strideH();
    }

    /** Whether all windows see a pixel along the rows, without which oneDNN may crash. */
    private static boolean seesColumns(KernelSpec spec) {
        return !(spec instanceof Conv2dSpec conv) || conv.isDepthwise() && conv.oc() == conv.ic()
                || (conv.window().dilationW() == 1
                        ? Math.max(conv.window().padLeft(), conv.window().padRight()) < conv.window().kw()
                        : conv.window().padLeft() == 0 && conv.window().padRight() == 0);
    }

    private static boolean isProduct(KernelSpec spec) {
        return spec instanceof MatMulSpec || spec instanceof Conv2dSpec;
    }

    private static boolean isUniformAttention(KernelSpec spec) {
        return spec instanceof AttentionSpec attention && (attention.probabilities().isPresent()
                || Stream.of(attention.q(), attention.k(), attention.v(), attention.dst())
                        .allMatch(operand -> operand.type() == DataType.F32));
    }

    private static boolean isConversion(KernelSpec spec) {
        return spec instanceof QuantizeSpec quantize && quantize.rounding() == Rounding.HALF_EVEN
                || spec instanceof DequantizeSpec || spec instanceof RequantizeSpec;
    }

    private static boolean isProductOfBytes(KernelSpec spec) {
        return spec instanceof BinarySpec binary && binary.isQuantized();
    }

    private static boolean isPool(KernelSpec spec) {
        return spec instanceof Pool2dSpec || spec instanceof GlobalAveragePoolSpec;
    }

    /** Up to TERSOR_MOVE_MAX_RANK axes; three of them padded on both sides, by no more than there is. */
    private static boolean isOfFewParts(PadSpec pad) {
        int padded = 0;
        for (int axis = 0; axis < pad.dst().rank(); axis++) {
            int runs = pad.runs(axis).size();
            padded += runs > 3 ? 4 : runs > 1 ? 1 : 0;
        }
        return pad.dst().rank() <= 8 && padded <= 3;
    }

    /** Up to TERSOR_MOVE_MAX_RANK axes. */
    private static boolean isMove(KernelSpec spec) {
        return spec instanceof TransposeSpec || spec instanceof PlaceSpec || spec instanceof PadSpec pad
                && isOfFewParts(pad)
                || spec instanceof MoveSpec move && move.dims().rank() <= 8;
    }

    /** What tersor_map, tersor_binary, tersor_reduce, tersor_softmax, tersor_cast and tersor_select have. */
    private static boolean isReal(KernelSpec spec) {
        return switch (spec) {
            case MapSpec map -> NATIVE_FUNCTIONS.contains(map.function());
            case ActivationSpec activation -> activation.type() == DataType.F32 && !activation.activation().isNone();
            case BinarySpec binary -> binary.operation() != BinarySpec.Operation.POW;
            case ReduceSpec reduce -> reduce.kind() != ReduceSpec.Kind.LOG_SUM;
            case AddSpec add -> add.dst() == DataType.F32;
            default -> spec instanceof SoftmaxSpec || spec instanceof CastSpec || spec instanceof SelectSpec
                    || spec instanceof InterpolateSpec || spec instanceof CumulateSpec
                            || spec instanceof DynamicQuantizerSpec;
        };
    }

    /** Whether windows see every row; what they need beyond a plain pixel's they may take too little memory for. */
    private static boolean seesRows(KernelSpec spec) {
        return !(spec instanceof Conv2dSpec conv) || conv.window().strideH() <= conv.window().kh()
                || conv.window().kh() == 1 && conv.window().kw() == 1 && !conv.window().isPadded();
    }

    private static boolean isInteger(KernelSpec spec) {
        return spec instanceof MatMulSpec matMul && matMul.isInteger()
                || spec instanceof Conv2dSpec conv && conv.isInteger();
    }

    /**
     * Without VNNI oneDNN's sums saturate at 16 bits; long sums for s32 pass through float32; weights with zero points
     * it knows for some shapes alone; padded windows with more dilation than stride may overrun its memory, and
     * channels that are convolved alone are mistaken.
     */
    private static boolean onednnTakes(Candidate candidate, KernelSpec spec) {
        boolean vnni = Pattern.compile("vnni|bf16|amx|avx10").matcher(candidate.label()).find();
        return vnni && switch (spec) {
            case MatMulSpec matMul -> matMul.weightsParams().isSymmetric()
                    && (matMul.src() == DataType.U8 || matMul.srcParams().isSymmetric()
                            || !candidate.label().contains("amx"))
                    && (matMul.dst() != DataType.S32 || matMul.k() <= ONEDNN_EXACT_SUM);
            case Conv2dSpec conv -> conv.weightsParams().isSymmetric()
                    && (conv.dst() != DataType.S32 || conv.reduction() <= ONEDNN_EXACT_SUM)
                    && (conv.window().dilationH() <= conv.window().strideH()
                            || conv.window().padTop() == 0 && conv.window().padBottom() == 0)
                    && (conv.ic() > conv.groups() || conv.groups() > 1 && conv.oc() == conv.groups()
                            && (conv.window().kh() > 1 || !conv.window().isPadded()));
            default -> false;
        };
    }
}
