package io.tersor.bench.product;

import java.util.Optional;

/**
 * How many copies of weights the runs take in turn so that none is in a cache any more when its turn comes: they fill
 * twice the last-level cache, or 256 MiB where that is less. Systems tell of caches of a whole socket, of which a core
 * reaches less than that; and in a virtual machine memory that is touched for the first time costs seconds for each GiB.
 */
public final class ColdWeights {
    private static final long MOST_BYTES = 1L << 28;
    private static final int MAX_COPIES = 256;

    private ColdWeights() {}

    /** Returns how many bytes exceed the caches that one core reaches. */
    public static long bytes(Optional<BenchLibrary> library) {
        return library.flatMap(some -> some.cacheBytes().stream().boxed().findFirst())
                .map(cache -> Math.min(2 * cache, MOST_BYTES)).orElse(MOST_BYTES);
    }

    /** Returns the number of copies of weights of so many bytes; at most 256, which small ones may not fill. */
    public static int copies(Optional<BenchLibrary> library, long weightsBytes) {
        return Math.clamp(Math.ceilDiv(bytes(library), Math.max(1, weightsBytes)), 1, MAX_COPIES);
    }
}
