package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.kernel.Backend;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Moves and transposes by tersor_move; threads share the longest of the outer axes. */
final class NativeMove extends Unary {
    /** TERSOR_MOVE_MAX_RANK. */
    private static final int MAX_RANK = 8;
    /** Bytes that are worth waking a thread for, about 0.1 ms: where cores are busy, waiting for a thread takes longer. */
    private static final long PART_BYTES = 1 << 21;

    private final NativeContext context;
    // What the shape of the last run amounts to: it is the next one's as a rule.
    private volatile Geometry known = new Geometry(Shape.of(), MemorySegment.NULL, 0, 0);

    /**
     * A tersor_move_geometry.
     *
     * @param axis the one to be shared, and how long it is
     */
    private record Geometry(Shape src, MemorySegment memory, int axis, long extent) {
        static Geometry of(Shape src, int elementBytes, long offset, Shape dims, List<Long> strides, int threads) {
            int rank = dims.rank();
            MemorySegment memory = Arena.ofAuto().allocate(2L * Integer.BYTES + (3L * MAX_RANK + 2) * Long.BYTES,
                    Long.BYTES);
            memory.set(JAVA_INT, 0, elementBytes);
            memory.set(JAVA_INT, Integer.BYTES, rank);
            long[] own = dims.rowMajorStrides();
            int shared = 0;
            for (int axis = 0; axis < rank; axis++) {
                memory.setAtIndex(JAVA_LONG, 1 + axis, dims.dim(axis));
                memory.setAtIndex(JAVA_LONG, 1 + MAX_RANK + axis, strides.get(axis));
                memory.setAtIndex(JAVA_LONG, 1 + 2 * MAX_RANK + axis, own[axis]);
                shared = dims.dim(shared) < threads && dims.dim(axis) > dims.dim(shared) ? axis : shared;
            }
            memory.setAtIndex(JAVA_LONG, 1 + 3 * MAX_RANK, offset);
            return new Geometry(src, memory, shared, dims.dim(shared));
        }
    }

    NativeMove(NativeContext context, UnarySpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
    }

    static Optional<String> refusal(KernelSpec spec) {
        return spec instanceof MoveSpec move && move.dims().rank() > MAX_RANK
                ? Optional.of("moves of more than " + MAX_RANK + " axes") : Optional.empty();
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    private Geometry geometry(Shape src) {
        int bytes = spec().srcType().bits() / 8;
        int threads = parallelism().threads();
        if (spec() instanceof MoveSpec move) {
            return Geometry.of(src, bytes, move.offset(), move.dims(), move.strides(), threads);
        }
        if (!(spec() instanceof TransposeSpec)) {
            throw new IllegalStateException("not a move: " + spec());
        }
        long rows = src.dim(1);
        long columns = src.dim(2);
        return Geometry.of(src, bytes, 0, Shape.of(src.dim(0), columns, rows), List.of(rows * columns, 1L, columns),
                threads);
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        Geometry geometry = known;
        if (geometry.src != src.shape() || geometry.extent == 0) {
            geometry = geometry(src.shape());
            known = geometry;
        }
        Geometry g = geometry;
        long from = src.shape().elements();
        long to = dst.shape().elements();
        LibtersorElements functions = context.elements();
        long bytes = to * (spec().srcType().bits() / 8);
        if (parallelism().threads() == 1 || bytes / PART_BYTES <= 1) {
            // Without what ranges would allocate.
            functions.move(g.memory, g.axis, 0, g.extent, from, src.data(), to, dst.data());
            return;
        }
        parallelism().ranges(g.extent, bytes / PART_BYTES, (first, end) -> functions.move(g.memory, g.axis, first,
                end - first, from, src.data(), to, dst.data()));
    }
}
