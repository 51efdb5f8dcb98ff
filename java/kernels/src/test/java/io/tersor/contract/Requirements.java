package io.tersor.contract;

import io.tersor.kernel.Backend;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.MatMulSpec;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** What each backend must be able to do, so that neither a missing backend nor one that refuses passes unseen. */
final class Requirements {
    /** System property: comma-separated backends whose absence is expected here, such as {@code native,onednn}. */
    static final String MISSING = "tersor.test.missing";

    /** Backends that must be there unless {@link #MISSING} names them. */
    static final Set<Backend> BACKENDS = EnumSet.of(Backend.SCALAR, Backend.VECTOR);

    private Requirements() {}

    /** Returns the backends whose absence is no failure; scalar is never among them. */
    static Set<Backend> expectedMissing() {
        Set<String> names = Arrays.stream(System.getProperty(MISSING, "").split(",")).map(String::strip)
                .collect(Collectors.toSet());
        return Arrays.stream(Backend.values())
                .filter(backend -> backend != Backend.SCALAR && names.contains(backend.label()))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Backend.class)));
    }

    /** Returns the share of a group of cases that a backend must run rather than refuse. */
    static double minimumShare(Backend backend, KernelSpec spec) {
        return switch (backend) {
            case SCALAR -> 1;
            case VECTOR -> spec instanceof MatMulSpec ? 1 : 0;
            case NATIVE -> 0;
            case ONEDNN -> 0;
        };
    }
}
