package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PlaceSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Copies one run after the other. */
final class ScalarPlace extends Unary {
    private final PlaceSpec spec;

    ScalarPlace(PlaceSpec spec, Parallelism parallelism) {
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
        long length = spec.length() * bytes;
        for (long run = 0; run < spec.runs(); run++) {
            MemorySegment.copy(src.data(), run * length, dst.data(), (spec.offset() + run * spec.pitch()) * bytes,
                    length);
        }
    }
}
