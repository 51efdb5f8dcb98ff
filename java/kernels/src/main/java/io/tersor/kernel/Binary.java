package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** A prepared elementwise operation of two tensors, see {@link BinarySpec}. */
public abstract non-sealed class Binary extends Kernel {
    /** Elements for which another thread is worth waking. */
    private static final long PART_ELEMENTS = 1 << 14;

    private final BinarySpec spec;
    // For the shapes of the last run: tensors are run again and again, and to compute it allocates.
    private volatile Geometry latest = Geometry.of(Shape.of(), Shape.of(), Shape.of());

    /** For backends: see {@link Kernel} for the arena. */
    protected Binary(BinarySpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final BinarySpec spec() {
        return spec;
    }

    /**
     * Computes dst from a and b. Allocates nothing once warm for shapes; safe from many threads at once with different
     * dst.
     *
     * @param a f32, contiguous
     * @param b f32, contiguous; its extents are those of a or 1, axis by axis from the last, or the other way round
     * @param dst of the larger extents and the spec's type, contiguous; if f32 it may be the memory of an operand of its
     *     shape, not overlap it otherwise
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor a, Tensor b, Tensor dst) {
        checkOpen();
        check("a", a, DataType.F32);
        check("b", b, DataType.F32);
        check("dst", dst, spec.dst());
        Geometry geometry = latest;
        if (geometry.a != a.shape() || geometry.b != b.shape() || geometry.dst != dst.shape()) {
            geometry = Geometry.of(a.shape(), b.shape(), dst.shape());
            latest = geometry;
        }
        if (dst.shape().elements() == 0) {
            return;
        }
        if (parallelism().threads() > 1 && dst.shape().elements() > PART_ELEMENTS) {
            share(geometry, a.data(), b.data(), dst.data(), dst.shape().elements());
        } else {
            walk(geometry, 0, a.data(), 0, b.data(), 0, dst.data(), 0);
        }
    }

    /** Lets threads have rows, or parts of them where there are few. */
    private void share(Geometry geometry, MemorySegment a, MemorySegment b, MemorySegment dst, long elements) {
        int last = geometry.extents.length - 1;
        long length = geometry.extents[last];
        long rows = elements / length;
        long wanted = Math.min(4L * parallelism().threads(), elements / PART_ELEMENTS);
        long cuts = rows >= wanted ? 1 : Math.ceilDiv(wanted, rows);
        long count = Math.ceilDiv(length, cuts);
        long each = rows >= wanted ? Math.ceilDiv(rows, wanted) : 1;
        parallelism().run(Math.ceilDiv(rows, each) * cuts, part -> {
            long first = part % cuts * count;
            long end = Math.min(length, first + count);
            long lastRow = Math.min(rows, (part / cuts + 1) * each);
            // Rows that follow each other along one axis; more than one of them only where rows are not cut.
            long together;
            for (long row = part / cuts * each; row < lastRow && first < end; row += together) {
                together = last == 0 ? 1
                        : Math.min(lastRow - row, geometry.extents[last - 1] - row % geometry.extents[last - 1]);
                long aAt = first * geometry.aStrides[last];
                long bAt = first * geometry.bStrides[last];
                long rest = row;
                for (int axis = last - 1; axis >= 0; axis--) {
                    long index = rest % geometry.extents[axis];
                    aAt += index * geometry.aStrides[axis];
                    bAt += index * geometry.bStrides[axis];
                    rest /= geometry.extents[axis];
                }
                rows(geometry, together, end - first, a, aAt, b, bAt, dst, row * length + first);
            }
        });
    }

    private void rows(Geometry geometry, long rows, long count, MemorySegment a, long aAt, MemorySegment b, long bAt,
            MemorySegment dst, long at) {
        int last = geometry.extents.length - 1;
        long aStride = last == 0 ? 0 : geometry.aStrides[last - 1];
        long bStride = last == 0 ? 0 : geometry.bStrides[last - 1];
        executeRows(rows, count, a, aAt, aStride, geometry.aStrides[last] == 0, b, bAt, bStride,
                geometry.bStrides[last] == 0, dst, at);
    }

    private static void check(String operand, Tensor tensor, DataType type) {
        if (tensor.type() != type || !tensor.isContiguous()) {
            throw new OperandException(operand, type + " contiguous", tensor);
        }
    }

    private void walk(Geometry geometry, int axis, MemorySegment a, long aAt, MemorySegment b, long bAt,
            MemorySegment dst, long at) {
        int last = geometry.extents.length - 1;
        if (axis >= last - 1) {
            rows(geometry, last == 0 ? 1 : geometry.extents[axis], geometry.extents[last], a, aAt, b, bAt, dst, at);
            return;
        }
        for (long i = 0; i < geometry.extents[axis]; i++) {
            walk(geometry, axis + 1, a, aAt + i * geometry.aStrides[axis], b, bAt + i * geometry.bStrides[axis], dst,
                    at + i * geometry.dstStrides[axis]);
        }
    }

    /**
     * Computes {@code count} &gt; 0 neighbouring elements of dst. Offsets are in elements.
     *
     * @param aConstant whether all have the same a
     * @param bConstant whether all have the same b
     */
    protected abstract void execute(long count, MemorySegment a, long aAt, boolean aConstant, MemorySegment b, long bAt,
            boolean bConstant, MemorySegment dst, long at);

    /**
     * Computes {@code rows} &gt; 0 runs of {@code count} &gt; 0 elements, which follow each other in dst: each as
     * {@link #execute} does unless a backend has better.
     *
     * @param aStride from the a of one run to that of the next, not negative
     * @param bStride likewise
     */
    protected void executeRows(long rows, long count, MemorySegment a, long aAt, long aStride, boolean aConstant,
            MemorySegment b, long bAt, long bStride, boolean bConstant, MemorySegment dst, long at) {
        for (long row = 0; row < rows; row++) {
            execute(count, a, aAt + row * aStride, aConstant, b, bAt + row * bStride, bConstant, dst, at + row * count);
        }
    }

    /** Extents and strides with axes merged that all three continue; the last stride of an operand is 0 or 1. */
    private record Geometry(Shape a, Shape b, Shape dst, long[] extents, long[] aStrides, long[] bStrides,
            long[] dstStrides) {
        private static Geometry of(Shape a, Shape b, Shape dst) {
            int rank = dst.rank();
            long[] aFull = strides("a", a, dst);
            long[] bFull = strides("b", b, dst);
            long[] extents = new long[Math.max(1, rank)];
            long[] aStrides = new long[extents.length];
            long[] bStrides = new long[extents.length];
            extents[0] = 1;
            int count = 0;
            for (int axis = 0; axis < rank; axis++) {
                long extent = dst.dim(axis);
                boolean given = dim(a, rank, axis) == extent || dim(b, rank, axis) == extent;
                OperandException.check(given, "dst", "the larger extents of a " + a + " and b " + b, dst);
                if (extent == 1) {
                    continue;
                }
                boolean joins = count > 0 && aStrides[count - 1] == aFull[axis] * extent
                        && bStrides[count - 1] == bFull[axis] * extent;
                count += joins ? 0 : 1;
                extents[count - 1] = joins ? extents[count - 1] * extent : extent;
                aStrides[count - 1] = aFull[axis];
                bStrides[count - 1] = bFull[axis];
            }
            int used = Math.max(1, count);
            long[] dstStrides = new long[used];
            dstStrides[used - 1] = 1;
            for (int axis = used - 2; axis >= 0; axis--) {
                dstStrides[axis] = dstStrides[axis + 1] * extents[axis + 1];
            }
            return new Geometry(a, b, dst, Arrays.copyOf(extents, used), aStrides, bStrides, dstStrides);
        }

        private static long dim(Shape shape, int rank, int axis) {
            int own = axis - (rank - shape.rank());
            return own < 0 ? 1 : shape.dim(own);
        }

        private static long[] strides(String operand, Shape shape, Shape dst) {
            OperandException.check(shape.rank() <= dst.rank(), operand, "at most " + dst.rank() + " axes", shape);
            long[] own = shape.rowMajorStrides();
            long[] strides = new long[dst.rank()];
            int added = dst.rank() - shape.rank();
            for (int axis = 0; axis < shape.rank(); axis++) {
                long extent = shape.dim(axis);
                OperandException.check(extent == 1 || extent == dst.dim(axis + added), operand,
                        "extents of dst " + dst + " or 1", shape);
                strides[axis + added] = extent == 1 ? 0 : own[axis];
            }
            return strides;
        }
    }
}
