package io.tersor.bench.results;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Results with known figures. */
public final class SampleResults {
    /** An own contender. */
    public static final ContenderName OWN = new ContenderName("native", true, "u8s8u8", 1);
    /** What it is compared with. */
    public static final ContenderName PEER = new ContenderName("onednn-c", false, "u8s8u8", 1);
    /** A machine. */
    public static final Machine MACHINE = new Machine("Some CPU", 2, "avx512_bf16", 1L << 34, 1 << 25, "Linux 6 amd64",
            "OpenJDK 25");

    private SampleResults() {}

    /** Returns the name of a multiplication. */
    public static WorkloadName workload(String name) {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("m", 128);
        parameters.put("sparsity", 0.8);
        parameters.put("cold", true);
        parameters.put("format", "32x4");
        return new WorkloadName("gemm", name, parameters);
    }

    /** Returns a row of the given times in microseconds, each of one JVM. */
    public static Row row(WorkloadName workload, ContenderName contender, Map<String, Estimate> speeds,
            Double... micros) {
        List<Double> forks = List.of(micros);
        return new Row(workload, contender, Row.Status.MEASURED, Optional.empty(), Optional.of("native/some_kernel"),
                Optional.of("avx512_vnni"), 2e6, 3e4,
                Optional.of(forks.size() == 1 ? Estimate.single(forks.getFirst()) : Estimate.of(forks)), speeds,
                Optional.of(new Row.Share("avx512_vnni", 0.75)), Map.of("activationBytes", 1024.0));
    }

    /** Returns two workloads with an own contender and a peer each, who takes twice as long, and one that fails. */
    public static Results results() {
        List<Row> rows = new ArrayList<>();
        for (String name : List.of("128x768x768", "1x4096x4096 cold")) {
            rows.add(row(workload(name), OWN, Map.of(PEER.id(), Estimate.of(List.of(2.0, 2.02, 1.98))), 10.0,
                    10.1, 9.9));
            rows.add(row(workload(name), PEER, Map.of(), 20.0, 20.4, 19.6));
        }
        rows.add(Row.without(workload("128x768x768"), new ContenderName("vector", true, "u8s8u8", 1),
                Row.Status.UNSUPPORTED, "no such module"));
        return of(rows);
    }

    /** Returns results of the given rows. */
    public static Results of(List<Row> rows) {
        return new Results(Results.SCHEMA, new Run("2026-11-25T12:00:00Z", 321.5, "quick", 3, Optional.of("abc1234"),
                true), MACHINE, Map.of("onednn", "3.11", "jvm", "25"),
                List.of(new Limit("avx512_vnni", 1, Limit.OPERATIONS, 4e11)), rows);
    }

    /** Returns results with other rows: {@code null} takes one away. */
    public static Results mapRows(Results results, UnaryOperator<Row> change) {
        return new Results(results.schema(), results.run(), results.machine(), results.versions(), results.limits(),
                results.rows().stream().flatMap(row -> Stream.ofNullable(change.apply(row))).toList());
    }

    /** Returns results of another machine. */
    public static Results on(Results results, Machine machine) {
        return new Results(results.schema(), results.run(), machine, results.versions(), results.limits(),
                results.rows());
    }
}
