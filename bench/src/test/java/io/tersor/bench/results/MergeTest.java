package io.tersor.bench.results;

import static io.tersor.bench.results.SampleResults.OWN;
import static io.tersor.bench.results.SampleResults.PEER;
import static io.tersor.bench.results.SampleResults.row;
import static io.tersor.bench.results.SampleResults.workload;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The rows of several JVMs become one. */
class MergeTest {
    private static final WorkloadName WORKLOAD = workload("128x768x768");
    private static final List<Limit> LIMITS = List.of(new Limit("avx512_vnni", 2, Limit.OPERATIONS, 8e11),
            new Limit("avx512_vnni", 1, Limit.OPERATIONS, 4e11), new Limit(Limit.READ, 1, Limit.BYTES, 1e10));

    private static Row fork(double micros, double speed) {
        return row(WORKLOAD, OWN, Map.of(PEER.id(), Estimate.single(speed)), micros);
    }

    private static Row single(List<Row> rows) {
        assertEquals(1, rows.size());
        return rows.getFirst();
    }

    @Test
    void figuresAreEstimatedOverForks() {
        Row merged = single(Merge.rows(List.of(List.of(fork(10, 2)), List.of(fork(11, 3)), List.of(fork(12, 4))),
                LIMITS));
        assertEquals(Estimate.of(List.of(10.0, 11.0, 12.0)), merged.micros().orElseThrow());
        assertEquals(Map.of(PEER.id(), Estimate.of(List.of(2.0, 3.0, 4.0))), merged.speeds());
        assertEquals(Map.of("activationBytes", 1024.0), merged.details());
    }

    @Test
    void sharesAreThoseOfTheMergedTimeAndTheLimitOfAsManyThreads() {
        List<List<Row>> forks = List.of(List.of(fork(10, 2)), List.of(fork(10, 2)), List.of(fork(10, 2)));
        Row.Share share = single(Merge.rows(forks, LIMITS)).limit().orElseThrow();
        assertEquals("avx512_vnni", share.name());
        assertEquals(2e6 / 10e-6 / 4e11, share.share(), 1e-12);
        assertEquals(Optional.empty(), single(Merge.rows(forks, LIMITS.subList(0, 1))).limit(),
                "no limit of one thread");
        List<List<Row>> reading = forks.stream().map(rows -> List.of(reading(rows.getFirst()))).toList();
        assertEquals(3e4 / 10e-6 / 1e10, single(Merge.rows(reading, LIMITS)).limit().orElseThrow().share(), 1e-12);
    }

    private static Row reading(Row row) {
        return new Row(row.workload(), row.contender(), row.status(), row.reason(), row.kernel(), row.isa(),
                row.operations(), row.bytes(), row.micros(), row.speeds(), Optional.of(new Row.Share(Limit.READ, 0)),
                row.details());
    }

    @Test
    void oneWrongForkMakesTheRowWrong() {
        Row wrong = Row.without(WORKLOAD, OWN, Row.Status.WRONG, "entry 3 differs");
        Row unsupported = Row.without(WORKLOAD, OWN, Row.Status.UNSUPPORTED, "out of memory");
        Row merged = single(Merge.rows(List.of(List.of(unsupported), List.of(fork(10, 2)), List.of(wrong)), LIMITS));
        assertEquals(Row.Status.WRONG, merged.status());
        assertEquals(Optional.of("entry 3 differs"), merged.reason());
        assertEquals(Optional.empty(), merged.micros());
        assertEquals(Row.Status.UNSUPPORTED, single(Merge.rows(List.of(List.of(fork(10, 2)), List.of(unsupported),
                List.of(fork(10, 2))), LIMITS)).status());
    }

    @Test
    void speedsOverOneThatFailedOnceAreLeftOut() {
        Row merged = single(Merge.rows(List.of(List.of(fork(10, 2)), List.of(row(WORKLOAD, OWN, Map.of(), 10.0)),
                List.of(fork(10, 2))), LIMITS));
        assertEquals(Row.Status.MEASURED, merged.status());
        assertEquals(Map.of(), merged.speeds());
    }

    @Test
    void tooFewForksAreRefusedByName() {
        TersorException refused = assertThrows(TersorException.class, () -> Merge.rows(List.of(List.of(fork(10, 2)),
                List.of(fork(10, 2)), List.of()), LIMITS));
        assertTrue(refused.getMessage().contains("gemm / 128x768x768 / native u8s8u8 x1"), refused.getMessage());
    }

    @Test
    void ofLimitsTheHighestCounts() {
        List<Limit> merged = Merge.limits(List.of(LIMITS.get(0), LIMITS.get(1),
                new Limit("avx512_vnni", 1, Limit.OPERATIONS, 5e11),
                new Limit("avx512_vnni", 2, Limit.OPERATIONS, 7e11)));
        assertEquals(List.of(LIMITS.get(0), new Limit("avx512_vnni", 1, Limit.OPERATIONS, 5e11)), merged);
    }

    @Test
    void rowsKeepTheirOrder() {
        List<Row> fork = List.of(fork(10, 2), row(WORKLOAD, PEER, Map.of(), 20.0));
        assertEquals(List.of(OWN, PEER), Merge.rows(List.of(fork, fork.reversed(), fork.reversed()), LIMITS).stream()
                .map(Row::contender).toList());
    }
}
