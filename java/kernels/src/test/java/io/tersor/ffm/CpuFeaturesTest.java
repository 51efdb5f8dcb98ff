package io.tersor.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CpuFeaturesTest {
    private static final String VNNI = "fpu fma avx2 avx512f avx512bw avx512dq avx512vl avx512_vnni";

    private static Isa isa(String flags) {
        return CpuFeatures.parse(List.of("processor\t: 0", "model name\t: Some CPU", "flags\t\t: " + flags)).isa();
    }

    @Test
    void readsLinuxList() {
        assertEquals(Isa.BASELINE, isa("fpu avx2"));
        assertEquals(Isa.AVX2, isa("fpu avx2 fma avx512f"));
        assertEquals(Isa.AVX2_VNNI, isa("fpu avx2 fma avx_vnni"));
        assertEquals(Isa.AVX512_VNNI, isa(VNNI));
        assertEquals(Isa.AVX512_BF16, isa(VNNI + " avx_vnni avx512_bf16"));
        assertEquals(Isa.AVX512_VNNI, isa(VNNI + " amx_tile"));
        assertEquals(Isa.AMX, isa(VNNI + " amx_tile amx_int8 amx_bf16"));
        assertEquals("Some CPU", CpuFeatures.parse(List.of("model name : Some CPU")).model());
        assertEquals("unknown", CpuFeatures.parse(List.of()).model());
    }

    @Test
    void readsTheCap() {
        String before = System.getProperty(Isa.PROPERTY);
        try {
            System.clearProperty(Isa.PROPERTY);
            assertEquals(Optional.empty(), Isa.cap());
            for (Isa isa : Isa.values()) {
                System.setProperty(Isa.PROPERTY, isa.label());
                assertEquals(Optional.of(isa), Isa.cap());
            }
            System.setProperty(Isa.PROPERTY, "avx3");
            String message = assertThrows(TersorException.class, Isa::cap).getMessage();
            assertTrue(message.endsWith("expected one of baseline, avx2, avx2_vnni, avx512_vnni, "
                    + "avx512_bf16, amx, got avx3"), message);
        } finally {
            if (before == null) {
                System.clearProperty(Isa.PROPERTY);
            } else {
                System.setProperty(Isa.PROPERTY, before);
            }
        }
    }
}
