package io.tersor.backend.scalar;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Backend;
import io.tersor.kernel.PadSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Pads element by element. */
final class ScalarPad extends Unary {
    private final PadSpec spec;

    ScalarPad(PadSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.spec = spec;
    }

    @Override
    protected String kernelName() {
        return spec.name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long bytes = spec.type().bits() / Byte.SIZE;
        for (long i = 0; i < dst.shape().elements(); i++) {
            long at = place(i);
            if (at != PadSpec.OUTSIDE) {
                MemorySegment.copy(src.data(), at * bytes, dst.data(), i * bytes, bytes);
                continue;
            }
            for (long b = 0; b < bytes; b++) {
                dst.data().set(JAVA_BYTE, i * bytes + b, (byte) (spec.constant() >>> b * Byte.SIZE));
            }
        }
    }

    private long place(long element) {
        long at = 0;
        long rest = element;
        long stride = 1;
        for (int axis = spec.dst().rank() - 1; axis >= 0; axis--) {
            long place = spec.place(axis, rest % spec.dst().dim(axis));
            if (place == PadSpec.OUTSIDE) {
                return place;
            }
            at += place * stride;
            stride *= spec.src().dim(axis);
            rest /= spec.dst().dim(axis);
        }
        return at;
    }
}
