package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Backend;
import io.tersor.kernel.LookupSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Lookup by tersor_lookup; threads share what is long. */
final class NativeLookup extends Unary {
    /** Bytes that are worth waking a thread for. */
    private static final long PART_BYTES = 1 << 21;

    private final NativeContext context;
    private final MemorySegment table;

    private NativeLookup(NativeContext context, LookupSpec spec, Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.table = arena.allocateFrom(JAVA_BYTE, spec.bytes());
    }

    static NativeLookup of(NativeContext context, LookupSpec spec, Parallelism parallelism) {
        return new NativeLookup(context, spec, parallelism, Arena.ofShared());
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long count = src.shape().elements();
        Libtersor library = context.library();
        int isa = context.isa();
        if (parallelism().threads() == 1 || count / PART_BYTES <= 1) {
            // Without what ranges would allocate.
            library.lookup(isa, count, src.data(), table, dst.data());
            return;
        }
        parallelism().ranges(count, count / PART_BYTES, (first, end) -> library.lookup(isa, end - first,
                src.data().asSlice(first), table, dst.data().asSlice(first)));
    }
}
