package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A prepared multiplication of two matrices without constants, see {@link MatrixProductSpec}. */
public abstract non-sealed class MatrixProduct extends Kernel {
    private final MatrixProductSpec spec;

    /** For backends: see {@link Kernel} for the arena. */
    protected MatrixProduct(MatrixProductSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final MatrixProductSpec spec() {
        return spec;
    }

    /**
     * Computes dst from a and b. Allocates nothing once warm for a shape; safe from many threads at once with different
     * dst.
     *
     * @param a [..., m, k], contiguous
     * @param b [..., k, n], or [..., n, k] if the spec transposes it, contiguous; of a's leading extents, or of rank 2
     *     for one matrix for all
     * @param dst [..., m, n], contiguous, of a's leading extents; must not overlap a or b
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor a, Tensor b, Tensor dst) {
        checkOpen();
        check("a", a);
        check("b", b);
        check("dst", dst);
        int rank = a.shape().rank();
        long m = a.shape().dim(-2);
        long k = a.shape().dim(-1);
        long n = b.shape().dim(spec.transposed() ? -2 : -1);
        boolean shared = b.shape().rank() == 2;
        boolean fits = b.shape().dim(spec.transposed() ? -1 : -2) == k && (shared || b.shape().rank() == rank)
                && m <= Integer.MAX_VALUE && k <= Integer.MAX_VALUE && n <= Integer.MAX_VALUE;
        boolean result = dst.shape().rank() == rank && dst.shape().dim(-2) == m && dst.shape().dim(-1) == n;
        long batch = 1;
        for (int axis = 0; axis < rank - 2; axis++) {
            batch *= a.shape().dim(axis);
            fits &= shared || b.shape().dim(axis) == a.shape().dim(axis);
            result &= dst.shape().dim(axis) == a.shape().dim(axis);
        }
        if (!fits) {
            throw new OperandException("b", "f32 matrices that fit a " + a.shape(), b);
        }
        if (!result) {
            throw new OperandException("dst", "f32 [..., " + m + ", " + n + "] of a's leading extents", dst);
        }
        if (dst.shape().elements() > 0) {
            execute(batch, (int) m, (int) k, (int) n, a.data(), b.data(), shared ? 0 : k * n, dst.data());
        }
    }

    private static void check(String operand, Tensor tensor) {
        if (tensor.type() != DataType.F32 || tensor.shape().rank() < 2 || !tensor.isContiguous()) {
            throw new OperandException(operand, "f32 contiguous, at least two axes", tensor);
        }
    }

    /**
     * Computes a batch of m x n results that are not empty; k may be 0.
     *
     * @param bStride elements between two matrices of b, 0 for one for all
     */
    protected abstract void execute(long batch, int m, int k, int n, MemorySegment a, MemorySegment b, long bStride,
            MemorySegment dst);
}
