package io.tersor.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Row;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Rows of steps that were measured for a moment, and plans of one part. */
final class SuiteRows {
    private SuiteRows() {}

    static Plan networks(Plan.NetworkPart part) {
        return new Plan(Estimate.MIN_FORKS, null, null, null, List.of(part), null, null);
    }

    static Plan calls(Plan.CallPart part) {
        return new Plan(Estimate.MIN_FORKS, null, null, null, null, List.of(part), null);
    }

    static Plan preparation(Plan.PreparationPart part) {
        return new Plan(Estimate.MIN_FORKS, null, null, null, null, null, List.of(part));
    }

    /** Measures all steps; returns the rows by workload and contender. */
    static Map<String, Row> measure(Suite suite, Plan plan, Path work) {
        Map<String, Row> rows = new LinkedHashMap<>();
        for (Suite.Step step : suite.steps(plan)) {
            for (Row row : step.measure(new SuiteTools(Optional.empty(), work))) {
                assertEquals(suite.name(), row.workload().suite());
                assertEquals(null, rows.put(row.workload().name() + " / " + row.contender().id(), row), row.key());
            }
        }
        return rows;
    }

    /** Checks that all were measured, that backends but oneDNN's are our own, and what they are compared with. */
    static void assertMeasured(Map<String, Row> rows) {
        rows.forEach((key, row) -> assertEquals(Row.Status.MEASURED, row.status(), key + ": " + row.reason()));
        rows.forEach((key, row) -> {
            ContenderName who = row.contender();
            assertTrue(row.micros().orElseThrow().value() > 0, key);
            assertTrue(row.kernel().isPresent(), key);
            assertEquals(!who.name().matches("onednn|onnxruntime"), who.own(), key);
            assertEquals(who.own() ? turns(rows, row) - 1 : 0, row.speeds().size(), key);
        });
    }

    private static long turns(Map<String, Row> rows, Row row) {
        return rows.values().stream().filter(other -> other.workload().equals(row.workload())).count();
    }
}
