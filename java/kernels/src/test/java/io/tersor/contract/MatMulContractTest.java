package io.tersor.contract;

import io.tersor.kernel.Bias;
import io.tersor.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** MatMul on every backend, over sampled shapes, layouts, parameters and epilogues. */
@Tag("isa-tiers")
class MatMulContractTest {
    /** m, n, k that sampling does not give: empty ones, a sum over nothing, and some beyond every register block. */
    private static final int[][] FIXED = {{0, 5, 3}, {3, 0, 5}, {3, 5, 0}, {0, 0, 0}, {1, 17, 0}, {67, 131, 257},
        {1, 500, 300}, {150, 70, 300}, {33, 64, 1024}, {2, 3, 2500}, {33, 97, 700}};

    private static final int SAMPLED = 60;

    /** The same with everything that an epilogue may do. */
    private static final int[][] FEATURED_FIXED = {{0, 5, 3}, {3, 0, 5}, {3, 5, 0}, {7, 1, 0}, {67, 131, 257},
        {150, 70, 300}, {40, 196, 768}, {17, 100, 641}};

    private static final int FEATURED_SAMPLED = 48;

    /** As many rows as have kernels of their own. */
    private static final int FEW_ROWS = 16;

    /** m, n, k, threads beyond the blocks of the caches, and of few rows whose columns are worth sharing. */
    private static final int[][] LARGE = {{1, 1000, 300, 1}, {3, 40, 5000, 1}, {1, 700, 500, 3}, {9, 30, 5000, 3},
        {2, 515, 400, 3}, {3, 640, 333, 3}, {4, 700, 300, 3}, {24, 200, 300, 3}};

    @TestFactory
    Stream<DynamicNode> multiplies() {
        List<MatMulCase> cases = new ArrayList<>();
        for (TypeCombo types : TypeCombo.MATMUL) {
            int count = SAMPLED + FIXED.length;
            Spread spread = new Spread(types.toString().hashCode(), count);
            List<Integer> ms = spread.of(1, 1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 17, 31, 33, 48, 64);
            List<Integer> ns = spread.of(1, 2, 3, 7, 8, 13, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 65, 97);
            List<Integer> ks = spread.of(1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 32, 33, 63, 64, 65, 100, 127, 129, 255, 0);
            MatMulSampler sampler = new MatMulSampler(types, "", spread);
            for (int i = 0; i < count; i++) {
                cases.add(i < FIXED.length ? sampler.plain(i, FIXED[i][0], FIXED[i][1], FIXED[i][2])
                        : sampler.plain(i, ms.get(i), ns.get(i), ks.get(i)));
            }
        }
        return ContractSuite.of(MatMulContractTest.class, cases);
    }

    /** Residuals, functions, transposed sources and batches in all combinations. */
    @TestFactory
    Stream<DynamicNode> multipliesWithEverything() {
        List<MatMulCase> cases = new ArrayList<>();
        for (TypeCombo types : TypeCombo.MATMUL) {
            int count = FEATURED_SAMPLED + FEATURED_FIXED.length;
            Spread spread = new Spread(types.toString().hashCode() + 1, count);
            List<Integer> ms = spread.of(1, 2, 3, 4, 5, 8, 11, 12, 13, 16, 17, 24, 33, 48);
            List<Integer> ns = spread.of(1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 48, 49, 64, 65, 97);
            List<Integer> ks = spread.of(1, 2, 3, 4, 7, 8, 31, 32, 33, 63, 64, 65, 100, 129, 0);
            MatMulSampler sampler = new MatMulSampler(types, "_all", spread);
            for (int i = 0; i < count; i++) {
                cases.add(i < FEATURED_FIXED.length
                        ? sampler.featured(i, FEATURED_FIXED[i][0], FEATURED_FIXED[i][1], FEATURED_FIXED[i][2])
                        : sampler.featured(i, ms.get(i), ns.get(i), ks.get(i)));
            }
        }
        return ContractSuite.of(MatMulContractTest.class, cases);
    }

    /** The same results whether the parameters of src are the kernel's or come with the run. */
    @TestFactory
    Stream<DynamicNode> multipliesWithParamsAtRun() {
        List<MatMulCase> cases = new ArrayList<>();
        for (TypeCombo types : TypeCombo.MATMUL) {
            if (!types.isInteger() || types.dst() != DataType.F32) {
                continue;
            }
            Spread spread = new Spread(types.toString().hashCode() + 4, FEATURED_SAMPLED);
            List<Integer> ms = spread.of(1, 2, 5, 12, 13, 33, 67);
            List<Integer> ns = spread.of(1, 7, 16, 17, 33, 64, 97, 260, 515);
            List<Integer> ks = spread.of(1, 3, 4, 31, 64, 70, 257, 512, 0);
            List<Integer> threads = spread.of(1, 1, 3);
            MatMulSampler sampler = new MatMulSampler(types, "_at_run", spread);
            for (int i = 0; i < FEATURED_SAMPLED; i++) {
                MatMulCase drawn = sampler.featured(i, ms.get(i), ns.get(i), ks.get(i), threads.get(i));
                if (drawn.spec().bias() != Bias.S32) {
                    cases.add(drawn.withParamsAtRun());
                }
            }
        }
        return ContractSuite.of(MatMulContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> multipliesFewRows() {
        List<MatMulCase> cases = new ArrayList<>();
        for (TypeCombo types : TypeCombo.MATMUL) {
            Spread spread = new Spread(types.toString().hashCode() + 2, 2 * FEW_ROWS);
            List<Integer> ns = spread.of(1, 5, 16, 17, 33, 64, 100, 129, 200, 260);
            List<Integer> ks = spread.of(1, 3, 4, 31, 64, 70, 100, 257, 512);
            MatMulSampler sampler = new MatMulSampler(types, "_rows", spread);
            for (int i = 0; i < FEW_ROWS; i++) {
                cases.add(sampler.plain(2 * i, i + 1, ns.get(2 * i), ks.get(2 * i)));
                cases.add(sampler.featured(2 * i + 1, i + 1, ns.get(2 * i + 1), ks.get(2 * i + 1)));
            }
        }
        return ContractSuite.of(MatMulContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> multipliesLargeMatrices() {
        List<MatMulCase> cases = new ArrayList<>();
        for (TypeCombo types : TypeCombo.MATMUL) {
            int odd = TypeCombo.MATMUL.indexOf(types) % 2;
            MatMulSampler sampler = new MatMulSampler(types, "_large",
                    new Spread(types.toString().hashCode() + 3, LARGE.length));
            // Half of the shapes for each combination, half of those with everything.
            for (int i = odd; i < LARGE.length; i += 2) {
                int[] c = LARGE[i];
                cases.add(i / 2 % 2 == odd ? sampler.plain(i, c[0], c[1], c[2], c[3])
                        : sampler.featured(i, c[0], c[1], c[2], c[3]));
            }
        }
        return ContractSuite.of(MatMulContractTest.class, cases);
    }
}
