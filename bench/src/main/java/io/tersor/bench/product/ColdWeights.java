package io.tersor.bench.product;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How many copies of weights the runs take in turn so that none is in a cache any more when its turn comes. Measured,
 * for systems tell of caches that a core cannot use: the copies fill twice the least buffer that a plain read takes in
 * no faster than one beyond every cache. Immutable; safe to share.
 */
public final class ColdWeights {
    private static final long LEAST_BYTES = 1L << 25;
    private static final long MOST_BYTES = 1L << 30;
    private static final long READ_NANOS = 50_000_000;
    /** A read from a cache is faster than one from memory by more than this. */
    private static final double FASTER = 1.25;
    private static final int MAX_COPIES = 256;

    private final long bytes;

    private ColdWeights(long bytes) {
        this.bytes = bytes;
    }

    /** Measures, with 1 GiB of memory for a moment; without the library that much is filled. */
    public static ColdWeights measure(Optional<BenchLibrary> library) {
        if (library.isEmpty()) {
            return new ColdWeights(MOST_BYTES);
        }
        try (Arena arena = Arena.ofShared()) {
            // Else all of its pages would be the one page of zeros.
            MemorySegment buffer = arena.allocate(MOST_BYTES, 64).fill((byte) 1);
            OptionalDouble memory = library.get().readRate(buffer, READ_NANOS);
            long bytes = LEAST_BYTES;
            while (bytes < MOST_BYTES / 2 && (memory.isEmpty() || library.get().readRate(buffer.asSlice(0, bytes),
                    READ_NANOS).orElse(Double.POSITIVE_INFINITY) > FASTER * memory.getAsDouble())) {
                bytes *= 2;
            }
            return new ColdWeights(2 * bytes);
        }
    }

    /** Returns how many bytes the copies are to fill. */
    public long bytes() {
        return bytes;
    }

    /** Returns the number of copies of weights of so many bytes; at most 256, which small ones may not fill. */
    public int copies(long weightsBytes) {
        return Math.clamp(Math.ceilDiv(bytes, Math.max(1, weightsBytes)), 1, MAX_COPIES);
    }
}
