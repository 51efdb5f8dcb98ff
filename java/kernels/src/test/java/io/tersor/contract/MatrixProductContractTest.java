package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;

import io.tersor.kernel.MatrixProduct;
import io.tersor.kernel.MatrixProductSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Products of two changing matrices on every backend, against binary64. */
@Tag("isa-tiers")
class MatrixProductContractTest {
    private static final int[][] EXTENTS = {{1, 1, 1}, {1, 5, 33}, {3, 0, 4}, {4, 7, 0}, {0, 3, 3}, {5, 64, 17},
        {12, 16, 32}, {13, 31, 65}, {7, 1025, 9}, {2, 2100, 40}, {40, 64, 40}};

    private record ProductCase(String id, MatrixProductSpec spec, int batch, boolean shared, int m, int k, int n,
            double[] a, double[] b, int threads) implements ContractCase {
        @Override
        public String operands() {
            return batch + " x " + m + "x" + k + "x" + n + (shared ? ", one b for all" : "");
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            Tensor left = arena.tensor(F32, Shape.of(batch, m, k), a);
            int rows = spec.transposed() ? n : k;
            int columns = spec.transposed() ? k : n;
            Tensor right = arena.tensor(F32, shared ? Shape.of(rows, columns) : Shape.of(batch, rows, columns), b);
            arena.seal();
            Tensor dst = arena.tensor(F32, Shape.of(batch, m, n));
            try (MatrixProduct kernel = candidate.registry().prepare(spec, candidate.options(parallelism))) {
                kernel.run(left, right, dst);
            }
            double[] values = new double[batch * m * n];
            double[] tolerances = new double[values.length];
            for (int i = 0; i < values.length; i++) {
                int row = i / n;
                int column = i % n;
                int matrix = shared ? 0 : row / m * k * n;
                double magnitude = 0;
                for (int j = 0; j < k; j++) {
                    double product = a[row * k + j] * b[matrix + (spec.transposed() ? column * k + j : j * n + column)];
                    values[i] += product;
                    magnitude += Math.abs(product);
                }
                tolerances[i] = k * 0x1p-23 * magnitude;
            }
            Expected.within(values, tolerances).check(dst, candidate.backend());
        }
    }

    @TestFactory
    Stream<DynamicNode> products() {
        List<ContractCase> cases = new ArrayList<>();
        for (int[] extents : EXTENTS) {
            for (int kind = 0; kind < 8; kind++) {
                String id = "product-" + cases.size();
                Draw draw = new Draw(id);
                int batch = kind % 2 == 0 ? 1 : 3;
                boolean shared = kind % 4 >= 2;
                double[] a = draw.values(F32, (long) batch * extents[0] * extents[1]);
                double[] b = draw.values(F32, (shared ? 1L : batch) * extents[1] * extents[2]);
                cases.add(new ProductCase(id, new MatrixProductSpec(kind >= 4), batch, shared, extents[0], extents[1],
                        extents[2], a, b, kind % 3 == 0 ? 4 : 1));
            }
        }
        return ContractSuite.of(MatrixProductContractTest.class, cases);
    }
}
