package io.tersor.backend.libtersor;

import io.tersor.ffm.Isa;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The instruction sets that libtersor has kernels for, slowest first; the bits are those of tersor.h. */
enum Tier {
    PORTABLE(1, Isa.BASELINE),
    AVX2(1 << 1, Isa.AVX2),
    AVX2_VNNI(1 << 2, Isa.AVX2_VNNI),
    AVX512_VNNI(1 << 3, Isa.AVX512_VNNI),
    AVX512_BF16(1 << 4, Isa.AVX512_BF16),
    AVX512_AMX(1 << 5, Isa.AMX);

    private final int bit;
    private final Isa needed;

    Tier(int bit, Isa needed) {
        this.bit = bit;
        this.needed = needed;
    }

    int bit() {
        return bit;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the fastest tier of a mask of usable ones that a cap allows; {@link #PORTABLE} is always usable. */
    static Tier fastest(int usableMask, Optional<Isa> cap) {
        return Arrays.stream(values())
                .filter(tier -> (usableMask & tier.bit) != 0 && cap.map(isa -> tier.needed.compareTo(isa) <= 0)
                        .orElse(true))
                .reduce(PORTABLE, (slower, faster) -> faster);
    }
}
