package io.tersor.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.CommandLine;
import io.tersor.bench.CommandLine.Outcome;
import io.tersor.bench.calls.Call;
import io.tersor.bench.results.Row;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class CallSuiteTest {
    @TempDir
    private Path work;

    @Test
    void everyCallIsMeasuredOnEveryBackend() {
        Map<String, Row> rows = SuiteRows.measure(new CallSuite(), SuiteRows.calls(
                new Plan.CallPart(List.of("native", "vector", "scalar"), 0.002)), work);
        assertEquals(2 + 3 * 3 * 2, rows.size());
        SuiteRows.assertMeasured(rows);
        assertTrue(rows.get("empty native call / native/critical void x1").speeds()
                .containsKey("native/plain void x1"));
        assertTrue(rows.get("matmul 1x16x16 / native u8s8u8 x1").speeds().containsKey("native f32 x1"));
        assertTrue(rows.get("network digits-cnn / native INT8 x1").speeds().containsKey("native FP32 x1"));
        assertEquals(16, rows.get("matmul 1x16x16 / native f32 x1").workload().parameters().get("k"));
    }

    @Test
    void commandPrintsARowForEach() {
        Outcome outcome = CommandLine.tersor("bench", "calls", "--backends", "native,scalar", "--seconds", "0.001")
                .succeeded();
        for (String call : Call.labels()) {
            assertTrue(outcome.out().lines().anyMatch(line -> line.matches(call + " +native.* us +(native|tersor)/.*")),
                    call + ": " + outcome.out());
        }
        JsonNode rows = CommandLine.tersor("bench", "calls", "--backends", "scalar", "--seconds", "0.001", "--json")
                .json();
        assertEquals(2 + 3 * 2, rows.size());
        assertTrue(rows.get(2).get("medianMicros").asDouble() > 0, rows.toString());
    }

    @Test
    void commandNamesWhatIsWrong() {
        CommandLine.tersor("bench", "calls", "--seconds", "0").failed(2, "--seconds");
        CommandLine.tersor("bench", "calls", "--backends", "torch").failed(2, "--backends", "'torch'");
    }
}
