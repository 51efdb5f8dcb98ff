package io.tersor.bench.product;

import io.tersor.bench.measure.VerificationException;
import io.tersor.kernel.ProductBuilder;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;

/**
 * Seeded constants of a product as a layer of a network has them: 8-bit weights with a scale per channel, a bias and
 * ReLU; plain sums have none of these.
 *
 * @param weights in the kernel's layout
 * @param bias one f32 for each channel
 * @param srcParams of src, identity where it is not quantized
 * @param weightsParams of the weights, likewise
 * @param dstParams of dst, likewise
 * @param slack how far an element of a channel may be off besides rounding errors, in steps of dst; 0 for our own
 *     backends
 */
public record Constants(ProductTypes types, Tensor weights, Optional<Tensor> bias, QuantParams srcParams,
        QuantParams weightsParams, QuantParams dstParams, IntToDoubleFunction slack) {
    private static final IntToDoubleFunction NONE = _ -> 0;

    /**
     * Returns constants that live as long as the arena.
     *
     * @param channelAxis the axis of the weights that counts the channels
     * @param reduction how many products a sum has
     */
    public static Constants random(Arena arena, RandomValues random, ProductTypes types, Shape weightsShape,
            int channelAxis, long reduction, RandomValues.Range range) {
        Tensor weights = random.tensor(arena, types.weights(), weightsShape, range);
        if (types.isPlain()) {
            return new Constants(types, weights, Optional.empty(), QuantParams.IDENTITY, QuantParams.IDENTITY,
                    QuantParams.IDENTITY, NONE);
        }
        int channels = Math.toIntExact(weightsShape.dim(channelAxis));
        Tensor bias = random.tensor(arena, DataType.F32, Shape.of(channels), RandomValues.Range.FULL);
        return new Constants(types, weights, Optional.of(bias),
                types.src().isQuantized() ? QuantParams.perTensor(0.02f, types.srcZeroPoint()) : QuantParams.IDENTITY,
                types.multipliesBytes() ? QuantParams.perChannel(channelAxis, random.scales(channels))
                        : QuantParams.IDENTITY,
                dstParams(types.dst(), reduction), NONE);
    }

    /** Returns the same constants, where elements may be off by as much as a channel's slack. */
    public Constants with(IntToDoubleFunction other) {
        return new Constants(types, weights, bias, srcParams, weightsParams, dstParams, other);
    }

    /** Returns the product of f32 that has the same bias and other weights, where a channel has some slack. */
    public Constants ofFloats(Tensor floats, IntToDoubleFunction other) {
        return new Constants(ProductTypes.F32F32F32, floats, bias, QuantParams.IDENTITY, QuantParams.IDENTITY,
                QuantParams.IDENTITY, other);
    }

    /** Sums of k products spread as sqrt(k): a scale that uses the type's range for every k. */
    private static QuantParams dstParams(DataType dst, long k) {
        return switch (dst) {
            case U8 -> QuantParams.perTensor((float) (0.01 * Math.sqrt(k)), 0);
            case S8 -> QuantParams.perTensor((float) (0.02 * Math.sqrt(k)), 0);
            default -> QuantParams.IDENTITY;
        };
    }

    /** Sets all of it in a builder for these types. */
    public <B extends ProductBuilder<B, ?>> B addTo(B builder) {
        B product = builder.source(srcParams).destination(dstParams);
        product = types.multipliesBytes() && !types.isPlain()
                ? product.weights(new QuantizedTensor(weights, weightsParams)) : product.weights(weights);
        return bias.isPresent() ? product.bias(bias.get()).relu() : product;
    }

    /**
     * Compares an element of the result with what it must be.
     *
     * <p>A result in an 8-bit type is right if it is a nearest integer, where a tie may go either way within the
     * rounding errors of the scaling in binary32; an s32 one if it is the sum; a floating-point one if it lies within
     * the rounding errors of a sum of as many products in binary32, and of its own type; all within the slack besides.
     *
     * @param sum of the products, in float64
     * @param magnitude sum of the products' magnitudes
     * @param srcScale what the sum is multiplied by besides the channel's scale
     * @param place for the message
     * @throws VerificationException if it is wrong
     */
    public void check(double actual, int channel, double sum, double magnitude, double srcScale, Place place) {
        double scale = srcScale * weightsParams.scale(channel) / dstParams.scale();
        double shift = bias.map(values -> values.get(channel) / dstParams.scale()).orElse(0.0);
        double expected = sum * scale + shift;
        if (bias.isPresent()) {
            expected = Math.max(expected, 0);
        }
        double error = 0x1p-21 * (magnitude * scale + Math.abs(shift)) + slack.applyAsDouble(channel);
        DataType type = types.dst();
        double tolerance = switch (type) {
            case S32 -> 0;
            case BF16 -> error + 0x1p-8 * Math.abs(expected);
            case F32 -> error;
            default -> {
                expected = Math.clamp(expected + dstParams.zeroPoint(), type.min(), type.max());
                yield 0.5 + error;
            }
        };
        if (!(Math.abs(actual - expected) <= tolerance)) {
            throw new VerificationException(place.describe() + " is " + actual + ", expected " + expected + " within "
                    + tolerance);
        }
    }

    /** Names an element, once it is wrong. */
    @FunctionalInterface
    public interface Place {
        /** Returns who computed it, the workload and the indices. */
        String describe();
    }
}
