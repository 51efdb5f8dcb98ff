package io.tersor.bench.product;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** What one core can do at most, measured: arithmetic on registers alone, and plain reads. Not thread-safe. */
public final class MachineLimits {
    private static final long NANOS_EACH = 20_000_000;
    private static final int ALIGNMENT_BYTES = 64;

    private final BenchLibrary library;
    private final Map<String, Double> rates;
    private final Map<Long, OptionalDouble> readRates = new HashMap<>();

    /** Measures the arithmetic. */
    public MachineLimits(BenchLibrary library) {
        this.library = library;
        this.rates = library.limits(NANOS_EACH);
    }

    /** Measures once more: what disturbs the machine for a while must not lower a limit. */
    void measureAgain() {
        library.limits(NANOS_EACH / 4).forEach((limit, rate) -> rates.merge(limit, rate, Math::max));
    }

    /** Returns the highest rates so far by name, in operations per second. */
    public Map<String, Double> rates() {
        return Map.copyOf(rates);
    }

    /**
     * Returns the name of the limit that holds for a contender.
     *
     * @param contender its name
     * @param isa the instruction set by the name that libtersor, oneDNN or the vector backend has for it
     */
    public static Optional<String> limit(ProductTypes types, String contender, String isa) {
        boolean wide = isa.contains("avx512") || isa.contains("avx10");
        if (!wide && !isa.contains("avx2")) {
            return Optional.empty();
        }
        if (types.multipliesBytes()) {
            if (isa.contains("amx")) {
                return Optional.of("amx_int8");
            }
            if (wide) {
                return Optional.of("avx512_vnni");
            }
            boolean onednn = contender.startsWith("onednn");
            return Optional.of(isa.contains("vnni") ? "avx2_vnni" : onednn ? "avx2_maddubs" : "avx2_maddwd");
        }
        if (types.src().bits() == 16 && isa.contains("amx")) {
            return Optional.of("amx_bf16");
        }
        if (types.src().bits() == 16 && (isa.contains("bf16") || isa.contains("avx10"))) {
            return Optional.of("avx512_bf16");
        }
        return Optional.of(wide ? "avx512_f32" : "avx2_f32");
    }

    /** Returns the rate of a limit in operations per second, where this CPU has it. */
    public OptionalDouble rate(String limit) {
        return rates.containsKey(limit) ? OptionalDouble.of(rates.get(limit)) : OptionalDouble.empty();
    }

    /** Returns the rate at which so many bytes, or a few more, are read again and again, in bytes per second. */
    OptionalDouble readRate(long bytes) {
        return readRates.computeIfAbsent(Math.ceilDiv(bytes, BenchLibrary.READ_BLOCK_BYTES) * BenchLibrary.READ_BLOCK_BYTES, size -> {
            try (Arena arena = Arena.ofShared()) {
                MemorySegment buffer = arena.allocate(size, ALIGNMENT_BYTES);
                // Else all of its pages would be the one page of zeros.
                buffer.fill((byte) 1);
                return library.readRate(buffer, NANOS_EACH);
            }
        });
    }
}
