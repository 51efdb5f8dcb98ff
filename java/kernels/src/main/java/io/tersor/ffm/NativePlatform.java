package io.tersor.ffm;

import java.util.Locale;

/**
 * Operating system and architecture as directories of native resources spell them.
 *
 * @param os {@code linux}, {@code macosx}, {@code windows}, or the lower-case name of another system
 * @param arch {@code x86_64}, {@code arm64}, or the lower-case name of another architecture
 */
public record NativePlatform(String os, String arch) {
    /** Returns the platform of this process. */
    public static NativePlatform current() {
        return of(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    static NativePlatform of(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        String arch = osArch.toLowerCase(Locale.ROOT);
        return new NativePlatform(
                os.startsWith("mac") ? "macosx" : os.startsWith("windows") ? "windows" : os,
                switch (arch) {
                    case "amd64", "x86_64", "x86-64" -> "x86_64";
                    case "aarch64", "arm64" -> "arm64";
                    default -> arch;
                });
    }

    /** Returns whether libraries here are ELF files. */
    boolean usesElf() {
        return !os.equals("macosx") && !os.equals("windows");
    }

    /** Returns {@code os-arch}, such as {@code linux-x86_64}. */
    @Override
    public String toString() {
        return os + "-" + arch;
    }
}
