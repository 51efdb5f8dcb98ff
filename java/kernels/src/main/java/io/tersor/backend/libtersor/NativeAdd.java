package io.tersor.backend.libtersor;

import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Sums of f32 by tersor_binary, bounded by tersor_map; threads share the elements. */
final class NativeAdd extends Add {
    /** Elements that are bounded while they are in the second-level cache. */
    private static final long STRIP = 1 << 14;
    /** TERSOR_BINARY_ADD. */
    private static final int ADD = 0;

    private final NativeContext context;

    NativeAdd(NativeContext context, AddSpec spec, Parallelism parallelism) {
        refusal(spec).ifPresent(reason -> {
            throw new UnsupportedKernelException(Backend.NATIVE.label(), spec, reason);
        });
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
    }

    static Optional<String> refusal(AddSpec spec) {
        return spec.dst() == DataType.F32 ? Optional.empty() : Optional.of("sums of f32 only");
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(long count, MemorySegment a, MemorySegment b, MemorySegment dst) {
        if (parallelism().threads() == 1 || count / WorkShare.ELEMENTS <= 1) {
            // Without what ranges would allocate.
            range(0, count, a, b, dst);
            return;
        }
        parallelism().ranges(count, count / WorkShare.ELEMENTS, (first, end) -> range(first, end, a, b, dst));
    }

    private void range(long first, long end, MemorySegment a, MemorySegment b, MemorySegment dst) {
        boolean bounded = spec().activation().isBounded();
        long length = bounded ? STRIP : end - first;
        for (long at = first; at < end; at += length) {
            long count = Math.min(length, end - at);
            MemorySegment to = from(dst, at);
            context.elements().binary(context.isa(), ADD, 1, count, from(a, at), 0, 1, from(b, at), 0, 1, to);
            if (bounded) {
                context.elements().map(context.isa(), NativeMap.CLIP, spec().activation().lo(), spec().activation().hi(),
                        count, to, to);
            }
        }
    }

    private static MemorySegment from(MemorySegment memory, long element) {
        return NativeContext.from(memory, element * Float.BYTES);
    }
}
