package io.tersor.backend.libtersor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.ffm.Isa;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TierTest {
    private static final int ALL = 0x3f;

    @Test
    void fastestUsableTierWithoutCap() {
        assertEquals(Tier.AVX512_AMX, Tier.fastest(ALL, Optional.empty()));
        assertEquals(Tier.AVX512_BF16, Tier.fastest(ALL & ~Tier.AVX512_AMX.bit(), Optional.empty()));
        assertEquals(Tier.AVX2_VNNI, Tier.fastest(0b00111, Optional.empty()));
        assertEquals(Tier.PORTABLE, Tier.fastest(Tier.PORTABLE.bit(), Optional.empty()));
    }

    @Test
    void capOnlyLowers() {
        assertEquals(Tier.AVX512_AMX, Tier.fastest(ALL, Optional.of(Isa.AMX)));
        assertEquals(Tier.AVX512_VNNI, Tier.fastest(ALL, Optional.of(Isa.AVX512_VNNI)));
        assertEquals(Tier.AVX512_BF16, Tier.fastest(ALL, Optional.of(Isa.AVX512_BF16)));
        assertEquals(Tier.AVX2_VNNI, Tier.fastest(ALL, Optional.of(Isa.AVX2_VNNI)));
        assertEquals(Tier.AVX2, Tier.fastest(ALL, Optional.of(Isa.AVX2)));
        assertEquals(Tier.PORTABLE, Tier.fastest(ALL, Optional.of(Isa.BASELINE)));
        assertEquals(Tier.AVX2, Tier.fastest(0b00011, Optional.of(Isa.AMX)));
    }
}
