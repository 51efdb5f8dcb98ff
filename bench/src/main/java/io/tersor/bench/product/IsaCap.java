package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.ffm.Isa;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;

/** Whether the backends keep to a cap: each looks at the property once, when it is loaded. */
public final class IsaCap {
    private IsaCap() {}

    /**
     * Loads the backends and compares what they use with the cap.
     *
     * @throws TersorException if a backend was loaded before the cap was set and uses more
     */
    static void check(Isa cap) {
        for (BackendStatus status : KernelRegistry.standard().statuses()) {
            if (status instanceof BackendStatus.Available available && needed(available.isa()).compareTo(cap) > 0) {
                throw new TersorException("--isa " + cap.label() + ": the backend " + available.backend().label()
                        + " already uses " + available.isa() + "; start Java with -D" + Isa.PROPERTY + "="
                        + cap.label());
            }
        }
    }

    /** Returns the least cap that allows an instruction set by the name that a backend has for it. */
    public static Isa needed(String isa) {
        if (isa.contains("amx")) {
            return Isa.AMX;
        }
        if (isa.contains("bf16") || isa.contains("avx10")) {
            return Isa.AVX512_BF16;
        }
        if (isa.contains("avx512")) {
            return Isa.AVX512_VNNI;
        }
        return isa.contains("vnni") ? Isa.AVX2_VNNI : isa.contains("avx2") ? Isa.AVX2 : Isa.BASELINE;
    }
}
