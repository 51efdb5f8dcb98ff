package io.tersor.bench.suite;

import static io.tersor.bench.CommandLine.tersor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Limit;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code bench all} with a small plan, in JVMs of its own. */
class AllCommandTest {
    @TempDir
    private Path folder;

    private Path plan(String gemm) throws IOException {
        Path shapes = Files.writeString(folder.resolve("shapes.txt"), "3 40 5\n");
        return Files.writeString(folder.resolve("plan.json"), "{\"forks\": 3, \"gemm\": [{\"shapes\": [\"" + shapes
                + "\"], \"contenders\": " + gemm + ", \"threads\": [1], \"cold\": false, \"seconds\": 0.01}]}");
    }

    @Test
    void everyContenderHasARowWithEstimatesOverAllForks() throws IOException {
        Path output = folder.resolve("out/page");
        String out = tersor("bench", "all", "--plan", plan("{\"u8s8u8\": [\"auto\", \"scalar\", \"nobody\"], "
                + "\"f32\": [\"scalar\"]}").toString(), "--output", output.toString()).succeeded().out();
        assertTrue(out.contains("gemm") && out.contains("3 of 3"), out);

        Results results = Results.read(output.resolve("results.json"));
        assertEquals(3, results.run().forks());
        assertTrue(results.machine().cores() > 0 && !results.machine().cpu().isEmpty(), results.machine().toString());
        assertTrue(results.versions().containsKey("tersor"), results.versions().toString());
        List<String> ids = results.rows().stream().map(row -> row.contender().id()).toList();
        assertEquals(List.of("auto u8s8u8 x1", "scalar u8s8u8 x1", "scalar f32 x1", "nobody u8s8u8 x1"), ids);
        for (Row row : results.rows().subList(0, 3)) {
            assertEquals(Row.Status.MEASURED, row.status());
            assertEquals(2.0 * 3 * 40 * 5, row.operations());
            check(row.micros().orElseThrow());
            assertEquals(2, row.speeds().size());
            row.speeds().values().forEach(AllCommandTest::check);
        }
        Row nobody = results.rows().getLast();
        assertEquals(Row.Status.UNSUPPORTED, nobody.status());
        assertTrue(nobody.reason().orElseThrow().contains("onednn-c"), nobody.toString());
        Estimate speed = results.rows().getFirst().speeds().get("scalar f32 x1");
        assertEquals(1 / speed.value(), results.rows().get(2).speeds().get("auto u8s8u8 x1").value(), 1e-9);
        for (Limit limit : results.limits()) {
            assertTrue(limit.rate() > 1e9, limit.toString());
        }
        assertTrue(Files.readString(output.resolve("report.html")).contains("nobody"));
        try (Stream<Path> files = Files.list(output)) {
            assertEquals(2, files.count());
        }
    }

    private static void check(Estimate estimate) {
        assertEquals(3, estimate.forks().size());
        assertTrue(estimate.low() <= estimate.value() && estimate.value() <= estimate.high()
                && estimate.low() > 0, estimate.toString());
    }

    @Test
    void aForkThatFailsIsTold() throws IOException {
        Forks forks = new Forks(plan("{\"f32\": [\"scalar\"]}").toString(), folder, Optional.empty());
        TersorException failure = assertThrows(TersorException.class, () -> forks.measure("nonsense", _ -> { }));
        assertTrue(failure.getMessage().contains("nonsense") && failure.getMessage().contains("status 1")
                && failure.getMessage().contains("gemm, conv"), failure.getMessage());
        assertFalse(Files.exists(folder.resolve("fork-nonsense.json")));
    }

    @Test
    void wrongPlansAreRefusedBeforeAnythingRuns() throws IOException {
        Path few = Files.writeString(folder.resolve("few.json"), "{\"forks\": 2}");
        tersor("bench", "all", "--plan", few.toString()).failed(1, "few.json", "at least 3", "2");
        Path unknown = Files.writeString(folder.resolve("unknown.json"), "{\"forks\": 3, \"gem\": []}");
        tersor("bench", "all", "--plan", unknown.toString()).failed(1, "unknown.json", "gem");
        tersor("bench", "all", "--plan", folder.resolve("none.json").toString()).failed(1, "none.json");
        tersor("bench", "all", "--quick", "--plan", few.toString()).failed(2, "--quick", "--plan");
        tersor("bench", "all", "--suites", "gem", "--quick").failed(1, "gem", "gemm, conv");
    }

    @Test
    void ownPlansHaveStepsInEverySuite() {
        for (String name : List.of(Plan.QUICK, Plan.FULL)) {
            Plan plan = Plan.of(name);
            for (String suite : Suites.names()) {
                List<String> steps = Suites.of(suite).steps(plan).stream().map(Suite.Step::name).toList();
                assertFalse(steps.isEmpty(), name + " " + suite);
                assertEquals(steps.size(), steps.stream().distinct().count(), name + " " + suite + ": " + steps);
            }
        }
    }
}
