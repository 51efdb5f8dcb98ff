package io.tersor.backend.onednn;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.ffm.onednn.Dnnl;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Residual;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Bfloat16;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@link Epilogue} in oneDNN's terms: dst = saturate(round(post-ops(acc * weightsScale[n] + bias[n]) + zeroPoint)),
 * with the multipliers as the weights' scales, so that everything is in the units of the epilogue. The post-ops are the
 * residual, the function with the factor that follows it, and the bounds. oneDNN may fuse a multiplication with an
 * addition and adds the zero point before it rounds, hence the one unit of difference. It adds a bias after scaling, in
 * binary32, so an s32 bias is scaled too; where dst is the accumulator itself, which binary32 cannot hold, the bias is
 * added here instead.
 */
final class OnednnEpilogue {
    private static final long EXACT_IN_FLOAT = 1 << 24;

    private final Epilogue epilogue;
    private final int srcZeroPoint;
    private final boolean perChannel;
    private final int[] weightsZeroPoints;

    /**
     * Returns why oneDNN would not compute what is asked for. Only the plain sum of u8 times s8 stays an integer
     * throughout: with zero points, or s8 src (which it shifts to u8), the sum passes through binary32.
     *
     * @param reduction the number of products in a sum
     */
    static Optional<String> refusal(DataType src, DataType dst, long reduction, QuantParams srcParams,
            QuantParams weightsParams) {
        if (!weightsParams.isSymmetric() && weightsParams.isPerChannel()) {
            return Optional.of("oneDNN's results are wrong for weights with a zero point for each channel");
        }
        boolean plain = src == DataType.U8 && srcParams.isSymmetric() && weightsParams.isSymmetric();
        long largestSum = reduction * 255 * (weightsParams.isSymmetric() ? 128 : 255);
        return dst == DataType.S32 && !plain && largestSum > EXACT_IN_FLOAT
                ? Optional.of("oneDNN rounds s32 sums of this length to float32") : Optional.empty();
    }

    /** Returns why oneDNN would not add a residual or apply a function as it is asked for. */
    static Optional<String> refusal(DataType src, DataType dst, Optional<Residual> residual,
            ActivationFunction function) {
        if (dst.isFloating() && residual.isPresent() && !residual.get().params().isSymmetric()) {
            return Optional.of("oneDNN subtracts a residual's zero point too late for a floating dst to keep its bits");
        }
        if (src.isFloating() && residual.isPresent() && !residual.get().type().isFloating()) {
            return Optional.of("oneDNN scales real sums to the units of a residual and back, which costs them bits");
        }
        boolean mayBeInfinite = src.isFloating() || residual.isPresent() && residual.get().type() == DataType.F32;
        return mayBeInfinite && function != ActivationFunction.IDENTITY
                ? Optional.of("oneDNN's " + function + " of an infinity is NaN") : Optional.empty();
    }

    /** Returns why oneDNN would not apply the function to a bias as it is asked for. */
    Optional<String> refusal() {
        boolean infinite = false;
        for (float offset : epilogue.offsets()) {
            infinite |= Float.isInfinite(offset);
        }
        return infinite && epilogue.function() != ActivationFunction.IDENTITY
                ? Optional.of("oneDNN's " + epilogue.function() + " of an infinite bias is NaN") : Optional.empty();
    }

    /** Returns a bias of zeros, for finding out what oneDNN has without knowing the values. */
    static Optional<Tensor> placeholder(Arena arena, Bias bias, long outputs) {
        return switch (bias) {
            case NONE -> Optional.empty();
            case F32 -> Optional.of(Tensor.allocate(arena, DataType.F32, Shape.of(outputs)));
            case S32 -> Optional.of(Tensor.allocate(arena, DataType.S32, Shape.of(outputs)));
        };
    }

    /**
     * @param outputs the number of output channels
     */
    OnednnEpilogue(Epilogue epilogue, QuantParams srcParams, QuantParams weightsParams, int outputs) {
        this.epilogue = epilogue;
        this.srcZeroPoint = srcParams.zeroPoint();
        this.perChannel = weightsParams.isPerChannel();
        this.weightsZeroPoints = new int[weightsParams.isSymmetric() ? 0 : perChannel ? outputs : 1];
        for (int n = 0; n < weightsZeroPoints.length; n++) {
            weightsZeroPoints[n] = weightsParams.zeroPoint(n);
        }
    }

    /**
     * Returns the attributes of a primitive; the residual, if there is one, is what dst holds before.
     *
     * @param channelMask the axes of the weights that make an output channel, as bits
     */
    Attributes attributes(Arena arena, int channelMask) {
        Attributes attributes = scalesAndZeroPoints(arena, channelMask);
        epilogue.residual().ifPresent(residual -> attributes.addDst(epilogue.residualMultiplier(),
                residual.params().zeroPoint(), residual.type()));
        return finish(attributes);
    }

    /**
     * Returns the attributes of a primitive that is given the residual at execution.
     *
     * @param residual of dst's layout
     */
    Attributes attributes(Arena arena, int channelMask, MemoryDesc residual) {
        Attributes attributes = scalesAndZeroPoints(arena, channelMask);
        // oneDNN cannot scale the residual, but all that it is added to.
        float factor = epilogue.residualMultiplier();
        int shift = epilogue.residual().orElseThrow().params().zeroPoint();
        attributes.linear(1 / factor, 0).add(residual).linear(factor, -shift * factor);
        return finish(attributes);
    }

    private Attributes scalesAndZeroPoints(Arena arena, int channelMask) {
        Attributes attributes = new Attributes(arena);
        int weights = Dnnl.DNNL_ARG_WEIGHTS();
        if (epilogue.multipliers().length > 0) {
            attributes.scales(weights, perChannel ? channelMask : 0);
        }
        if (srcZeroPoint != 0) {
            attributes.zeroPoints(Dnnl.DNNL_ARG_SRC(), 0);
        }
        if (weightsZeroPoints.length > 0) {
            attributes.zeroPoints(weights, perChannel ? channelMask : 0);
        }
        if (epilogue.zeroPoint() != 0) {
            attributes.zeroPoints(Dnnl.DNNL_ARG_DST(), 0);
        }
        return attributes;
    }

    private Attributes finish(Attributes attributes) {
        attributes.function(epilogue.function()).linear(epilogue.outputScale(), 0);
        DataType dst = epilogue.dst();
        if (dst != DataType.U8 && dst != DataType.S8) {
            return epilogue.clamps() ? attributes.clip(epilogue.lo(), epilogue.hi()) : attributes;
        }
        // A bound where the type ends anyway is left to the saturation, which however takes NaN for the highest level.
        boolean low = !mayBeNaN() && epilogue.lo() == (float) (dst.min() - epilogue.zeroPoint());
        boolean high = epilogue.hi() == (float) (dst.max() - epilogue.zeroPoint());
        return attributes.clip(low ? Float.NEGATIVE_INFINITY : epilogue.lo(),
                high ? Float.POSITIVE_INFINITY : epilogue.hi());
    }

    /** Returns whether a result of integer sums may be NaN before it is stored. */
    private boolean mayBeNaN() {
        boolean found = epilogue.residual().isPresent() && epilogue.residual().get().type() == DataType.F32;
        for (float offset : epilogue.offsets()) {
            found |= Float.isNaN(offset);
        }
        return found;
    }

    /** Returns the descriptor of the f32 bias that oneDNN is given, if any. */
    MemoryDesc biasDesc(Arena arena, long... dims) {
        boolean added = epilogue.offsets().length > 0 || epilogue.integerBias().length > 0 && !isAccumulator();
        return added ? MemoryDesc.rowMajor(arena, DataType.F32, dims) : MemoryDesc.NONE;
    }

    private boolean isAccumulator() {
        return epilogue.dst() == DataType.S32;
    }

    /** Returns the operands that the attributes and the bias ask for. */
    List<Plan.Constant> constants(Arena arena) {
        List<Plan.Constant> constants = new ArrayList<>();
        float[] multipliers = epilogue.multipliers();
        if (multipliers.length > 0) {
            constants.add(Plan.Constant.ofFloats(arena, Dnnl.DNNL_ARG_ATTR_SCALES() | Dnnl.DNNL_ARG_WEIGHTS(),
                    perChannel ? multipliers : new float[] {multipliers[0]}));
        }
        int zeroPoints = Dnnl.DNNL_ARG_ATTR_ZERO_POINTS();
        if (srcZeroPoint != 0) {
            constants.add(Plan.Constant.ofInts(arena, zeroPoints | Dnnl.DNNL_ARG_SRC(), srcZeroPoint));
        }
        if (weightsZeroPoints.length > 0) {
            constants.add(Plan.Constant.ofInts(arena, zeroPoints | Dnnl.DNNL_ARG_WEIGHTS(), weightsZeroPoints));
        }
        if (epilogue.zeroPoint() != 0) {
            constants.add(Plan.Constant.ofInts(arena, zeroPoints | Dnnl.DNNL_ARG_DST(), epilogue.zeroPoint()));
        }
        if (epilogue.offsets().length > 0) {
            constants.add(Plan.Constant.ofFloats(arena, Dnnl.DNNL_ARG_BIAS(), epilogue.offsets()));
        } else if (epilogue.integerBias().length > 0 && !isAccumulator()) {
            float[] scaled = new float[multipliers.length];
            for (int n = 0; n < scaled.length; n++) {
                scaled[n] = (float) ((double) epilogue.integerBias()[n] * multipliers[n]);
            }
            constants.add(Plan.Constant.ofFloats(arena, Dnnl.DNNL_ARG_BIAS(), scaled));
        }
        return constants;
    }

    /**
     * Completes what oneDNN has stored: adds the bias to accumulators.
     *
     * @param rows how many runs of all output channels
     * @param stride distance of two runs in elements
     */
    void complete(MemorySegment dst, long rows, long stride) {
        int[] bias = epilogue.integerBias();
        if (isAccumulator() && bias.length > 0) {
            for (long row = 0; row < rows; row++) {
                for (int n = 0; n < bias.length; n++) {
                    long at = row * stride + n;
                    dst.setAtIndex(JAVA_INT, at, dst.getAtIndex(JAVA_INT, at) + bias[n]);
                }
            }
        }
    }

    /**
     * Stores the result of empty sums, for which oneDNN has no primitive.
     *
     * @param residual as dst, maybe dst itself; ignored where the epilogue has none
     * @param rows how many runs of all output channels
     * @param stride distance of two runs in elements
     * @param outputs the number of output channels
     */
    void fill(MemorySegment residual, MemorySegment dst, long rows, long stride, int outputs) {
        DataType type = epilogue.dst();
        for (long row = 0; row < rows; row++) {
            for (int n = 0; n < outputs; n++) {
                long at = row * stride + n;
                int sum = epilogue.integerBias().length == 0 ? 0 : epilogue.integerBias()[n];
                switch (type) {
                    case S32 -> dst.setAtIndex(JAVA_INT, at, sum);
                    case F32 -> dst.setAtIndex(JAVA_FLOAT, at, empty(sum, n, residual, at));
                    case BF16 -> dst.setAtIndex(JAVA_SHORT, at, Bfloat16.fromFloat(empty(sum, n, residual, at)));
                    default -> dst.set(JAVA_BYTE, at, (byte) epilogue.round(empty(sum, n, residual, at)));
                }
            }
        }
    }

    /** Returns the result of an empty sum, of which the s32 bias is left. */
    private float empty(int bias, int n, MemorySegment residual, long at) {
        float r = epilogue.multipliers().length > 0 ? epilogue.scale(bias, n) : epilogue.offset(0, n);
        return epilogue.activate(epilogue.residual().isEmpty() ? r
                : epilogue.add(r, element(epilogue.residual().get(), residual, at)));
    }

    private static float element(Residual residual, MemorySegment data, long at) {
        int zeroPoint = residual.params().zeroPoint();
        return switch (residual.type()) {
            case U8 -> (data.get(JAVA_BYTE, at) & 0xFF) - zeroPoint;
            case S8 -> data.get(JAVA_BYTE, at) - zeroPoint;
            default -> data.getAtIndex(JAVA_FLOAT, at);
        };
    }
}
