package io.tersor.bench.suite;

import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.WorkloadName;
import java.util.List;

/**
 * A workload that knows who is to run it before anything is prepared. Closing frees what its contenders share, so they
 * are closed before. For one thread at a time.
 */
public interface Workload extends AutoCloseable {
    /** Returns its name. */
    WorkloadName name();

    /** Returns all contenders, each once. */
    List<ContenderName> contenders();

    /**
     * Prepares and verifies a contender.
     *
     * @throws io.tersor.bench.measure.VerificationException if its result is wrong
     * @throws io.tersor.TersorException if it does not run this workload on this machine
     */
    Entrant prepare(ContenderName contender);

    @Override
    void close();
}
