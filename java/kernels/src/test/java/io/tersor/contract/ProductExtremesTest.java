package io.tersor.contract;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Residual;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Where arithmetic is tempted to cut corners: edges of the types, wrap-around, ties, huge and non-finite biases. */
@Tag("isa-tiers")
class ProductExtremesTest {
    private static final int[] U8_EDGES = {0, 1, 127, 128, 255};
    private static final int[] S8_EDGES = {-128, -127, -1, 0, 1, 127};

    @TestFactory
    Stream<DynamicNode> matMul() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType src : new DataType[] {U8, S8}) {
            edges(src, cases);
            longEdges(src, cases);
            requantizedEdges(src, cases);
            wrapping(src, cases);
            for (DataType dst : new DataType[] {U8, S8}) {
                ties(src, dst, cases);
                scaledTies(src, dst, cases);
            }
            bf16Ties(src, cases);
            for (DataType dst : new DataType[] {U8, S8, F32, BF16}) {
                hugeBias(src, dst, cases);
                functions(src, dst, cases);
            }
        }
        return ContractSuite.of(ProductExtremesTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> conv2d() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType src : new DataType[] {U8, S8}) {
            convEdges(src, cases);
        }
        return ContractSuite.of(ProductExtremesTest.class, cases);
    }

    /** Every pair of edges, alone and alternating with every other, in sums of many lengths. */
    private static void edges(DataType src, List<ContractCase> cases) {
        int[][] zeros = {{0, 0}, {(int) src.min(), 0}, {(int) src.max(), 0}, {0, -128}, {(int) src.max(), 127},
            {(int) src.min(), -128}};
        for (int k : new int[] {1, 2, 3, 4, 5, 8, 16, 63, 64, 130}) {
            double[][] a = alternating(edgesOf(src), k);
            double[][] b = alternating(S8_EDGES, k);
            for (int[] zero : zeros) {
                cases.add(ProductCases.matMul("edges_" + src, cases, sums(src, k, b.length, zero), flatten(a),
                        transposed(b)));
            }
        }
    }

    /** The same in sums beyond 2^24, where float32 ends to be exact, over whole tiles and their tails. */
    private static void longEdges(DataType src, List<ContractCase> cases) {
        int k = 1101;
        double[][] a = alternating(edgesOf(src), k);
        double[][] one = alternating(S8_EDGES, k);
        double[][] b = new double[2 * one.length][];
        for (int i = 0; i < b.length; i++) {
            b[i] = one[i % one.length];
        }
        for (int[] zero : new int[][] {{0, 0}, {(int) src.max(), 127}}) {
            cases.add(ProductCases.matMul("long_edges_" + src, cases, sums(src, k, b.length, zero), flatten(a),
                    transposed(b)));
        }
    }

    private static MatMulSpec sums(DataType src, int k, int n, int[] zero) {
        return new MatMulSpec(src, S8, S32, k, n, QuantParams.perTensor(1f, zero[0]),
                QuantParams.perTensor(1f, zero[1]), QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
    }

    /** The same, scaled to every type: half of the results lie inside the range of 8 bits. */
    private static void requantizedEdges(DataType src, List<ContractCase> cases) {
        for (DataType dst : new DataType[] {U8, S8, F32, BF16}) {
            for (int k : new int[] {2, 5, 64, 517}) {
                double[][] a = alternating(edgesOf(src), k);
                double[][] b = alternating(S8_EDGES, k);
                QuantParams dstParams = dst.isQuantized() ? QuantParams.perTensor(0.003f * k, (int) dst.min() + 77)
                        : QuantParams.IDENTITY;
                for (Activation activation : new Activation[] {Activation.NONE, Activation.HARD_SWISH}) {
                    MatMulSpec spec = new MatMulSpec(src, S8, dst, k, b.length, QuantParams.perTensor(0.013f, 0),
                            QuantParams.perTensor(0.0037f, 0), dstParams, Bias.NONE, activation);
                    cases.add(ProductCases.matMul("requantized_edges_" + src + dst, cases, spec, flatten(a),
                            transposed(b)));
                }
            }
        }
    }

    private static int[] edgesOf(DataType src) {
        return src == U8 ? U8_EDGES : S8_EDGES;
    }

    /** Sums and biases that leave 32 bits. */
    private static void wrapping(DataType src, List<ContractCase> cases) {
        int k = 150_000;
        double[] a = new double[2 * k];
        Arrays.fill(a, 0, k, src.max());
        Arrays.fill(a, k, 2 * k, src.min());
        double[] b = new double[3 * k];
        for (int i = 0; i < b.length; i++) {
            b[i] = new double[] {127, -128, i % 2}[i % 3];
        }
        for (int zero : new int[] {0, 1}) {
            MatMulSpec spec = new MatMulSpec(src, S8, S32, k, 3, QuantParams.perTensor(1f, zero),
                    QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
            cases.add(ProductCases.matMul("wrap_" + src, cases, spec, a, b));
        }
        MatMulSpec biased = new MatMulSpec(src, S8, S32, 1, 4, QuantParams.IDENTITY, QuantParams.IDENTITY,
                QuantParams.IDENTITY, Bias.S32, Activation.NONE);
        cases.add(ProductCases.matMul("wrap_" + src, cases, biased, new MatMulCase.Values(new double[] {1, 127},
                new double[] {1, 127, -1, -128},
                new double[] {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x1000001}, new double[0])));
    }

    /** Results that lie exactly between two integers. */
    private static void ties(DataType src, DataType dst, List<ContractCase> cases) {
        for (float scale : new float[] {0.5f, 0.25f}) {
            for (int zero : new int[] {(int) dst.min(), (int) dst.min() + 101}) {
                MatMulSpec spec = new MatMulSpec(src, S8, dst, 1, 5, QuantParams.IDENTITY,
                        QuantParams.perTensor(scale, 0), QuantParams.perTensor(1f, zero), Bias.NONE, Activation.NONE);
                cases.add(ProductCases.matMul("ties_" + src + dst, cases, spec, everyValue(src),
                        new double[] {1, -1, 3, 5, -7}));
            }
        }
    }

    /**
     * Results between two integers but for the rounding of each float32 step, so that other steps round otherwise:
     * a residual of half units, a function's result divided by the scale.
     */
    private static void scaledTies(DataType src, DataType dst, List<ContractCase> cases) {
        double[] a = everyValue(src);
        double[] b = {1, -1, 3, 5, -7, 9, 11, 2, 13, 17, 19, -23, 29, 31, 37, 41, 43};
        Draw draw = new Draw("scaled_ties");
        for (float scale : new float[] {0.1f, 0.07f, 0.3f}) {
            for (int q : new int[] {1, 3, 7}) {
                QuantParams dstParams = QuantParams.perTensor(2 * q * scale, (int) dst.min() + 101);
                Optional<Residual> residual = Optional.of(new Residual(S8, QuantParams.perTensor(q * scale, 3)));
                for (Activation activation : new Activation[] {Activation.NONE, Activation.HARD_SWISH}) {
                    MatMulSpec spec = new MatMulSpec(src, S8, dst, 1, b.length, QuantParams.IDENTITY,
                            QuantParams.perTensor(scale, 0), dstParams, Bias.NONE, residual, activation, 1);
                    double[] added = draw.values(S8, a.length * b.length);
                    cases.add(ProductCases.matMul("scaled_ties_" + src + dst, cases, spec,
                            new MatMulCase.Values(a, b, new double[0], added)));
                }
            }
        }
    }

    /** Sums of more bits than bf16 has, many of them between two of its numbers; also subnormal ones. */
    private static void bf16Ties(DataType src, List<ContractCase> cases) {
        double[] b = {1, -1, 3, 5, -7, 9, 31, 127, -128, 2, 11, 13, 17, 19, 23, 29, 37};
        for (float scale : new float[] {1f, 0x1p-40f, 0x1p-135f, 0x1.1p-128f, 0x1.3p+114f}) {
            MatMulSpec spec = new MatMulSpec(src, S8, BF16, 1, b.length, QuantParams.IDENTITY,
                    QuantParams.perTensor(scale, 0), QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
            cases.add(ProductCases.matMul("ties_" + src + BF16, cases, spec, everyValue(src), b));
        }
    }

    private static double[] everyValue(DataType type) {
        double[] values = new double[256];
        for (int i = 0; i < 256; i++) {
            values[i] = type.min() + i;
        }
        return values;
    }

    /** Biases and scales that overflow float32 or are no numbers. */
    private static void hugeBias(DataType src, DataType dst, List<ContractCase> cases) {
        double[] a = {0, 1, 2, 100, 127, 7};
        double[] b = {1, -1, 2, -2, 127, -128, 0, 5};
        double[] bias = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 3e38f, -3e38f, 1e-40f,
            -0.0, 0};
        QuantParams dstParams = dst.isQuantized() ? QuantParams.perTensor(0.25f, (int) dst.min() + 9)
                : QuantParams.IDENTITY;
        for (Activation activation : new Activation[] {Activation.NONE, Activation.RELU, Activation.clip(-3f, 3f),
            Activation.GELU, Activation.SILU, Activation.of(ActivationFunction.GELU_TANH), Activation.HARD_SWISH,
            new Activation(ActivationFunction.SILU, -0.1f, 2f)}) {
            for (float scale : new float[] {0.01f, 1e30f}) {
                MatMulSpec spec = new MatMulSpec(src, S8, dst, 1, b.length, QuantParams.perTensor(scale, 1),
                        QuantParams.IDENTITY, dstParams, Bias.F32, activation);
                cases.add(ProductCases.matMul("huge_" + src + dst, cases, spec,
                        new MatMulCase.Values(a, b, bias, new double[0])));
            }
        }
    }

    /** Every function over arguments from -13 to 13, in tiles that are cut off at every side. */
    private static void functions(DataType src, DataType dst, List<ContractCase> cases) {
        QuantParams dstParams = dst.isQuantized() ? QuantParams.perTensor(0.02f, (int) dst.min() + 9)
                : QuantParams.IDENTITY;
        for (ActivationFunction function : ActivationFunction.values()) {
            for (int m : new int[] {1, 2, 3, 5, 33}) {
                for (int n : new int[] {1, 15, 17, 31, 32, 33, 49, 96}) {
                    Draw draw = new Draw("functions " + cases.size());
                    Bias bias = n % 2 == 0 ? Bias.F32 : Bias.NONE;
                    Activation activation = m == 3 ? new Activation(function, -0.1f, 2f) : Activation.of(function);
                    MatMulSpec spec = new MatMulSpec(src, S8, dst, 1, n, QuantParams.perTensor(4e-4f, 0),
                            QuantParams.IDENTITY, dstParams, bias, activation);
                    cases.add(ProductCases.matMul("functions_" + src + dst, cases, spec, new MatMulCase.Values(
                            draw.values(src, m), draw.values(S8, n), draw.bias(bias, n, 1), new double[0])));
                }
            }
        }
    }

    /** Images and kernels of edges alone, with paddings of every extreme zero point. */
    private static void convEdges(DataType src, List<ContractCase> cases) {
        for (int zero : new int[] {(int) src.min(), 0, 1, (int) src.max()}) {
            for (int weightsZero : new int[] {0, -128, 127}) {
                for (int ic : new int[] {1, 3, 16, 37}) {
                    String id = "conv_edges_" + src + "-" + cases.size();
                    Draw draw = new Draw(id);
                    int oc = ic == 16 ? 32 : 5;
                    Conv2dSpec spec = new Conv2dSpec(src, S8, S32, ic, oc, Window.of(3, 3).padding(1), 1,
                            QuantParams.perTensor(1f, zero), QuantParams.perTensor(1f, weightsZero),
                            QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
                    cases.add(new Conv2dCase(id, spec, Shape.of(1, 4, 5, ic), false, false,
                            edgeValues(draw, edgesOf(src), 20 * ic),
                            edgeValues(draw, S8_EDGES, oc * ic * 9), new double[0], new double[0], 1));
                }
            }
        }
    }

    private static double[] edgeValues(Draw draw, int[] edges, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = edges[draw.below(edges.length)];
        }
        return values;
    }

    /** Returns a row for each pair of values: the first at even places, the second at odd ones. */
    private static double[][] alternating(int[] values, int k) {
        double[][] rows = new double[values.length * values.length][k];
        for (int row = 0; row < rows.length; row++) {
            for (int i = 0; i < k; i++) {
                rows[row][i] = values[i % 2 == 0 ? row / values.length : row % values.length];
            }
        }
        return rows;
    }

    private static double[] flatten(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    private static double[] transposed(double[][] columns) {
        double[] values = new double[columns.length * columns[0].length];
        for (int i = 0; i < values.length; i++) {
            values[i] = columns[i % columns.length][i / columns.length];
        }
        return values;
    }
}
