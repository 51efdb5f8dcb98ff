package io.tersor.contract;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/** One multiplication. */
final class MatMulCase implements ContractCase {
    /** How the weights lie in memory. */
    enum WeightLayout { ROWS, COLUMNS, ROWS_APART, BOTH_APART }

    /**
     * Where the operands lie.
     *
     * @param srcShape [..., m, k], the first axis being the batch's where there is one
     * @param srcGap elements between the rows of a rank 2 src, beyond k; of a transposed one, between its columns
     * @param transposed whether a rank 2 src lies in memory column by column
     * @param residualGap elements between the rows of a rank 2 residual, beyond n
     * @param inPlace whether the residual is the memory of dst, its gaps those of dst
     * @param dstGap elements between the rows of a rank 2 dst, beyond n
     */
    record Layout(Shape srcShape, long srcGap, boolean transposed, long residualGap, boolean inPlace, long dstGap,
            WeightLayout weights) {
        /** Returns operands of rows, without a residual. */
        static Layout of(Shape srcShape, long srcGap, long dstGap, WeightLayout weights) {
            return new Layout(srcShape, srcGap, false, 0, false, dstGap, weights);
        }

        @Override
        public String toString() {
            return "src " + srcShape + (transposed ? " transposed" : "") + gap("src", srcGap)
                    + gap("residual", residualGap) + (inPlace ? ", residual is dst" : "") + gap("dst", dstGap)
                    + ", weights in " + weights;
        }

        private static String gap(String operand, long gap) {
            return gap == 0 ? "" : ", " + operand + " rows " + gap + " further apart";
        }
    }

    /**
     * Row-major values.
     *
     * @param weights [k, n] or [batch, k, n]
     * @param bias [n] or empty
     * @param residual of dst's shape or empty
     */
    record Values(double[] src, double[] weights, double[] bias, double[] residual) {}

    /**
     * How it is run.
     *
     * @param rows the hint of how many there will be
     */
    record Run(int threads, long rows) {
        static final Run SINGLE = new Run(1, PrepareOptions.DEFAULT_ROWS);
    }

    private final String id;
    private final MatMulSpec spec;
    private final Layout layout;
    private final Values values;
    private final Run run;
    private Optional<Expected> expected = Optional.empty();
    private boolean atRun;

    MatMulCase(String id, MatMulSpec spec, Layout layout, Values values, Run run) {
        this.id = id;
        this.spec = spec;
        this.layout = layout;
        this.values = values;
        this.run = run;
    }

    /** Returns this case with results that every backend must give exactly. */
    MatMulCase exactly(double[] results) {
        MatMulCase same = new MatMulCase(id, spec, layout, values, run);
        same.expected = Optional.of(Expected.exact(results));
        return same;
    }

    /** Returns this case with the parameters of src given with the run, where those of the kernel stood. */
    MatMulCase withParamsAtRun() {
        MatMulCase same = new MatMulCase(id + "_params", spec, layout, values, run);
        same.expected = expected;
        same.atRun = true;
        return same;
    }

    /** Returns this case with weights of which only some are kept: [n, k], for each member of the batch. */
    MatMulCase sparse(SparseFormat format, Zeros zeros) {
        double[] kept = values.weights.clone();
        int k = (int) spec.k();
        int n = (int) spec.n();
        for (int matrix = 0; matrix < spec.batch(); matrix++) {
            boolean[] pattern = zeros.kept(format, Shape.of(n, k), id.hashCode() + matrix);
            for (int i = 0; i < k * n; i++) {
                kept[matrix * k * n + i] *= pattern[i % n * k + i / n] ? 1 : 0;
            }
        }
        return new MatMulCase(id, spec.with(Optional.of(format)), layout,
                new Values(values.src, kept, values.bias, values.residual), run);
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public MatMulSpec spec() {
        return atRun ? MatMulSpec.withParamsAtRun(spec.src(), spec.k(), spec.n(), spec.weightsParams(), spec.bias(),
                spec.residual(), spec.activation()) : spec;
    }

    @Override
    public int threads() {
        return run.threads;
    }

    @Override
    public String operands() {
        return layout + ", prepared for " + run.rows + " rows";
    }

    @Override
    public boolean mayBeRefusedLate(Candidate candidate) {
        boolean infiniteBias = Arrays.stream(values.bias).anyMatch(Double::isInfinite);
        return candidate.backend() == Backend.ONEDNN && !spec.activation().isClip() && infiniteBias;
    }

    @Override
    public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
        Tensor w = weights(arena);
        Optional<Tensor> b = spec.bias() == Bias.NONE ? Optional.empty()
                : Optional.of(arena.tensor(spec.bias().type(), Shape.of(spec.n()), values.bias));
        Tensor a = layout.transposed
                ? arena.strided(spec.src(), layout.srcShape, 1, layout.srcShape.dim(0) + layout.srcGap)
                : matrix(arena, spec.src(), layout.srcShape, layout.srcGap);
        GuardedArena.fill(a, values.src);
        Shape shape = layout.srcShape.with(-1, spec.n());
        Optional<Tensor> separate = spec.residual().filter(_ -> !layout.inPlace)
                .map(added -> matrix(arena, added.type(), shape, layout.residualGap));
        separate.ifPresent(tensor -> GuardedArena.fill(tensor, values.residual));
        arena.seal();
        Tensor dst = matrix(arena, spec.dst(), shape, layout.dstGap);
        if (layout.inPlace) {
            GuardedArena.fill(dst, values.residual);
        }
        float scale = spec.srcParams().scale();
        int zeroPoint = spec.srcParams().zeroPoint();
        try (MatMul kernel = candidate.registry().prepare(spec(), w, b,
                candidate.options(parallelism).rows(run.rows))) {
            if (atRun && spec.residual().isPresent()) {
                kernel.run(a, scale, zeroPoint, separate.orElse(dst), dst);
            } else if (atRun) {
                kernel.run(a, scale, zeroPoint, dst);
            } else if (spec.residual().isPresent()) {
                kernel.run(a, separate.orElse(dst), dst);
            } else {
                kernel.run(a, dst);
            }
        }
        check(dst, candidate.backend());
        checkGaps(dst);
    }

    private static Tensor matrix(GuardedArena arena, DataType type, Shape shape, long gap) {
        return gap == 0 || shape.rank() != 2 ? arena.tensor(type, shape)
                : arena.strided(type, shape, shape.dim(1) + gap, 1);
    }

    private Tensor weights(GuardedArena arena) {
        long k = spec.k();
        long n = spec.n();
        Tensor tensor = switch (layout.weights) {
            case ROWS -> arena.tensor(spec.weights(), batched(k, n));
            case COLUMNS -> spec.batch() == 1 ? arena.tensor(spec.weights(), Shape.of(n, k)).permute(1, 0)
                    : arena.tensor(spec.weights(), batched(n, k)).permute(0, 2, 1);
            case ROWS_APART -> arena.strided(spec.weights(), batched(k, n), strides(k * (n + 3) + 1, n + 3, 1));
            case BOTH_APART -> arena.strided(spec.weights(), batched(k, n),
                    strides(k * (2 * n + 1) + 2, 2 * n + 1, 2));
        };
        GuardedArena.fill(tensor, values.weights);
        return tensor;
    }

    private Shape batched(long rows, long columns) {
        return spec.batch() == 1 ? Shape.of(rows, columns) : Shape.of(spec.batch(), rows, columns);
    }

    private long[] strides(long matrix, long row, long column) {
        return spec.batch() == 1 ? new long[] {row, column} : new long[] {matrix, row, column};
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
        int rows = (int) layout.srcShape.with(-1, 1).elements();
        ProductOracle oracle = ProductOracle.of(spec, values.bias);
        double[] results = new double[rows * n];
        double[] tolerances = new double[rows * n];
        double[] onednn = new double[rows * n];
        for (int row = 0; row < rows; row++) {
            int matrix = row / (rows / spec.batch()) * k * n;
            RowQuantizer levels = spec.isDynamic() ? RowQuantizer.of(values.src, row * k, k)
                    : new RowQuantizer(spec.isInteger() ? levels(row * k, k) : new long[0], 1f);
            long[] integerSums = integerSums(levels.levels(), matrix);
            RealSums reals = spec.weights().isFloating() ? realSums(row * k, matrix) : RealSums.of(0);
            for (int column = 0; column < n; column++) {
                int at = row * n + column;
                double added = spec.residual().isPresent() ? values.residual[at] : 0;
                if (spec.weights() == DataType.S8) {
                    results[at] = oracle.integer(integerSums[column], levels.scale(), column, added);
                    onednn[at] = oracle.onednnTolerance(integerSums[column], levels.scale(), column, added);
                } else {
                    double sum = reals.values[column];
                    double magnitude = reals.magnitudes[column];
                    double lost = reals.lost[column];
                    results[at] = oracle.real(sum, column, added);
                    tolerances[at] = oracle.realTolerance(k, sum, magnitude, column, added, false) + lost;
                    onednn[at] = oracle.realTolerance(k, sum, magnitude, column, added, true) + lost;
                }
            }
        }
        return spec.weights() == DataType.S8 ? Expected.exactButOnednnWithin(results, onednn)
                : new Expected(results, tolerances, onednn);
    }

    /** Returns a row of src less the zero point. */
    private long[] levels(int from, int k) {
        return Arrays.stream(values.src, from, from + k).mapToLong(q -> (long) q - spec.srcParams().zeroPoint())
                .toArray();
    }

    private long[] integerSums(long[] levels, int matrix) {
        long[] sums = new long[(int) spec.n()];
        for (int i = 0; i < levels.length; i++) {
            for (int column = 0; column < sums.length; column++) {
                long weight = (long) values.weights[matrix + i * sums.length + column];
                sums[column] += levels[i] * (weight - spec.weightsParams().zeroPoint(column));
            }
        }
        return sums;
    }

    /**
     * The sums of products of one row.
     *
     * @param magnitudes the sums of the products' magnitudes
     * @param lost the magnitudes of those with a subnormal bf16 factor: the instructions for bf16 take it for 0
     */
    private record RealSums(double[] values, double[] magnitudes, double[] lost) {
        private static RealSums of(int n) {
            return new RealSums(new double[n], new double[n], new double[n]);
        }
    }

    private RealSums realSums(int from, int matrix) {
        int n = (int) spec.n();
        RealSums sums = RealSums.of(n);
        for (int i = 0; i < spec.k(); i++) {
            double a = values.src[from + i];
            for (int column = 0; column < n; column++) {
                double b = values.weights[matrix + i * n + column];
                double size = Math.abs(a * b);
                sums.values[column] += a * b;
                sums.magnitudes[column] += size;
                boolean subnormal = Math.min(Math.abs(a), Math.abs(b)) < Float.MIN_NORMAL;
                sums.lost[column] += spec.src() == DataType.BF16 && subnormal && Double.isFinite(size) ? size : 0;
            }
        }
        return sums;
    }
}
