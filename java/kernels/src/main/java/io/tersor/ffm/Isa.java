package io.tersor.ffm;

import io.tersor.TersorException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Instruction sets that kernels are written for, each including those before it (but for AVX-VNNI, which some CPUs with
 * AVX-512 lack). The property {@code tersor.isa} names
 * the highest one to use, so that every one can be tested on one machine; it can only lower what the CPU offers.
 */
public enum Isa {
    /** What every CPU of the architecture has. */
    BASELINE,
    /** AVX2 and FMA. */
    AVX2,
    /** AVX-VNNI, besides AVX2. */
    AVX2_VNNI,
    /** AVX-512 F, BW, DQ, VL and VNNI. */
    AVX512_VNNI,
    /** AVX512_BF16, besides AVX-512 VNNI. */
    AVX512_BF16,
    /** AMX tiles with INT8 and BF16, besides AVX-512 BF16. */
    AMX;

    /** System property that caps the instruction set, by {@link #label()}. */
    public static final String PROPERTY = "tersor.isa";

    /** Returns the name used in the property and in messages, such as {@code avx512_vnni}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the highest instruction set that kernels use here: what the CPU has, lowered by the cap.
     *
     * @throws TersorException if the property names no instruction set
     */
    public static Isa used() {
        Isa seen = CpuFeatures.detect().isa();
        return cap().filter(cap -> cap.compareTo(seen) < 0).orElse(seen);
    }

    /**
     * Returns the cap that the property sets, if any.
     *
     * @throws TersorException if the property names no instruction set
     */
    public static Optional<Isa> cap() {
        String value = System.getProperty(PROPERTY, "");
        if (value.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Arrays.stream(values()).filter(isa -> isa.label().equals(value)).findFirst().orElseThrow(
                () -> new TersorException("-D" + PROPERTY + ": expected one of "
                        + Arrays.stream(values()).map(Isa::label).collect(Collectors.joining(", ")) + ", got "
                        + value)));
    }
}
