package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.sparse.Patterns;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Products with sparse weights of every format, on every backend that runs them, degenerate patterns among them. The
 * reference knows nothing of sparsity: it multiplies the zeros.
 */
@Tag("isa-tiers")
class SparseContractTest {
    /** m, n, k that sampling does not give; the last ones beyond every block, with sums that binary32 does not hold. */
    private static final int[][] FIXED = {{0, 5, 3}, {3, 0, 5}, {3, 5, 0}, {1, 1, 1}, {67, 131, 257}, {150, 70, 300},
        {5, 40, 2500}};

    private static final int SAMPLED = 19;

    private static final Window ONE = Window.of(1, 1);
    private static final Window THREE = Window.of(3, 3);

    private static final List<Geometry> GEOMETRIES = List.of(
            Geometry.of(1, 1, 1, 1, 1, ONE), Geometry.of(1, 5, 7, 3, 13, ONE),
            Geometry.of(2, 8, 8, 64, 33, ONE), Geometry.of(1, 7, 7, 33, 64, ONE.stride(2)),
            Geometry.of(1, 9, 5, 17, 1, ONE.stride(2, 3)), Geometry.of(1, 3, 3, 5, 7, ONE.padding(1)),
            Geometry.of(1, 12, 13, 128, 40, ONE), Geometry.of(1, 8, 8, 16, 16, THREE.padding(1)),
            Geometry.of(1, 9, 11, 3, 16, THREE.padding(1).stride(2)),
            Geometry.of(2, 7, 7, 64, 33, THREE.padding(1)), Geometry.of(1, 6, 6, 33, 64, THREE),
            Geometry.of(1, 13, 6, 7, 19, THREE.stride(2, 1).padding(1)),
            Geometry.of(1, 10, 10, 13, 1, THREE.stride(3)),
            Geometry.of(1, 6, 7, 4, 5, THREE.padding(0, 1, 2, 0)),
            Geometry.of(1, 3, 4, 3, 5, THREE.padding(4, 3, 2, 5)),
            Geometry.of(1, 9, 9, 16, 16, THREE.dilation(2, 2)),
            Geometry.of(1, 10, 10, 3, 4, THREE.dilation(2, 1).stride(2).padding(1, 2, 3, 0)),
            Geometry.of(1, 6, 6, 8, 12, THREE.padding(1)).groups(2),
            Geometry.of(1, 6, 6, 33, 66, THREE.stride(2)).groups(11),
            Geometry.of(1, 5, 6, 64, 64, THREE.padding(1)).groups(4),
            Geometry.of(1, 9, 7, 17, 17, THREE.padding(1).stride(2)).groups(17),
            Geometry.of(1, 17, 15, 3, 16, Window.of(7, 7).stride(2).padding(3)),
            Geometry.of(1, 2, 1, 16, 17, Window.of(5, 5).padding(2)),
            Geometry.of(1, 6, 9, 11, 13, Window.of(1, 3).padding(0, 1, 0, 1)),
            Geometry.of(1, 7, 7, 16, 31, Window.of(4, 2).padding(1)),
            Geometry.of(1, 0, 3, 4, 5, THREE.padding(2)), Geometry.of(0, 4, 4, 3, 4, THREE));

    /** Every format meets every kind of zeros. */
    private static SparseFormat format(int i) {
        return Patterns.FORMATS.get(i % Patterns.FORMATS.size());
    }

    private static Zeros zeros(int i) {
        return Zeros.values()[i % Zeros.values().length];
    }

    @TestFactory
    Stream<DynamicNode> multiplies() {
        List<MatMulCase> cases = new ArrayList<>();
        for (int t = 0; t < TypeCombo.MATMUL.size(); t++) {
            TypeCombo types = TypeCombo.MATMUL.get(t);
            int count = FIXED.length + SAMPLED;
            Spread spread = new Spread(types.toString().hashCode() + 5, count);
            List<Integer> ms = spread.of(1, 2, 3, 5, 13, 16, 17, 31, 33, 64, 65, 97);
            List<Integer> ns = spread.of(1, 2, 7, 15, 16, 17, 31, 32, 33, 48, 65, 97);
            List<Integer> ks = spread.of(1, 2, 4, 5, 13, 31, 32, 33, 64, 65, 127, 255);
            MatMulSampler sampler = new MatMulSampler(types, "_sparse", spread, true);
            for (int i = 0; i < count; i++) {
                int[] sizes = i < FIXED.length ? FIXED[i] : new int[] {ms.get(i), ns.get(i), ks.get(i)};
                cases.add(sampler.featured(i, sizes[0], sizes[1], sizes[2]).sparse(format(i + 5 * t), zeros(i + t)));
            }
        }
        return ContractSuite.of(SparseContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> convolves() {
        List<Conv2dCase> cases = new ArrayList<>();
        for (int t = 0; t < TypeCombo.CONV2D.size(); t++) {
            TypeCombo types = TypeCombo.CONV2D.get(t);
            Conv2dSampler sampler = new Conv2dSampler(types, "_sparse-",
                    new Spread(41 * types.toString().hashCode(), GEOMETRIES.size()));
            for (int i = 0; i < GEOMETRIES.size(); i++) {
                cases.add(sampler.symmetric(i, GEOMETRIES.get(i)).sparse(format(i + 5 * t), zeros(i + t)));
            }
        }
        return ContractSuite.of(SparseContractTest.class, cases);
    }

    /** Sums of equal products, odd ones far beyond 2^24: added up in binary32 as a whole they would be rounded. */
    @TestFactory
    Stream<DynamicNode> addsLargeIntegersExactly() {
        List<MatMulCase> cases = new ArrayList<>();
        int k = 3001;
        int n = 5;
        double[] src = new double[2 * k];
        double[] weights = new double[k * n];
        Arrays.fill(src, 255);
        Arrays.fill(weights, 127);
        for (SparseFormat format : Patterns.FORMATS) {
            MatMulSpec spec = new MatMulSpec(DataType.U8, DataType.S8, DataType.S32, k, n, QuantParams.IDENTITY,
                    QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
            cases.add(ProductCases.matMul("u8s8s32_large", List.copyOf(cases), spec, src, weights)
                    .sparse(format, Zeros.NONE));
        }
        return ContractSuite.of(SparseContractTest.class, cases);
    }
}
