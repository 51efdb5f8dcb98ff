package io.tersor.contract;

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
    /** Returns every backend that runs here, on every instruction set that can be had inside one JVM. */
    static List<Candidate> all() {
        List<Candidate> candidates = new ArrayList<>();
        KernelRegistry standard = KernelRegistry.standard();
        for (Backend backend : Backend.values()) {
            if (standard.status(backend) instanceof BackendStatus.Available available) {
                candidates.add(new Candidate(backend.label() + "-" + available.isa(), backend, standard));
            }
        }
        return candidates;
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
