package io.tersor.bench.peers;

import io.tersor.TersorException;
import io.tersor.ffm.CpuFeatures;
import io.tersor.ffm.Isa;

/** The instruction set of peers that use all that the CPU has, and cannot be told not to. */
public final class PeerIsa {
    private PeerIsa() {}

    /**
     * Returns the CPU's instruction set, by its label.
     *
     * @param name the peer's
     * @throws TersorException if a cap below it is set
     */
    public static String uncapped(String name) {
        Isa isa = CpuFeatures.detect().isa();
        if (Isa.used() != isa) {
            throw new TersorException(name + ": uses all of " + isa.label() + ", which -D" + Isa.PROPERTY + "="
                    + Isa.used().label() + " forbids");
        }
        return isa.label();
    }
}
