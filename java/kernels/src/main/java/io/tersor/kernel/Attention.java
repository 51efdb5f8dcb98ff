package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.kernel.AttentionSpec.Layout;
import io.tersor.kernel.AttentionSpec.Operand;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A prepared attention, see {@link AttentionSpec}. */
public abstract non-sealed class Attention extends Kernel {
    private final AttentionSpec spec;

    /** For backends: see {@link Kernel} for the arena. */
    protected Attention(AttentionSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final AttentionSpec spec() {
        return spec;
    }

    /**
     * Computes dst from queries, keys and values. Allocates nothing once warm for a shape; safe from many threads at
     * once with different dst.
     *
     * @param q of heads * size elements a token, in the spec's layout, contiguous
     * @param k of kvHeads * size elements a token, likewise
     * @param v of kvHeads * valueSize elements a token, likewise; of k's length
     * @param dst of heads * valueSize elements a token, of q's length; must not overlap the others
     * @throws OperandException if type, shape or strides do not fit, or a mask is needed
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor q, Tensor k, Tensor v, Tensor dst) {
        OperandException.check(!spec.masked(), "mask", "a tensor", "none");
        start(q, k, v, q, dst);
    }

    /**
     * Computes dst with the mask that the spec announces, as {@link #run(Tensor, Tensor, Tensor, Tensor)} does.
     *
     * @param mask [n or 1, heads or 1, length of q or 1, length of k], f32, contiguous
     */
    public final void run(Tensor q, Tensor k, Tensor v, Tensor mask, Tensor dst) {
        OperandException.check(spec.masked(), "mask", "none", mask);
        start(q, k, v, mask, dst);
    }

    /** The mask is any tensor where the spec has none. */
    private void start(Tensor q, Tensor k, Tensor v, Tensor mask, Tensor dst) {
        checkOpen();
        check("q", q, spec.q(), spec.heads(), spec.size());
        check("k", k, spec.k(), spec.kvHeads(), spec.size());
        check("v", v, spec.v(), spec.kvHeads(), spec.valueSize());
        check("dst", dst, spec.dst(), spec.heads(), spec.valueSize());
        long n = q.shape().dim(0);
        long lengthQ = length(q, spec.q());
        long lengthK = length(k, spec.k());
        sameTokens("k", k, spec.k(), n, lengthK);
        sameTokens("v", v, spec.v(), n, lengthK);
        sameTokens("dst", dst, spec.dst(), n, lengthQ);
        if (spec.masked()) {
            checkMask(mask, n, lengthQ, lengthK);
        }
        if (dst.shape().elements() == 0) {
            return;
        }
        Shape extents = mask.shape();
        long rows = spec.masked() ? extents.dim(2) : 1;
        long row = rows == 1 ? 0 : lengthK;
        long head = !spec.masked() || extents.dim(1) == 1 ? 0 : rows * lengthK;
        long image = !spec.masked() || extents.dim(0) == 1 ? 0 : extents.dim(1) * rows * lengthK;
        execute(n, (int) lengthQ, (int) lengthK, q.data(), k.data(), v.data(),
                spec.masked() ? mask.data() : MemorySegment.NULL, image, head, row, dst.data());
    }

    private static void check(String operand, Tensor tensor, Operand expected, int heads, int size) {
        Shape shape = tensor.shape();
        boolean tokens = expected.layout() == Layout.TOKENS;
        boolean fits = tokens ? shape.rank() == 3 && shape.dim(2) == (long) heads * size
                : shape.rank() == 4 && shape.dim(1) == heads && shape.dim(3) == size;
        if (tensor.type() != expected.type() || !fits || !tensor.isContiguous()) {
            String axes = tokens ? "[n, length, " + heads + " * " + size + "]"
                    : "[n, " + heads + ", length, " + size + "]";
            throw new OperandException(operand, expected.type() + " contiguous " + axes, tensor);
        }
    }

    private static long length(Tensor tensor, Operand operand) {
        return tensor.shape().dim(operand.layout() == Layout.TOKENS ? 1 : 2);
    }

    private static void sameTokens(String operand, Tensor tensor, Operand expected, long n, long length) {
        if (tensor.shape().dim(0) != n || length(tensor, expected) != length || length > Integer.MAX_VALUE) {
            throw new OperandException(operand, n + " times " + length + " tokens", tensor);
        }
    }

    private void checkMask(Tensor mask, long n, long lengthQ, long lengthK) {
        Shape shape = mask.shape();
        boolean fits = mask.type() == DataType.F32 && shape.rank() == 4 && mask.isContiguous()
                && (shape.dim(0) == n || shape.dim(0) == 1) && (shape.dim(1) == spec.heads() || shape.dim(1) == 1)
                && (shape.dim(2) == lengthQ || shape.dim(2) == 1) && shape.dim(3) == lengthK;
        if (!fits) {
            throw new OperandException("mask", "f32 contiguous [" + n + " or 1, " + spec.heads() + " or 1, " + lengthQ
                    + " or 1, " + lengthK + "]", mask);
        }
    }

    /**
     * Computes n images of lengthQ &gt; 0 queries; lengthK may be 0. The segments hold exactly their tensors. Element
     * e of token t of head h of image i is at {@code offset(...) + e} of its operand; the mask of query t and key j at
     * i * maskImage + h * maskHead + t * maskRow + j.
     */
    protected abstract void execute(long n, int lengthQ, int lengthK, MemorySegment q, MemorySegment k,
            MemorySegment v, MemorySegment mask, long maskImage, long maskHead, long maskRow, MemorySegment dst);

    /** Returns where a token of a head starts in an operand, in elements. */
    protected static long offset(Operand operand, long image, int head, long token, int heads, int size, int length) {
        return (operand.layout() == Layout.TOKENS ? (image * length + token) * heads + head
                : (image * heads + head) * length + token) * size;
    }

    /** Returns the elements between two tokens of one head. */
    protected static long tokenStride(Operand operand, int heads, int size) {
        return operand.layout() == Layout.TOKENS ? (long) heads * size : size;
    }
}
