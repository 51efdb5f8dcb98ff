package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A prepared elementwise operation of two tensors, see {@link BinarySpec}. */
public abstract non-sealed class Binary extends Kernel {
    /** Elements for which another thread is worth waking. */
    private static final long PART_ELEMENTS = 1 << 14;
    private static final List<String> OPERANDS = List.of("a", "b");

    private final BinarySpec spec;
    // For the shapes of the last run: tensors are run again and again, and to compute it allocates.
    private volatile Broadcast latest = Broadcast.of(OPERANDS, Shape.of(), Shape.of(), Shape.of());

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
     * @param a of the spec's type, contiguous
     * @param b of the spec's type, contiguous; its extents are those of a or 1, axis by axis from the last, or the other
     *     way round
     * @param dst of the larger extents and the spec's type, contiguous; unless bool it may be the memory of an operand of
     *     its shape, not overlap it otherwise
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor a, Tensor b, Tensor dst) {
        checkOpen();
        check("a", a, spec.a());
        check("b", b, spec.b());
        check("dst", dst, spec.dst());
        Broadcast geometry = latest;
        if (geometry.operands()[0] != a.shape() || geometry.operands()[1] != b.shape()
                || geometry.dst() != dst.shape()) {
            geometry = Broadcast.of(OPERANDS, dst.shape(), a.shape(), b.shape());
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
    private void share(Broadcast geometry, MemorySegment a, MemorySegment b, MemorySegment dst, long elements) {
        int last = geometry.extents().length - 1;
        long length = geometry.extents()[last];
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
                        : Math.min(lastRow - row, geometry.extents()[last - 1] - row % geometry.extents()[last - 1]);
                long aAt = first * geometry.strides()[0][last];
                long bAt = first * geometry.strides()[1][last];
                long rest = row;
                for (int axis = last - 1; axis >= 0; axis--) {
                    long index = rest % geometry.extents()[axis];
                    aAt += index * geometry.strides()[0][axis];
                    bAt += index * geometry.strides()[1][axis];
                    rest /= geometry.extents()[axis];
                }
                rows(geometry, together, end - first, a, aAt, b, bAt, dst, row * length + first);
            }
        });
    }

    private void rows(Broadcast geometry, long rows, long count, MemorySegment a, long aAt, MemorySegment b, long bAt,
            MemorySegment dst, long at) {
        executeRows(rows, count, a, aAt, geometry.rowStride(0), geometry.columnStride(0) == 0, b, bAt,
                geometry.rowStride(1), geometry.columnStride(1) == 0, dst, at);
    }

    private static void check(String operand, Tensor tensor, DataType type) {
        if (tensor.type() != type || !tensor.isContiguous()) {
            throw new OperandException(operand, type + " contiguous", tensor);
        }
    }

    private void walk(Broadcast geometry, int axis, MemorySegment a, long aAt, MemorySegment b, long bAt,
            MemorySegment dst, long at) {
        int last = geometry.extents().length - 1;
        if (axis >= last - 1) {
            rows(geometry, last == 0 ? 1 : geometry.extents()[axis], geometry.extents()[last], a, aAt, b, bAt, dst, at);
            return;
        }
        for (long i = 0; i < geometry.extents()[axis]; i++) {
            walk(geometry, axis + 1, a, aAt + i * geometry.strides()[0][axis], b,
                    bAt + i * geometry.strides()[1][axis], dst,
                    at + i * geometry.dstStrides()[axis]);
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
}
