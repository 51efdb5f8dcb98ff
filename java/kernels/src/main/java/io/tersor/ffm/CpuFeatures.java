package io.tersor.ffm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the operating system says about the CPU, for reports. Linux lists a feature only if it also saves the registers
 * that go with it. Backends ask their own libraries what they use.
 *
 * @param model the CPU's name, {@code unknown} if the system does not tell
 * @param flags features by Linux's names, such as {@code avx512_vnni}; empty if the system does not tell
 */
public record CpuFeatures(String model, Set<String> flags) {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    /** Copies the flags. */
    public CpuFeatures {
        flags = Set.copyOf(flags);
    }

    /** Returns the features of this machine. */
    public static CpuFeatures detect() {
        try {
            return parse(Files.readAllLines(CPU_INFO));
        } catch (IOException e) {
            return new CpuFeatures("unknown", Set.of());
        }
    }

    static CpuFeatures parse(List<String> cpuInfo) {
        Set<String> flags = new TreeSet<>();
        value(cpuInfo, "flags").or(() -> value(cpuInfo, "Features"))
                .ifPresent(line -> flags.addAll(Arrays.asList(line.split("\\s+"))));
        return new CpuFeatures(value(cpuInfo, "model name").orElse("unknown"), flags);
    }

    private static Optional<String> value(List<String> cpuInfo, String key) {
        return cpuInfo.stream().filter(line -> line.startsWith(key))
                .map(line -> line.substring(line.indexOf(':') + 1).trim()).findFirst();
    }

    /** Returns the highest instruction set that kernels are written for and this CPU has, whatever the cap. */
    public Isa isa() {
        boolean avx2 = flags.containsAll(Set.of("avx2", "fma"));
        boolean vnni = avx2 && flags.containsAll(
                Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"));
        if (!vnni) {
            return !avx2 ? Isa.BASELINE : flags.contains("avx_vnni") ? Isa.AVX2_VNNI : Isa.AVX2;
        }
        boolean amx = flags.containsAll(Set.of("amx_tile", "amx_int8", "amx_bf16"));
        return amx ? Isa.AMX : flags.contains("avx512_bf16") ? Isa.AVX512_BF16 : Isa.AVX512_VNNI;
    }
}
