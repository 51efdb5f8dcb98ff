package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Backend;
import io.tersor.kernel.LookupSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SharedUnary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Lookup by tersor_lookup; threads share what is long. */
final class NativeLookup extends SharedUnary {
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
        share(count, count / PART_BYTES, src, dst);
    }

    @Override
    protected void range(long first, long end, Tensor src, Tensor dst) {
        context.elements().lookup(context.isa(), end - first, NativeContext.from(src.data(), first), table,
                NativeContext.from(dst.data(), first));
    }
}
