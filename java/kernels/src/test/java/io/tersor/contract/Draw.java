package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.Random;

/** Draws operands and parameters of one case from its own seed. */
final class Draw {
    /** Which zero points the weights have. */
    enum WeightZeros { NONE, TENSOR, CHANNEL }

    /** How a product's result is bounded. */
    enum Bounds { NONE, RELU, CLIP, RELU6 }

    private static final int[] U8_EDGES = {0, 1, 127, 128, 254, 255};
    private static final int[] S8_EDGES = {-128, -127, -1, 0, 1, 127};

    private final Random random;

    Draw(String id) {
        this.random = new Random(id.hashCode() * 0x9E3779B97F4A7C15L);
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    /** Returns values of a type: for 8 bits the whole range with many edges, for reals about [-2, 2]. */
    double[] values(DataType type, long count) {
        double[] values = new double[Math.toIntExact(count)];
        int[] edges = type == DataType.U8 ? U8_EDGES : S8_EDGES;
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (type) {
                case U8, S8 -> random.nextInt(4) == 0 ? edges[random.nextInt(edges.length)]
                        : random.nextInt(256) + (int) type.min();
                case S32 -> random.nextInt(200_001) - 100_000;
                case BF16 -> Levels.bf16(random.nextGaussian());
                default -> (float) (random.nextGaussian());
            };
        }
        return values;
    }

    /** Puts some NaN and infinities among values. */
    void sprinkle(double[] values, int count) {
        double[] specials = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0.0, -0.0};
        for (int i = 0; i < count && values.length > 0; i++) {
            values[random.nextInt(values.length)] = specials[random.nextInt(specials.length)];
        }
    }

    /** Makes some rows of reals all zeros of either sign, tiny, or huge. */
    void unusualRows(double[] values, int columns) {
        for (int from = 0; from < values.length; from += columns) {
            double factor = switch (random.nextInt(8)) {
                case 0 -> 0;
                case 1 -> 0x1p-120;
                case 2 -> 0x1p110;
                default -> 1;
            };
            for (int i = from; i < from + columns; i++) {
                values[i] *= factor;
            }
        }
    }

    /** Returns per-tensor parameters; identity for types that have none. */
    QuantParams tensorParams(DataType type, int zeroPoint) {
        return type.isQuantized() ? QuantParams.perTensor(0.01f + random.nextFloat() * 0.1f, zeroPoint)
                : QuantParams.IDENTITY;
    }

    /** Returns the parameters of s8 weights. */
    QuantParams weightsParams(int channels, int axis, boolean perChannel, WeightZeros zeros) {
        boolean channelwise = channels > 0 && (perChannel || zeros == WeightZeros.CHANNEL);
        float[] scales = new float[channelwise ? channels : 1];
        int[] zeroPoints = new int[scales.length];
        int common = random.nextInt(256) - 128;
        for (int i = 0; i < scales.length; i++) {
            scales[i] = 0.002f + random.nextFloat() * 0.02f;
            zeroPoints[i] = switch (zeros) {
                case NONE -> 0;
                case TENSOR -> common;
                case CHANNEL -> random.nextInt(256) - 128;
            };
        }
        return channelwise ? QuantParams.perChannel(axis, scales, zeroPoints)
                : QuantParams.perTensor(scales[0], zeroPoints[0]);
    }

    /**
     * Returns the parameters of a product's result, so that most results fill an 8-bit range and some saturate.
     *
     * @param spread standard deviation of the real results, see {@link #spread}
     */
    QuantParams dstParams(DataType type, double spread, int zeroPoint) {
        return type.isQuantized() ? QuantParams.perTensor((float) (spread / (20 + random.nextInt(80))), zeroPoint)
                : QuantParams.IDENTITY;
    }

    /** Returns about the standard deviation of sums of {@code k} products in real units. */
    static double spread(TypeCombo types, long k, QuantParams src, QuantParams weights) {
        double one = (types.isInteger() ? 90.0 * src.scale() : 1) * (types.sumsIntegers() ? 90.0 * weights.scale() : 1);
        return Math.sqrt(k + 1) * one;
    }

    /** Returns a bias of the given kind, of the size of the sums. */
    double[] bias(Bias kind, int channels, double spread) {
        return switch (kind) {
            case NONE -> new double[0];
            case S32 -> values(DataType.S32, channels);
            case F32 -> {
                double[] values = values(DataType.F32, channels);
                for (int i = 0; i < channels; i++) {
                    values[i] = (float) (values[i] * spread);
                }
                yield values;
            }
        };
    }

    /** Returns an activation whose clip is inside the results' range. */
    static Activation activation(Bounds bounds, double spread) {
        return switch (bounds) {
            case NONE -> Activation.NONE;
            case RELU -> Activation.RELU;
            case RELU6 -> Activation.RELU6;
            case CLIP -> Activation.clip((float) (-0.4 * spread), (float) (0.7 * spread));
        };
    }

    /** Returns a zero point of a type that is lowest, highest, in the middle or odd, by a number from 0 to 3. */
    static int zeroPoint(DataType type, int choice) {
        if (!type.isQuantized()) {
            return 0;
        }
        return switch (choice) {
            case 0 -> type == DataType.U8 ? 128 : 0;
            case 1 -> (int) type.min();
            case 2 -> (int) type.max();
            default -> (int) type.min() + 37;
        };
    }
}
