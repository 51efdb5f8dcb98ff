package io.tersor.contract;

import io.tersor.backend.libtersor.NativeBackend;
import io.tersor.ffm.Isa;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * One backend on one instruction set, as the suites run it.
 *
 * @param label names both, such as {@code native-avx2}
 */
record Candidate(String label, Backend backend, KernelRegistry registry) {
    /** The only candidate to test, where a run of the tests is about that one. */
    private static final String ONLY = System.getProperty("tersor.test.candidate");

    /** Returns every backend that runs here, on every instruction set that can be had inside one JVM. */
    static List<Candidate> all() {
        List<Candidate> candidates = new ArrayList<>();
        KernelRegistry standard = KernelRegistry.standard();
        for (Backend backend : Backend.values()) {
            if (standard.status(backend) instanceof BackendStatus.Available available) {
                candidates.add(new Candidate(backend.label() + "-" + available.isa(), backend, standard));
            }
        }
        addLowerTiers(candidates);
        if (ONLY != null) {
            candidates.removeIf(candidate -> !candidate.label().equals(ONLY));
            if (candidates.isEmpty()) {
                throw new IllegalStateException("no candidate " + ONLY + " on this machine");
            }
        }
        return candidates;
    }

    /** Adds libtersor at the instruction sets below its fastest one. */
    private static void addLowerTiers(List<Candidate> candidates) {
        for (Isa cap : Isa.values()) {
            KernelRegistry capped = new KernelRegistry(List.of(new NativeBackend(cap)));
            if (capped.status(Backend.NATIVE) instanceof BackendStatus.Available available) {
                String label = Backend.NATIVE.label() + "-" + available.isa();
                if (candidates.stream().noneMatch(known -> known.label().equals(label))) {
                    candidates.add(new Candidate(label, Backend.NATIVE, capped));
                }
            }
        }
    }

    /** Returns the order for this backend. */
    PrepareOptions options(Parallelism parallelism) {
        return PrepareOptions.DEFAULT.on(backend).with(parallelism);
    }

    @Override
    public String toString() {
        return label;
    }
}
