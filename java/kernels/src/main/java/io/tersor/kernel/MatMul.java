package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.sparse.SparseTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A prepared matrix multiplication, see {@link MatMulSpec}.
 *
 * <pre>{@code
 * try (MatMul fc = MatMul.spec(U8, S8, U8).weights(w).source(srcParams).bias(bias).relu().destination(dstParams)
 *         .prepare()) {
 *     fc.run(src, dst);
 * }
 * }</pre>
 */
public abstract non-sealed class MatMul extends Kernel {
    private final MatMulSpec spec;

    /** For backends: see {@link Kernel} for the arena. */
    protected MatMul(MatMulSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final MatMulSpec spec() {
        return spec;
    }

    /**
     * Computes dst from src. Allocates nothing; safe from many threads at once with different dst.
     *
     * @param src [..., m, k]; rows may be apart (a stride of the row axis above k), or the matrix transposed (its row
     *        axis of stride 1), in rank 2, otherwise contiguous; the first axis is the batch's where there is one
     * @param dst [..., m, n] with the same leading extents; rows may be apart in rank 2; must not overlap src
     * @throws OperandException if type, shape or strides do not fit, or a residual is needed
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     * @throws WrongThreadException if a tensor's arena is confined to another thread
     */
    public final void run(Tensor src, Tensor dst) {
        OperandException.check(spec.residual().isEmpty(), "residual", "a tensor", "none");
        checkParams(false);
        start(src, 1f, 0, dst, dst);
    }

    /**
     * Computes dst from src and the residual that the spec announces, as {@link #run(Tensor, Tensor)} does.
     *
     * @param residual of dst's shape, rows apart or contiguous; may be dst itself where the types are the same
     */
    public final void run(Tensor src, Tensor residual, Tensor dst) {
        OperandException.check(spec.residual().isPresent(), "residual", "none", residual);
        checkParams(false);
        start(src, 1f, 0, residual, dst);
    }

    /**
     * Computes dst from src, as {@link #run(Tensor, Tensor)} does, with the parameters of src that the spec announces for
     * each run.
     *
     * @param scale any number; NaN makes all of dst NaN before the activation's bounds
     * @param zeroPoint a value of src's type
     */
    public final void run(Tensor src, float scale, int zeroPoint, Tensor dst) {
        OperandException.check(spec.residual().isEmpty(), "residual", "a tensor", "none");
        checkParams(true);
        start(src, scale, zeroPoint, dst, dst);
    }

    /** Computes dst from src with its parameters and the residual that the spec announces, as the others do. */
    public final void run(Tensor src, float scale, int zeroPoint, Tensor residual, Tensor dst) {
        OperandException.check(spec.residual().isPresent(), "residual", "none", residual);
        checkParams(true);
        start(src, scale, zeroPoint, residual, dst);
    }

    private void checkParams(boolean given) {
        OperandException.check(given == spec.paramsAtRun(), "src parameters", given ? "none" : "with each run",
                given ? "given" : "none");
    }

    /** The residual is any tensor where the spec has none. */
    private void start(Tensor src, float scale, int zeroPoint, Tensor residual, Tensor dst) {
        checkOpen();
        long m = rows("src", src, spec.src(), spec.k(), true);
        sameRows(m, "dst", dst, spec.dst());
        boolean added = spec.residual().isPresent();
        if (added) {
            sameRows(m, "residual", residual, spec.residual().get().type());
        }
        if (spec.batch() > 1) {
            checkBatch("src", src);
            checkBatch("dst", dst);
            checkBatch("residual", added ? residual : dst);
        }
        if (m == 0 || spec.n() == 0) {
            return;
        }
        boolean transposed = isTransposed(src);
        if (spec.paramsAtRun()) {
            if (zeroPoint < spec.src().min() || zeroPoint > spec.src().max()) {
                throw new OperandException("zeroPoint", "a value of " + spec.src(), zeroPoint);
            }
            execute(scale, zeroPoint, m, src.data(), transposed ? 1 : leadingDimension(src, spec.k()),
                    transposed ? src.stride(1) : 1, added ? residual.data() : MemorySegment.NULL,
                    added ? leadingDimension(residual, spec.n()) : 0, dst.data(), leadingDimension(dst, spec.n()));
            return;
        }
        execute(m, src.data(), transposed ? 1 : leadingDimension(src, spec.k()), transposed ? src.stride(1) : 1,
                added ? residual.data() : MemorySegment.NULL, added ? leadingDimension(residual, spec.n()) : 0,
                dst.data(), leadingDimension(dst, spec.n()));
    }

    private void sameRows(long m, String operand, Tensor tensor, DataType type) {
        if (rows(operand, tensor, type, spec.n(), false) != m) {
            throw new OperandException(operand, m + " rows as src has", tensor);
        }
    }

    private void checkBatch(String operand, Tensor tensor) {
        if (tensor.shape().rank() < 3 || tensor.shape().dim(0) != spec.batch()) {
            throw new OperandException(operand, "[" + spec.batch() + ", ..., rows, columns]", tensor);
        }
    }

    private static long rows(String operand, Tensor tensor, DataType type, long columns, boolean mayBeTransposed) {
        int rank = tensor.shape().rank();
        if (tensor.type() != type || rank < 2 || tensor.shape().dim(-1) != columns) {
            throw new OperandException(operand, type + " [..., m, " + columns + "]", tensor);
        }
        boolean rowsOfUnitStride = rank == 2 && (columns <= 1 || tensor.stride(1) == 1)
                && (tensor.shape().dim(0) <= 1 || tensor.stride(0) >= columns);
        if (!tensor.isContiguous() && !rowsOfUnitStride && !(mayBeTransposed && isTransposed(tensor))) {
            throw new OperandException(operand, "contiguous, or rank 2 with rows of stride at least " + columns
                    + (mayBeTransposed ? ", or the transpose of such a matrix" : ""), tensor);
        }
        long rows = 1;
        for (int axis = 0; axis < rank - 1; axis++) {
            rows *= tensor.shape().dim(axis);
        }
        return rows;
    }

    /** Columns of unit stride, which rows do not have: a matrix of one row or column counts as one of rows. */
    private static boolean isTransposed(Tensor tensor) {
        return tensor.shape().rank() == 2 && tensor.shape().dim(0) > 1 && tensor.shape().dim(1) > 1
                && tensor.stride(1) > 1 && tensor.stride(0) == 1 && tensor.stride(1) >= tensor.shape().dim(0);
    }

    private static long leadingDimension(Tensor tensor, long columns) {
        return tensor.isContiguous() ? columns : Math.max(columns, tensor.stride(0));
    }

    /**
     * Computes m &gt; 0 rows of n &gt; 0 columns; k may be 0. The arguments are checked: the segments hold their rows,
     * aligned for their types. Strides and leading dimensions count elements.
     *
     * @param srcRowStride distance of two src rows: at least k, or 1 where src is transposed
     * @param srcColumnStride distance of two src columns: 1, or at least m where src is transposed
     * @param residual of m rows, or NULL where the spec has none
     * @param ldResidual distance of two residual rows, at least n
     * @param ldDst distance of two dst rows, at least n
     */
    protected abstract void execute(long m, MemorySegment src, long srcRowStride, long srcColumnStride,
            MemorySegment residual, long ldResidual, MemorySegment dst, long ldDst);

    /** Does the same with parameters of src that come with the run; for backends that take such specs. */
    protected void execute(float srcScale, int srcZeroPoint, long m, MemorySegment src, long srcRowStride,
            long srcColumnStride, MemorySegment residual, long ldResidual, MemorySegment dst, long ldDst) {
        throw new IllegalStateException(backend() + " takes no parameters at run time: " + spec);
    }

    /** Starts the description of a multiplication of the given types; floating ones need no quantization parameters. */
    public static Builder spec(DataType src, DataType weights, DataType dst) {
        return new Builder(src, weights, dst);
    }

    /**
     * Collects a spec, its constants and how to run it. Weights are [k, n], the output channels its axis 1, or
     * [batch, k, n] for one matrix each of a batch, with one quantization per tensor or per output channel for all.
     */
    public static final class Builder extends ProductBuilder<Builder, MatMul> {
        private Builder(DataType src, DataType weights, DataType dst) {
            super(src, weights, dst, "[k, n] or [batch, k, n]");
        }

        @Override
        Builder self() {
            return this;
        }

        @Override
        Tensor dense(SparseTensor sparse, Arena arena) {
            OperandException.check(sparse.shape().rank() == 2, "weights", "sparse [n, k]", sparse.shape());
            return sparse.toDense(arena).permute(1, 0);
        }

        @Override
        int outputAxis() {
            return weights().shape().rank() - 1;
        }

        /** Returns the spec collected so far. */
        public MatMulSpec spec() {
            Shape shape = weights().shape();
            OperandException.check(shape.rank() == 2 || shape.rank() == 3, "weights", "shape [k, n] or [batch, k, n]",
                    shape);
            int batch = shape.rank() == 2 ? 1 : Math.toIntExact(shape.dim(0));
            return new MatMulSpec(src, weightsType, dst, shape.dim(-2), shape.dim(-1), srcParams, weightsParams,
                    dstParams, Constants.biasKind(bias), residual, activation, batch, sparsity);
        }

        @Override
        MatMul prepare(KernelRegistry registry, PrepareOptions options) {
            return registry.prepare(spec(), weights(), bias, options);
        }
    }
}
