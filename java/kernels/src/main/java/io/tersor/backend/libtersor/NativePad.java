package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Backend;
import io.tersor.kernel.PadSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Pads by calls of tersor_move: for what src has, and for each border. */
final class NativePad extends Unary {
    /** Calls that are worth their while: three runs on three axes. */
    private static final long MOST_PARTS = 27;

    private final NativeContext context;
    private final long elementBytes;
    // The element of what is outside.
    private final MemorySegment constant;
    private final Part[] parts;

    /** A block of dst. */
    private record Part(MoveGeometry geometry, long bytes, boolean outside) {}

    NativePad(NativeContext context, PadSpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.elementBytes = spec.type().bits() / Byte.SIZE;
        this.constant = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);
        for (int i = 0; i < elementBytes; i++) {
            constant.set(JAVA_BYTE, i, (byte) (spec.constant() >>> i * Byte.SIZE));
        }
        List<Part> list = new ArrayList<>();
        int rank = spec.dst().rank();
        add(spec, 0, 0, 0, new long[rank], new long[rank], list);
        this.parts = list.toArray(Part[]::new);
    }

    static Optional<String> refusal(PadSpec spec) {
        if (spec.dst().rank() > MoveGeometry.MAX_RANK) {
            return Optional.of("padding of more than " + MoveGeometry.MAX_RANK + " axes");
        }
        long count = 1;
        for (int axis = 0; axis < spec.dst().rank() && count <= MOST_PARTS; axis++) {
            count *= Math.max(1, spec.runs(axis).size());
        }
        return count > MOST_PARTS ? Optional.of("padding in more than " + MOST_PARTS + " parts") : Optional.empty();
    }

    /** Adds the blocks of all runs from an axis on; what is outside on it spans all of the axes after it. */
    private void add(PadSpec spec, int axis, long srcAt, long dstAt, long[] dims, long[] strides, List<Part> list) {
        int rank = spec.dst().rank();
        long[] own = spec.dst().rowMajorStrides();
        if (axis == rank) {
            list.add(part(dims, srcAt, strides, dstAt, own, false));
            return;
        }
        for (PadSpec.Run run : spec.runs(axis)) {
            long[] extents = dims.clone();
            extents[axis] = run.length();
            long at = dstAt + run.target() * own[axis];
            if (run.source() == PadSpec.OUTSIDE) {
                for (int inner = axis + 1; inner < rank; inner++) {
                    extents[inner] = spec.dst().dim(inner);
                }
                list.add(part(extents, 0, new long[rank], at, own, true));
                continue;
            }
            long stride = spec.src().rowMajorStrides()[axis];
            long[] steps = strides.clone();
            steps[axis] = run.step() * stride;
            add(spec, axis + 1, srcAt + run.source() * stride, at, extents, steps, list);
        }
    }

    private Part part(long[] dims, long srcAt, long[] strides, long dstAt, long[] own, boolean outside) {
        long bytes = elementBytes;
        for (int axis = 0; axis < dims.length; axis++) {
            bytes *= dims[axis];
            // A step that is not made: as if of neighbours, which are moved the fastest.
            strides[axis] = dims[axis] == 1 && axis == dims.length - 1 ? 1 : strides[axis];
        }
        return new Part(MoveGeometry.of((int) elementBytes, parallelism().threads(), dims, srcAt, strides, dstAt, own),
                bytes, outside);
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long elements = dst.shape().elements();
        // Not by iterators, which are allocated.
        for (int i = 0; i < parts.length; i++) {
            Part part = parts[i];
            part.geometry.run(context, parallelism(), part.bytes,
                    part.outside ? 1 : src.shape().elements(), part.outside ? constant : src.data(), elements,
                    dst.data());
        }
    }
}
