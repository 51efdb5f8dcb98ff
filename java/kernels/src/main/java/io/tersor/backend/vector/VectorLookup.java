package io.tersor.backend.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Backend;
import io.tersor.kernel.LookupSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SharedUnary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Lookup by way of arrays, for whose indices the compiler needs no checks. The Vector API selects from two vectors at
 * most, which on many CPUs is no instruction.
 */
final class VectorLookup extends SharedUnary {
    private static final int CHUNK_BYTES = 4096;
    private static final long PART_BYTES = 1 << 18;

    private final ScratchPool pool;
    private final byte[] table;

    VectorLookup(LookupSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        this.table = spec.bytes();
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long count = src.shape().elements();
        share(count, count / PART_BYTES, src, dst);
    }

    @Override
    protected void range(long first, long end, Tensor src, Tensor dst) {
        Scratch scratch = pool.take();
        scratch.growBytes(CHUNK_BYTES);
        byte[] bytes = scratch.bytes;
        for (long at = first; at < end; at += CHUNK_BYTES) {
            int length = (int) Math.min(CHUNK_BYTES, end - at);
            MemorySegment.copy(src.data(), JAVA_BYTE, at, bytes, 0, length);
            for (int i = 0; i < length; i++) {
                bytes[i] = table[bytes[i] & 0xff];
            }
            MemorySegment.copy(bytes, 0, dst.data(), JAVA_BYTE, at, length);
        }
        pool.give(scratch);
    }
}
