package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Where arithmetic is tempted to cut corners: edges of the types, wrap-around, ties, huge and non-finite numbers. */
@Tag("isa-tiers")
class ProductExtremesTest {
    private static final int[] U8_EDGES = {0, 1, 127, 128, 255};
    private static final int[] S8_EDGES = {-128, -127, -1, 0, 1, 127};

    @TestFactory
    Stream<DynamicNode> matMul() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType src : new DataType[] {U8, S8}) {
            edges(src, cases);
            wrapping(src, cases);
            for (DataType dst : new DataType[] {U8, S8}) {
                ties(src, dst, cases);
            }
            for (DataType dst : new DataType[] {U8, S8, F32}) {
                hugeBias(src, dst, cases);
            }
        }
        reals(cases);
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
        int[] rows = src == U8 ? U8_EDGES : S8_EDGES;
        int[][] zeros = {{0, 0}, {(int) src.min(), 0}, {(int) src.max(), 0}, {0, -128}, {(int) src.max(), 127},
            {(int) src.min(), -128}};
        for (int k : new int[] {1, 2, 3, 4, 5, 8, 16, 63, 64, 130}) {
            double[][] a = alternating(rows, k);
            double[][] b = alternating(S8_EDGES, k);
            for (int[] zero : zeros) {
                MatMulSpec spec = new MatMulSpec(src, S8, S32, k, b.length, QuantParams.perTensor(1f, zero[0]),
                        QuantParams.perTensor(1f, zero[1]), QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
                cases.add(matMul("edges_" + src, cases, spec, flatten(a), transposed(b), new double[0]));
            }
        }
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
            cases.add(matMul("wrap_" + src, cases, spec, a, b, new double[0]));
        }
        MatMulSpec biased = new MatMulSpec(src, S8, S32, 1, 4, QuantParams.IDENTITY, QuantParams.IDENTITY,
                QuantParams.IDENTITY, Bias.S32, Activation.NONE);
        cases.add(matMul("wrap_" + src, cases, biased, new double[] {1, 127}, new double[] {1, 127, -1, -128},
                new double[] {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x1000001}));
    }

    /** Results that lie exactly between two integers. */
    private static void ties(DataType src, DataType dst, List<ContractCase> cases) {
        double[] a = new double[256];
        for (int i = 0; i < 256; i++) {
            a[i] = src.min() + i;
        }
        for (float scale : new float[] {0.5f, 0.25f}) {
            for (int zero : new int[] {(int) dst.min(), (int) dst.min() + 101}) {
                MatMulSpec spec = new MatMulSpec(src, S8, dst, 1, 5, QuantParams.IDENTITY,
                        QuantParams.perTensor(scale, 0), QuantParams.perTensor(1f, zero), Bias.NONE, Activation.NONE);
                cases.add(matMul("ties_" + src + dst, cases, spec, a, new double[] {1, -1, 3, 5, -7}, new double[0]));
            }
        }
    }

    /** Biases and scales that overflow float32 or are no numbers. */
    private static void hugeBias(DataType src, DataType dst, List<ContractCase> cases) {
        double[] a = {0, 1, 2, 100, 127, 7};
        double[] b = {1, -1, 2, -2, 127, -128, 0, 5};
        double[] bias = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 3e38f, -3e38f, 1e-40f,
            -0.0, 0};
        QuantParams dstParams = dst == F32 ? QuantParams.IDENTITY : QuantParams.perTensor(0.25f, (int) dst.min() + 9);
        for (Activation activation : new Activation[] {Activation.NONE, Activation.RELU, Activation.clip(-3f, 3f)}) {
            for (float scale : new float[] {0.01f, 1e30f}) {
                MatMulSpec spec = new MatMulSpec(src, S8, dst, 1, b.length, QuantParams.perTensor(scale, 1),
                        QuantParams.IDENTITY, dstParams, Bias.F32, activation);
                cases.add(matMul("huge_" + src + dst, cases, spec, a, b, bias));
            }
        }
    }

    /** Overflow to infinity, subnormal numbers, signed zeros. */
    private static void reals(List<ContractCase> cases) {
        double[][] sources = {{3e38f, 3e38f, 1, 1e-40f, -0.0}, {1e-30f, 1e-30f, 1e-38f, 1e-45f, 0.0},
            {Double.POSITIVE_INFINITY, 1, 2, 3, 4}, {Double.NaN, 1, 2, 3, 4}, {Double.NEGATIVE_INFINITY, 1, 2, 3, 4}};
        double[] b = new double[5 * 17];
        for (int i = 0; i < b.length; i++) {
            b[i] = (float) (0.5 + i % 17);
        }
        for (double[] src : sources) {
            for (Activation activation : new Activation[] {Activation.NONE, Activation.RELU}) {
                MatMulSpec spec = new MatMulSpec(F32, F32, F32, 5, 17, QuantParams.IDENTITY, QuantParams.IDENTITY,
                        QuantParams.IDENTITY, Bias.NONE, activation);
                cases.add(matMul("reals", cases, spec, src, b, new double[0]));
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
                    cases.add(new Conv2dCase(id, spec, Shape.of(1, 4, 5, ic), false,
                            edgeValues(draw, src == U8 ? U8_EDGES : S8_EDGES, 20 * ic),
                            edgeValues(draw, S8_EDGES, oc * ic * 9), new double[0], 1));
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

    private static MatMulCase matMul(String group, List<ContractCase> cases, MatMulSpec spec, double[] src,
            double[] weights, double[] bias) {
        MatMulCase.Layout layout = MatMulCase.Layout.of(Shape.of(src.length / spec.k(), spec.k()), 0, 0,
                MatMulCase.WeightLayout.ROWS);
        return new MatMulCase(group + "-" + cases.size(), spec, layout,
                new MatMulCase.Values(src, weights, bias, new double[0]), MatMulCase.Run.SINGLE);
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
