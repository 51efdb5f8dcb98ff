package io.tersor.backend.vector;

import io.tersor.ffm.Isa;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width of this process: the machine's own, capped by the properties {@code tersor.vector.bits} (128, 256 or
 * 512) and {@code tersor.isa} ({@code avx2}: 256, {@code baseline}: 128). Constants, so that the compiler sees them as
 * such.
 */
final class Lanes {
    private static final int MACHINE_BITS = Math.clamp(VectorShape.preferredShape().vectorBitSize(), 128, 512);

    /** Width of one vector. */
    static final int BITS = Math.min(MACHINE_BITS, cap());

    static final VectorSpecies<Float> FLOATS = VectorShape.forBitSize(BITS).withLanes(float.class);
    static final VectorSpecies<Integer> INTS = VectorShape.forBitSize(BITS).withLanes(int.class);

    /** As many shorts as a vector has floats. */
    static final VectorSpecies<Short> SHORTS = VectorShape.forBitSize(BITS / 2).withLanes(short.class);

    /** Bytes that fill one vector of floats, or two of them where no vector is that short. */
    static final VectorSpecies<Byte> BYTES = VectorShape.forBitSize(Math.max(64, BITS / 4)).withLanes(byte.class);

    /** Bytes that fill one vector. */
    static final VectorSpecies<Byte> WHOLE_BYTES = VectorShape.forBitSize(BITS).withLanes(byte.class);

    /** Floats in one vector. */
    static final int F = FLOATS.length();

    /** Bytes in one load: {@link #F}, or twice as many. */
    static final int B = BYTES.length();

    /** Columns of a micro-kernel's tile: two vectors. */
    static final int NR = 2 * F;

    /**
     * Rows of a micro-kernel's tile: what 32 vector registers hold (AVX-512, AArch64), or 16, of which the compiler
     * leaves so many unused that five rows would be half as fast.
     */
    static final int MR = MACHINE_BITS == 512 || System.getProperty("os.arch").equals("aarch64") ? 12 : 4;

    private Lanes() {}

    private static int cap() {
        int bits = Integer.getInteger("tersor.vector.bits", 512);
        int isa = Isa.cap().map(cap -> switch (cap) {
            case BASELINE -> 128;
            case AVX2, AVX2_VNNI -> 256;
            default -> 512;
        }).orElse(512);
        return bits >= 512 ? isa : bits >= 256 ? Math.min(isa, 256) : 128;
    }

    /** Returns the width and the usual name of the instruction set that has it. */
    static String isa() {
        String name = System.getProperty("os.arch").equals("aarch64") ? (BITS == 128 ? "neon" : "sve")
                : BITS == 512 ? "avx512" : BITS == 256 ? "avx2" : "sse";
        return BITS + "-bit (" + name + ")";
    }
}
