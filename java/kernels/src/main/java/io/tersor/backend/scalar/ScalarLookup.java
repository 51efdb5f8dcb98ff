package io.tersor.backend.scalar;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Backend;
import io.tersor.kernel.LookupSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Lookup, element by element. */
final class ScalarLookup extends Unary {
    private final byte[] table;

    ScalarLookup(LookupSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.table = spec.bytes();
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        MemorySegment from = src.data();
        MemorySegment to = dst.data();
        for (long i = 0; i < src.shape().elements(); i++) {
            to.set(JAVA_BYTE, i, table[from.get(JAVA_BYTE, i) & 0xff]);
        }
    }
}
