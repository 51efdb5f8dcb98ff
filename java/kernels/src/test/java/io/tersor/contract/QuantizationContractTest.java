package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.DequantizeSpec;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.RequantizeSpec;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Quantize, dequantize and requantize on every backend: lengths around every register, ties, non-finite numbers. */
@Tag("isa-tiers")
class QuantizationContractTest {
    private static final List<Shape> SHAPES = List.of(Shape.of(0), Shape.of(1), Shape.of(3), Shape.of(7), Shape.of(8),
            Shape.of(15), Shape.of(16), Shape.of(17), Shape.of(31), Shape.of(33), Shape.of(64), Shape.of(65),
            Shape.of(127), Shape.of(1000), Shape.of(4097), Shape.of(), Shape.of(2, 0, 3), Shape.of(5, 7),
            Shape.of(2, 3, 33), Shape.of(3, 16, 5), Shape.of(1, 2, 3, 64), Shape.of(70_001));

    @TestFactory
    Stream<DynamicNode> quantizes() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType type : new DataType[] {U8, S8}) {
            for (Rounding rounding : Rounding.values()) {
                for (Shape shape : SHAPES) {
                    String id = "quantize_" + type + "_" + rounding + "-" + cases.size();
                    Draw draw = new Draw(id);
                    QuantParams params = params(draw, type, shape);
                    double[] src = reals(draw, params, shape);
                    double[] values = new double[src.length];
                    for (int i = 0; i < src.length; i++) {
                        int channel = channel(params, shape, i);
                        float r = (float) src[i] / params.scale(channel);
                        values[i] = Levels.of(r, params.zeroPoint(channel), type, rounding);
                    }
                    cases.add(new UnaryCase(id, new QuantizeSpec(type, params, rounding), shape, src,
                            tolerant(values, 1)).on(cases.size() % 3 == 0 ? 3 : 1));
                }
            }
        }
        return ContractSuite.of(QuantizationContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> quantizesToNhwc() {
        List<ContractCase> cases = new ArrayList<>();
        List<Shape> shapes = List.of(Shape.of(1, 3, 7, 9), Shape.of(2, 3, 4, 4), Shape.of(1, 3, 1, 1), Shape.of(3, 3, 5, 13),
                Shape.of(1, 1, 6, 7), Shape.of(2, 2, 3, 3), Shape.of(1, 4, 16, 17), Shape.of(1, 65, 1, 3),
                Shape.of(1, 3, 0, 2), Shape.of(1, 0, 2, 2), Shape.of(1, 3, 41, 67), Shape.of(1, 7, 2, 1031));
        for (DataType type : new DataType[] {U8, S8}) {
            for (Rounding rounding : Rounding.values()) {
                for (Shape shape : shapes) {
                    String id = "quantize_nhwc_" + type + "_" + rounding + "-" + cases.size();
                    Draw draw = new Draw(id);
                    QuantParams params = params(draw, type, Shape.of(1));
                    double[] src = reals(draw, params, shape);
                    double[] values = new double[src.length];
                    long pixels = shape.dim(2) * shape.dim(3);
                    for (int i = 0; i < src.length; i++) {
                        long image = i / (shape.dim(1) * pixels);
                        long channel = i / pixels % shape.dim(1);
                        values[(int) ((image * pixels + i % pixels) * shape.dim(1) + channel)] =
                                Levels.of((float) src[i] / params.scale(), params.zeroPoint(), type, rounding);
                    }
                    cases.add(new UnaryCase(id, new QuantizeSpec(type, params, rounding, true), shape, src,
                            tolerant(values, 1)).on(cases.size() % 3 == 0 ? 3 : 1));
                }
            }
        }
        return ContractSuite.of(QuantizationContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> dequantizes() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType type : new DataType[] {U8, S8, S32}) {
            for (Shape shape : SHAPES) {
                String id = "dequantize_" + type + "-" + cases.size();
                Draw draw = new Draw(id);
                QuantParams params = params(draw, type, shape);
                double[] src = integers(draw, type, shape);
                double[] values = new double[src.length];
                for (int i = 0; i < src.length; i++) {
                    int channel = channel(params, shape, i);
                    values[i] = (float) ((int) src[i] - params.zeroPoint(channel)) * params.scale(channel);
                }
                cases.add(new UnaryCase(id, new DequantizeSpec(type, params), shape, src, Expected.exact(values)));
            }
        }
        return ContractSuite.of(QuantizationContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> requantizes() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType from : new DataType[] {U8, S8, S32}) {
            for (DataType to : new DataType[] {U8, S8}) {
                for (Shape shape : SHAPES) {
                    String id = "requantize_" + from + to + "-" + cases.size();
                    Draw draw = new Draw(id);
                    QuantParams params = params(draw, from, shape);
                    double factor = from == S32 ? 20_000 : 0.5 + draw.below(4) * 0.5;
                    QuantParams dst = QuantParams.perTensor((float) (params.count() == 0 ? 1
                            : params.scale() * factor), Draw.zeroPoint(to, draw.below(4)));
                    double[] src = integers(draw, from, shape);
                    double[] values = new double[src.length];
                    for (int i = 0; i < src.length; i++) {
                        int channel = channel(params, shape, i);
                        float multiplier = (float) ((double) params.scale(channel) / (double) dst.scale());
                        float r = (float) ((int) src[i] - params.zeroPoint(channel)) * multiplier;
                        values[i] = Levels.of(r, dst.zeroPoint(), to, Rounding.HALF_EVEN);
                    }
                    cases.add(new UnaryCase(id, new RequantizeSpec(from, to, params, dst), shape, src,
                            tolerant(values, 1)).on(cases.size() % 3 == 0 ? 3 : 1));
                }
            }
        }
        return ContractSuite.of(QuantizationContractTest.class, cases);
    }

    private static Expected tolerant(double[] values, double onednn) {
        double[] tolerances = new double[values.length];
        java.util.Arrays.fill(tolerances, onednn);
        return Expected.exactButOnednnWithin(values, tolerances);
    }

    /** Per tensor for shapes of one axis, along a drawn axis otherwise. */
    private static QuantParams params(Draw draw, DataType type, Shape shape) {
        boolean quantized = type.isQuantized();
        if (shape.rank() <= 1 || draw.below(3) == 0) {
            // A power of two makes ties of the integers' halves.
            float scale = draw.below(2) == 0 ? 0.25f : 0.01f + draw.below(100) * 0.001f;
            return QuantParams.perTensor(scale, quantized ? Draw.zeroPoint(type, draw.below(4)) : 0);
        }
        int axis = draw.below(shape.rank());
        int channels = (int) shape.dim(axis);
        float[] scales = new float[channels];
        int[] zeroPoints = new int[channels];
        for (int i = 0; i < channels; i++) {
            scales[i] = 0.01f + draw.below(1000) * 0.0001f;
            zeroPoints[i] = quantized ? (int) type.min() + draw.below(256) : 0;
        }
        return QuantParams.perChannel(axis, scales, zeroPoints);
    }

    /** The channel of an element by walking down the axes. */
    private static int channel(QuantParams params, Shape shape, int index) {
        if (params.isPerTensor()) {
            return 0;
        }
        int rest = index;
        for (int axis = shape.rank() - 1; axis > params.axis(); axis--) {
            rest /= (int) shape.dim(axis);
        }
        return rest % (int) shape.dim(params.axis());
    }

    private static double[] reals(Draw draw, QuantParams params, Shape shape) {
        double[] values = draw.values(F32, shape.elements());
        float[] rare = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0f, -0f, 3e38f, -3e38f, 1e-45f,
            -1e-45f};
        for (int i = 0; i < values.length; i++) {
            float scale = params.scale(channel(params, shape, i));
            values[i] = switch (draw.below(8)) {
                case 0 -> rare[draw.below(rare.length)];
                case 1, 2 -> (float) ((draw.below(520) - 260 + 0.5) * scale);
                case 3 -> (draw.below(520) - 260) * scale;
                default -> (float) (values[i] * 60 * scale);
            };
        }
        return values;
    }

    private static double[] integers(Draw draw, DataType type, Shape shape) {
        double[] values = draw.values(type, shape.elements());
        if (type == S32) {
            int[] rare = {Integer.MIN_VALUE, Integer.MAX_VALUE, 0, 1, -1, 0x1000001, -0x1000001, 10_000, 30_000};
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (draw.below(6)) {
                    case 0 -> rare[draw.below(rare.length)];
                    case 1 -> (draw.below(200) - 100) * 10_000;
                    default -> values[i] * 20;
                };
            }
        }
        return values;
    }
}
