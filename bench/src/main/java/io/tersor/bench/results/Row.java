package io.tersor.bench.results;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One contender on one workload. Contenders of the same suite and workload take turns on the same inputs.
 *
 * @param workload what is done
 * @param contender who does it
 * @param status whether it was measured
 * @param reason why not, where it was not
 * @param kernel what really ran, with a peer's version
 * @param isa the instruction set that it may use, where it tells
 * @param operations multiplications and additions of one run, those by weights that it stores; 0 where none are counted
 * @param bytes of weights, inputs and outputs, each counted once; 0 where none are counted
 * @param micros time of one run in microseconds: of each JVM the median
 * @param speeds how many times as fast as others on the same workload, by {@link ContenderName#id}: of each JVM the
 *     median over rounds in which they take turns
 * @param limit what bounds it on this machine
 * @param details other figures, by names with units: {@code activationBytes}, ...
 */
public record Row(WorkloadName workload, ContenderName contender, Status status, Optional<String> reason,
        Optional<String> kernel, Optional<String> isa, double operations, double bytes, Optional<Estimate> micros,
        Map<String, Estimate> speeds, Optional<Share> limit, Map<String, Double> details) {
    /** Whether there are figures. */
    public enum Status {
        /** The result was right, and it was timed. */
        MEASURED,
        /** The result was wrong, so nothing was timed. */
        WRONG,
        /** It does not run this workload on this machine. */
        UNSUPPORTED
    }

    /**
     * A limit of the machine, of as many threads.
     *
     * @param name of the limit in {@link Results#limits}
     * @param share that the row reaches
     */
    public record Share(String name, double share) {}

    /** Copies the maps; they keep their order. */
    public Row {
        speeds = Collections.unmodifiableMap(new LinkedHashMap<>(speeds));
        details = Collections.unmodifiableMap(new LinkedHashMap<>(details));
    }

    /** Returns the row of a contender that was not measured. */
    public static Row without(WorkloadName workload, ContenderName contender, Status status, String reason) {
        return new Row(workload, contender, status, Optional.of(reason), Optional.empty(), Optional.empty(), 0, 0,
                Optional.empty(), Map.of(), Optional.empty(), Map.of());
    }

    /** Returns the name within all results: suite, workload and contender. */
    public String key() {
        return workload.suite() + " / " + workload.name() + " / " + contender.id();
    }

    /** Returns 10^12 operations per second, where operations are counted and it was measured. */
    public Optional<Double> tops() {
        return operations > 0 ? micros.map(time -> operations / time.value() * 1e-6) : Optional.empty();
    }
}
