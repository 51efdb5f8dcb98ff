package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A prepared choice between two tensors, see {@link SelectSpec}. */
public abstract non-sealed class Select extends Kernel {
    /** Bytes for which another thread is worth waking. */
    private static final long PART_BYTES = 1 << 18;
    private static final List<String> OPERANDS = List.of("condition", "a", "b");

    private final SelectSpec spec;
    // For the shapes of the last run: tensors are run again and again, and to compute it allocates.
    private volatile Broadcast latest = Broadcast.of(OPERANDS, Shape.of(), Shape.of(), Shape.of(), Shape.of());

    /** For backends: see {@link Kernel} for the arena. */
    protected Select(SelectSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final SelectSpec spec() {
        return spec;
    }

    /**
     * Computes dst. Allocates nothing once warm for shapes; safe from many threads at once with different dst.
     *
     * @param condition bool, contiguous; what is not 0 is true
     * @param a of the spec's type, contiguous
     * @param b likewise
     * @param dst likewise, of the largest extents; overlaps no operand
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor condition, Tensor a, Tensor b, Tensor dst) {
        checkOpen();
        check("condition", condition, DataType.BOOL);
        check("a", a, spec.type());
        check("b", b, spec.type());
        check("dst", dst, spec.type());
        Broadcast geometry = latest;
        if (geometry.operands()[0] != condition.shape() || geometry.operands()[1] != a.shape()
                || geometry.operands()[2] != b.shape() || geometry.dst() != dst.shape()) {
            geometry = Broadcast.of(OPERANDS, dst.shape(), condition.shape(), a.shape(), b.shape());
            latest = geometry;
        }
        long bytes = spec.type().bytes(dst.shape().elements());
        if (bytes == 0) {
            return;
        }
        if (parallelism().threads() == 1 || bytes / PART_BYTES <= 1) {
            // Without what ranges would allocate.
            walk(geometry, 0, 0, geometry.extents()[0], condition, 0, a, 0, b, 0, dst, 0);
            return;
        }
        Broadcast known = geometry;
        parallelism().ranges(known.extents()[0], bytes / PART_BYTES, (first, end) -> walk(known, 0, first, end,
                condition,
                first * known.strides()[0][0], a, first * known.strides()[1][0], b, first * known.strides()[2][0], dst,
                first * known.dstStrides()[0]));
    }

    private static void check(String operand, Tensor tensor, DataType type) {
        if (tensor.type() != type || !tensor.isContiguous()) {
            throw new OperandException(operand, type + " contiguous", tensor);
        }
    }

    /** Treats positions {@code first} to before {@code end} of an axis, from the given elements on. */
    private void walk(Broadcast geometry, int axis, long first, long end, Tensor condition, long conditionAt, Tensor a,
            long aAt, Tensor b, long bAt, Tensor dst, long at) {
        int last = geometry.extents().length - 1;
        if (axis >= last - 1) {
            long rows = axis == last ? 1 : end - first;
            long columns = axis == last ? end - first : geometry.extents()[last];
            execute(rows, columns, condition.data(), conditionAt, geometry.rowStride(0), geometry.columnStride(0),
                    a.data(), aAt, geometry.rowStride(1), geometry.columnStride(1), b.data(), bAt,
                    geometry.rowStride(2),
                    geometry.columnStride(2), dst.data(), at);
            return;
        }
        for (long i = 0; i < end - first; i++) {
            walk(geometry, axis + 1, 0, geometry.extents()[axis + 1], condition,
                    conditionAt + i * geometry.strides()[0][axis], a, aAt + i * geometry.strides()[1][axis], b,
                    bAt + i * geometry.strides()[2][axis], dst, at + i * geometry.dstStrides()[axis]);
        }
    }

    /**
     * Computes rows &gt; 0 of columns &gt; 0 elements, contiguous in dst. Places and strides are in elements; column
     * strides are 0 or 1, row strides not negative.
     */
    protected abstract void execute(long rows, long columns, MemorySegment condition, long conditionAt,
            long conditionRow, long conditionColumn, MemorySegment a, long aAt, long aRow, long aColumn,
            MemorySegment b,
            long bAt, long bRow, long bColumn, MemorySegment dst, long at);
}
