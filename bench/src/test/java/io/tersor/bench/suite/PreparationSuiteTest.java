package io.tersor.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.CommandLine;
import io.tersor.bench.results.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class PreparationSuiteTest {
    @TempDir
    private Path work;

    /** Two of the lines are the same weights. */
    private String shapes() throws IOException {
        return Files.writeString(work.resolve("shapes.txt"), "1 32 48\n128 32 48\n7 33 5\n").toString();
    }

    @Test
    void kernelsAndNetworksArePrepared() throws IOException {
        Map<String, Row> rows = SuiteRows.measure(new PreparationSuite(), SuiteRows.preparation(
                new Plan.PreparationPart(List.of(shapes()), List.of("u8s8u8", "f32"), List.of("digits-cnn"),
                        List.of("auto", "onnxruntime"), 0.002)), work);
        assertEquals(2 * 2 + 2 * 2, rows.size());
        SuiteRows.assertMeasured(rows);
        assertTrue(rows.get("32x48 / auto u8s8u8 x1").speeds().containsKey("auto f32 x1"));
        assertTrue(rows.get("digits-cnn / auto INT8 x1").speeds().containsKey("onnxruntime INT8 x1"));
        assertEquals(1.0 * 33 * 5, rows.get("33x5 / auto u8s8u8 x1").details().get("weightBytes"));
    }

    @Test
    void commandPreparesWhatIsAskedFor() throws IOException {
        JsonNode rows = CommandLine.tersor("bench", "preparation", "--shapes", shapes(), "--types", "f32", "--networks",
                "digits-cnn", "--backends", "scalar,onnxruntime", "--seconds", "0.001", "--json").json();
        assertEquals(2 + 2 * 2, rows.size(), rows.toString());
        for (JsonNode row : rows) {
            assertEquals("MEASURED", row.get("status").asString(), row.toString());
            assertTrue(row.get("medianMicros").asDouble() > 0, row.toString());
        }
    }
}
