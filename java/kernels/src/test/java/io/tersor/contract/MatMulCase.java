package io.tersor.contract;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/** One multiplication. */
final class MatMulCase implements ContractCase {
    /** How the weights lie in memory. */
    enum WeightLayout { ROWS, COLUMNS, ROWS_APART, BOTH_APART }

    /**
     * Where the operands lie.
     *
     * @param srcShape [..., m, k]
     * @param srcGap elements between the rows of a rank 2 src, beyond k
     * @param dstGap elements between the rows of a rank 2 dst, beyond n
     */
    record Layout(Shape srcShape, long srcGap, long dstGap, WeightLayout weights) {
        private int rows() {
            int rows = 1;
            for (int axis = 0; axis < srcShape.rank() - 1; axis++) {
                rows *= (int) srcShape.dim(axis);
            }
            return rows;
        }
    }

    private final String id;
    private final MatMulSpec spec;
    private final Layout layout;
    private final double[] src;
    private final double[] weights;
    private final double[] bias;
    private final int threads;
    private Optional<Expected> expected = Optional.empty();

    /**
     * @param src row-major values
     * @param weights row-major values [k, n]
     */
    MatMulCase(String id, MatMulSpec spec, Layout layout, double[] src, double[] weights, double[] bias, int threads) {
        this.id = id;
        this.spec = spec;
        this.layout = layout;
        this.src = src;
        this.weights = weights;
        this.bias = bias;
        this.threads = threads;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public MatMulSpec spec() {
        return spec;
    }

    @Override
    public int threads() {
        return threads;
    }

    @Override
    public String operands() {
        return "src " + layout.srcShape + (layout.srcGap == 0 ? "" : " rows " + (spec.k() + layout.srcGap) + " apart")
                + (layout.dstGap == 0 ? "" : ", dst rows " + (spec.n() + layout.dstGap) + " apart") + ", weights in "
                + layout.weights;
    }

    @Override
    public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
        Tensor w = weightsTensor(arena);
        Optional<Tensor> b = spec.bias() == Bias.NONE ? Optional.empty()
                : Optional.of(arena.tensor(spec.bias().type(), Shape.of(spec.n()), bias));
        Tensor a = matrix(arena, spec.src(), layout.srcShape, layout.srcGap);
        GuardedArena.fill(a, src);
        arena.seal();
        Tensor dst = matrix(arena, spec.dst(), layout.srcShape.with(-1, spec.n()), layout.dstGap);
        try (MatMul kernel = candidate.registry().prepare(spec, w, b, candidate.options(parallelism))) {
            kernel.run(a, dst);
        }
        check(dst, candidate.backend());
        checkGaps(dst);
    }

    private static Tensor matrix(GuardedArena arena, DataType type, Shape shape, long gap) {
        return gap == 0 || shape.rank() != 2 ? arena.tensor(type, shape)
                : arena.strided(type, shape, shape.dim(1) + gap, 1);
    }

    private Tensor weightsTensor(GuardedArena arena) {
        Shape shape = Shape.of(spec.k(), spec.n());
        Tensor tensor = switch (layout.weights) {
            case ROWS -> arena.tensor(spec.weights(), shape);
            case COLUMNS -> arena.tensor(spec.weights(), Shape.of(spec.n(), spec.k())).permute(1, 0);
            case ROWS_APART -> arena.strided(spec.weights(), shape, spec.n() + 3, 1);
            case BOTH_APART -> arena.strided(spec.weights(), shape, 2 * spec.n() + 1, 2);
        };
        GuardedArena.fill(tensor, weights);
        return tensor;
    }

    private void checkGaps(Tensor dst) {
        if (dst.isContiguous()) {
            return;
        }
        int bytes = spec.dst().alignment();
        long row = dst.stride(0) * bytes;
        for (long i = 0; i < dst.byteSize(); i++) {
            byte value = dst.data().get(JAVA_BYTE, i);
            if (i % row >= spec.n() * bytes && value != GuardedArena.CANARY) {
                throw new AssertionError("byte " + i % row + " of row " + i / row + " written, beyond n");
            }
        }
    }

    private void check(Tensor dst, Backend backend) {
        if (expected.isEmpty()) {
            expected = Optional.of(compute());
        }
        expected.get().check(dst, backend);
    }

    private Expected compute() {
        int n = (int) spec.n();
        int k = (int) spec.k();
        int m = layout.rows();
        ProductOracle oracle = new ProductOracle(new TypeCombo(spec.src(), spec.weights(), spec.dst()),
                spec.srcParams(), spec.weightsParams(), spec.dstParams(), spec.bias(), bias, spec.activation());
        double[] values = new double[m * n];
        double[] tolerances = new double[m * n];
        for (int row = 0; row < m; row++) {
            for (int column = 0; column < n; column++) {
                int at = row * n + column;
                if (spec.isInteger()) {
                    long sum = integerSum(row, column, k, n);
                    values[at] = oracle.integer(sum, column);
                    tolerances[at] = oracle.onednnTolerance(sum, column);
                } else {
                    realSum(oracle, row, column, values, tolerances);
                }
            }
        }
        return spec.isInteger() ? Expected.exactButOnednnWithin(values, tolerances)
                : Expected.within(values, tolerances);
    }

    private long integerSum(int row, int column, int k, int n) {
        long srcZero = spec.srcParams().zeroPoint();
        long weightsZero = spec.weightsParams().zeroPoint(column);
        long sum = 0;
        for (int i = 0; i < k; i++) {
            sum += ((long) src[row * k + i] - srcZero) * ((long) weights[i * n + column] - weightsZero);
        }
        return sum;
    }

    private void realSum(ProductOracle oracle, int row, int column, double[] values, double[] tolerances) {
        int n = (int) spec.n();
        int k = (int) spec.k();
        double sum = 0;
        double magnitude = 0;
        for (int i = 0; i < k; i++) {
            double product = src[row * k + i] * weights[i * n + column];
            sum += product;
            magnitude += Math.abs(product);
        }
        values[row * n + column] = oracle.real(sum, column);
        tolerances[row * n + column] = oracle.realTolerance(k, magnitude, column);
    }
}
