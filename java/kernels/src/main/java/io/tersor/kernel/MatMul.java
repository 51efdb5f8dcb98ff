package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

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
     * @param src [..., m, k]; rows may be apart (a stride of the row axis above k) in rank 2, otherwise contiguous
     * @param dst [..., m, n] with the same leading extents, rows likewise; must not overlap src
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     * @throws WrongThreadException if a tensor's arena is confined to another thread
     */
    public final void run(Tensor src, Tensor dst) {
        checkOpen();
        long m = rows("src", src, spec.src(), spec.k());
        long dstRows = rows("dst", dst, spec.dst(), spec.n());
        if (m != dstRows) {
            throw new OperandException("dst", m + " rows as src has", dst);
        }
        if (m == 0 || spec.n() == 0) {
            return;
        }
        execute(m, src.data(), leadingDimension(src, spec.k()), dst.data(), leadingDimension(dst, spec.n()));
    }

    private static long rows(String operand, Tensor tensor, DataType type, long columns) {
        int rank = tensor.shape().rank();
        if (tensor.type() != type || rank < 2 || tensor.shape().dim(-1) != columns) {
            throw new OperandException(operand, type + " [..., m, " + columns + "]", tensor);
        }
        boolean rowsOfUnitStride = rank == 2 && (columns <= 1 || tensor.stride(1) == 1)
                && (tensor.shape().dim(0) <= 1 || tensor.stride(0) >= columns);
        if (!tensor.isContiguous() && !rowsOfUnitStride) {
            throw new OperandException(operand, "contiguous, or rank 2 with rows of stride at least " + columns,
                    tensor);
        }
        long rows = 1;
        for (int axis = 0; axis < rank - 1; axis++) {
            rows *= tensor.shape().dim(axis);
        }
        return rows;
    }

    private static long leadingDimension(Tensor tensor, long columns) {
        return tensor.isContiguous() ? columns : Math.max(columns, tensor.stride(0));
    }

    /**
     * Computes m &gt; 0 rows of n &gt; 0 columns; k may be 0. The arguments are checked: both segments hold their rows,
     * aligned for their types.
     *
     * @param ldSrc distance of two src rows in elements, at least k
     * @param ldDst distance of two dst rows in elements, at least n
     */
    protected abstract void execute(long m, MemorySegment src, long ldSrc, MemorySegment dst, long ldDst);

    /** Starts the description of a multiplication of the given types; f32 ones need no quantization parameters. */
    public static Builder spec(DataType src, DataType weights, DataType dst) {
        return new Builder(src, weights, dst);
    }

    /** Collects a spec, its constants and how to run it. Weights are [k, n], the output channels its axis 1. */
    public static final class Builder extends ProductBuilder<Builder, MatMul> {
        private Builder(DataType src, DataType weights, DataType dst) {
            super(src, weights, dst, "[k, n]", 1);
        }

        @Override
        Builder self() {
            return this;
        }

        /** Returns the spec collected so far. */
        public MatMulSpec spec() {
            Shape shape = weightsShape(2);
            return new MatMulSpec(src, weightsType, dst, shape.dim(0), shape.dim(1), srcParams, weightsParams,
                    dstParams, Constants.biasKind(bias), activation);
        }

        @Override
        MatMul prepare(KernelRegistry registry, PrepareOptions options) {
            return registry.prepare(spec(), weights(), bias, options);
        }
    }
}
