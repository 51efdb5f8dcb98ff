package io.tersor.contract;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMulSpec;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The ends of floating-point arithmetic in matrix multiplications, and rows that are hard to quantize. */
@Tag("isa-tiers")
class RealExtremesTest {
    private static final double INFINITY = Double.POSITIVE_INFINITY;

    private static final Activation[] ACTIVATIONS = {Activation.NONE, Activation.RELU, Activation.GELU,
        Activation.of(ActivationFunction.GELU_TANH), Activation.SILU, Activation.HARD_SWISH,
        new Activation(ActivationFunction.GELU, -0.1f, 1f), Activation.clip(Float.NEGATIVE_INFINITY, 1f)};

    @TestFactory
    Stream<DynamicNode> matMul() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType dst : new DataType[] {F32, BF16}) {
            for (DataType src : new DataType[] {F32, BF16}) {
                sums(src, dst, cases);
                bf16Roundings(src, dst, cases);
            }
            quantizedRows(dst, cases);
        }
        return ContractSuite.of(RealExtremesTest.class, cases);
    }

    /** Overflow to infinity, subnormal numbers, signed zeros, no numbers. */
    private static void sums(DataType src, DataType dst, List<ContractCase> cases) {
        double[][] rows = {{3e38f, 3e38f, 1, 1e-40f, -0.0}, {1e-30f, 1e-30f, 1e-38f, 1e-45f, 0.0},
            {-3e38f, -3e38f, -1, 0, 0}, {INFINITY, 1, 2, 3, 4}, {Double.NaN, 1, 2, 3, 4}, {-INFINITY, 1, 2, 3, 4},
            {INFINITY, -INFINITY, 2, 3, 4}};
        double[] b = new double[5 * 17];
        for (int i = 0; i < b.length; i++) {
            b[i] = 0.5 + i % 17;
        }
        for (double[] row : rows) {
            double[] a = Arrays.stream(row).map(x -> src == BF16 ? Levels.bf16(x) : x).toArray();
            for (Activation activation : ACTIVATIONS) {
                MatMulSpec spec = new MatMulSpec(src, src, dst, 5, 17, QuantParams.IDENTITY, QuantParams.IDENTITY,
                        QuantParams.IDENTITY, Bias.NONE, activation);
                cases.add(ProductCases.matMul("sums_" + src + dst, cases, spec, a, b));
            }
        }
    }

    /** Single products by 1, which nothing but the rounding to dst may change. */
    private static void bf16Roundings(DataType src, DataType dst, List<ContractCase> cases) {
        List<Float> values = new ArrayList<>(List.of(Float.NaN, Float.POSITIVE_INFINITY, Float.MAX_VALUE,
                0x1.FEp127f, 0x1.FEFFFEp127f, 0x1.FFp127f));
        for (int upper = 0x3F7C; upper < 0x3F84; upper++) {
            // Below, at and above the middle between two numbers.
            for (int lower : new int[] {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF}) {
                values.add(Float.intBitsToFloat(upper << 16 | lower));
            }
        }
        double[] b = values.stream().flatMap(x -> Stream.of(x, -x)).mapToDouble(Float::doubleValue)
                .map(x -> src == BF16 ? Levels.bf16(x) : x).toArray();
        double[] results = Arrays.stream(b).map(x -> dst == BF16 ? Levels.bf16(x) : x).toArray();
        MatMulSpec spec = new MatMulSpec(src, src, dst, 1, b.length, QuantParams.IDENTITY, QuantParams.IDENTITY,
                QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
        cases.add(ProductCases.matMul("roundings_" + src + dst, cases, spec, new double[] {1}, b).exactly(results));
    }

    /** Rows that count as zeros, whose elements lie between two levels, whose largest one is no number. */
    private static void quantizedRows(DataType dst, List<ContractCase> cases) {
        float below = Math.nextDown(0x1p-100f);
        double[][] rows = {{0, 0, 0, 0, 0, 0, 0}, {-0.0, -0.0, -0.0, -0.0, -0.0, -0.0, -0.0},
            {0x1p-100, 0, -0x1p-101, 0x1p-102, 0, 0, 0}, {below, -below, 0, 0, 0, 0, 0},
            {1e-45f, 1e-40f, 0, 0, 0, 0, 0}, {127, 0.5, 1.5, 2.5, -0.5, -1.5, 126.5},
            {-127, 0.5, 1.5, 2.5, -0.5, -1.5, -126.5}, {254, 1, 3, 5, -1, -3, 253},
            {-5, 1, 2, 3, 4, -4.9f, 0}, {0.1f, 0.2f, 0.3f, -0.7f, 0.6f, 0.5f, 0.4f},
            {Float.MAX_VALUE, -Float.MAX_VALUE, 1e38f, 1e37f, 1e36f, 1, 0}, {1e-20f, 1e20f, 1e19f, 1e18f, 1e17f, 0, 1},
            {Double.NaN, 1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6, Double.NaN}, {1, 2, 3, INFINITY, 5, 6, 7},
            {1, -INFINITY, 3, 4, 5, 6, 7}, {Double.NaN, INFINITY, -INFINITY, 0, 0, 0, 0}};
        double[] a = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
        for (int n : new int[] {5, 37}) {
            for (Activation activation : ACTIVATIONS) {
                for (Draw.WeightZeros zeros : Draw.WeightZeros.values()) {
                    Draw draw = new Draw("rows " + cases.size());
                    MatMulSpec spec = new MatMulSpec(F32, S8, dst, 7, n, QuantParams.IDENTITY,
                            draw.weightsParams(n, 1, n > 5, zeros), QuantParams.IDENTITY, Bias.F32, activation);
                    cases.add(ProductCases.matMul("rows_" + dst, cases, spec, new MatMulCase.Values(a,
                            draw.values(S8, 7L * n), draw.bias(Bias.F32, n, 1), new double[0])));
                }
            }
        }
    }
}
