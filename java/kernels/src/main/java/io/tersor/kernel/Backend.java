package io.tersor.kernel;

import java.util.Locale;

/** The four implementations of the kernels. */
public enum Backend {
    /** Plain Java, written for clarity: the reference that every other backend is held against. */
    SCALAR,
    /** Java's Vector API; needs the module {@code jdk.incubator.vector}. */
    VECTOR,
    /** Our own C kernels, libtersor. */
    NATIVE,
    /** oneDNN, through generated bindings. */
    ONEDNN;

    /** Returns the lower-case name used on the command line, in logs and in {@link Kernel#describe()}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
