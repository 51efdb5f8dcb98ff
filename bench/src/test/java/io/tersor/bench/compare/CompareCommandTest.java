package io.tersor.bench.compare;

import static io.tersor.bench.CommandLine.tersor;
import static io.tersor.bench.results.SampleResults.MACHINE;
import static io.tersor.bench.results.SampleResults.OWN;
import static io.tersor.bench.results.SampleResults.PEER;
import static io.tersor.bench.results.SampleResults.mapRows;
import static io.tersor.bench.results.SampleResults.results;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.CommandLine.Outcome;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Machine;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.SampleResults;
import io.tersor.bench.results.WorkloadName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code bench compare} and {@code bench baseline} on files with known figures. */
class CompareCommandTest {
    private static final String FIRST = "gemm / 128x768x768 / native u8s8u8 x1";

    @TempDir
    private Path folder;

    private Outcome compare(Results a, Results b, String... options) {
        Path fileA = folder.resolve("a.json");
        Path fileB = folder.resolve("b.json");
        a.write(fileA);
        b.write(fileB);
        return tersor(Stream.concat(Stream.of("bench", "compare", fileA.toString(), fileB.toString()),
                Stream.of(options)).toArray(String[]::new));
    }

    /** Returns the sample with the first own row's speed multiplied, whoever tells of it. */
    private static Results faster(double factor) {
        return first(row -> scaled(row, factor));
    }

    private static Results first(UnaryOperator<Row> change) {
        return mapRows(results(), row -> row.key().equals(FIRST) ? change.apply(row) : row);
    }

    private static Row scaled(Row row, double factor) {
        return new Row(row.workload(), row.contender(), row.status(), row.reason(), row.kernel(), row.isa(),
                row.operations(), row.bytes(), row.micros().map(micros -> scaled(micros, 1 / factor)),
                row.speeds().entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey,
                        speed -> scaled(speed.getValue(), factor))), row.limit(), row.details());
    }

    private static Estimate scaled(Estimate estimate, double factor) {
        return Estimate.of(estimate.forks().stream().map(figure -> figure * factor).toList());
    }

    private static JsonNode named(JsonNode list, String name) {
        for (JsonNode entry : list) {
            if (entry.get("name").asString().equals(name)) {
                return entry;
            }
        }
        throw new AssertionError(name + " is not in " + list);
    }

    @Test
    void aFileDoesNotDifferFromItself() {
        Outcome outcome = compare(results(), results()).succeeded();
        assertTrue(outcome.out().contains("agree on 100.0 % of 4 rows"), outcome.out());
        assertTrue(outcome.out().contains("by time"), "the default for one machine: " + outcome.out());
        assertTrue(outcome.out().contains("no regression"), outcome.out());
        assertFalse(outcome.out().contains(FIRST), "what does not differ is only counted: " + outcome.out());
        String all = compare(results(), results(), "--all").succeeded().out();
        assertTrue(all.lines().anyMatch(line -> line.startsWith(FIRST) && line.contains("no difference")), all);
        assertTrue(compare(results(), results(), "--by", "peer").succeeded().out()
                .contains("agree on 100.0 % of 2 speeds over peers"));
    }

    @Test
    void halfTheSpeedIsARegression() {
        for (String by : List.of("time", "peer")) {
            Outcome outcome = compare(results(), faster(0.5), "--by", by, "--json");
            assertEquals(1, outcome.status(), outcome.err());
            JsonNode json = JsonMapper.shared().readTree(outcome.out());
            assertEquals(1, json.get("regressions").asInt());
            assertEquals(1, json.get("changes").size(), outcome.out());
            JsonNode change = named(json.get("changes"), by.equals("time") ? FIRST : FIRST + " over " + PEER.id());
            assertEquals("slower", change.get("verdict").asString());
            assertEquals(0.5, change.get("ratio").asDouble(), 1e-9);
            assertTrue(change.get("low").asDouble() < 0.5 && change.get("high").asDouble() < 0.6, outcome.out());
            JsonNode all = named(json.get("summaries"), "all");
            assertEquals(by.equals("time") ? 3 : 1, all.get("agreeing").asInt());
            assertEquals(Math.pow(0.5, by.equals("time") ? 0.25 : 0.5), all.get("geometricMean").asDouble(), 1e-9);
            assertEquals(0, compare(results(), faster(2), "--by", by).succeeded().status());
        }
    }

    @Test
    void theThresholdDecides() {
        assertEquals(1, compare(results(), faster(1 / 1.12)).status());
        assertEquals(0, compare(results(), faster(1 / 1.08)).status());
        assertTrue(compare(results(), faster(1 / 1.08)).out().contains("slower"), "told all the same");
        assertEquals(0, compare(results(), faster(1 / 1.12), "--threshold", "15").status());
        assertEquals(1, compare(results(), faster(1 / 1.08), "--threshold", "5").status());
        compare(results(), results(), "--threshold", "-1").failed(2, "--threshold");
        compare(results(), results(), "--threshold", "NaN").failed(2, "--threshold");
    }

    @Test
    void noiseIsNoDifference() {
        Results noisy = first(row -> SampleResults.row(row.workload(), row.contender(), row.speeds(), 8.0, 12.0, 20.0));
        Outcome outcome = compare(noisy, faster(0.7), "--json");
        JsonNode summary = named(outcome.json().get("summaries"), "all");
        assertEquals(4, summary.get("agreeing").asInt(), outcome.out());
        assertEquals(1, summary.get("tooNoisy").asInt(), "it could be slower by a tenth, for all that this tells");
    }

    @Test
    void whatIsNoLongerMeasuredIsARegression() {
        Row wrong = Row.without(SampleResults.workload("128x768x768"), OWN, Row.Status.WRONG, "entry 3 differs");
        Row unsupported = Row.without(SampleResults.workload("128x768x768"), OWN, Row.Status.UNSUPPORTED, "no AMX");
        Map<String, Results> broken = Map.of("wrong: entry 3 differs", first(_ -> wrong),
                "unsupported: no AMX", first(_ -> unsupported), "missing", first(_ -> null));
        broken.forEach((verdict, results) -> {
            Outcome outcome = compare(results(), results);
            assertEquals(1, outcome.status(), outcome.err());
            assertTrue(outcome.out().lines().anyMatch(line -> line.startsWith(FIRST) && line.contains(verdict)
                    && line.endsWith("yes")), outcome.out());
            assertTrue(outcome.out().contains("1 regression:"), outcome.out());
            String back = compare(results, results()).succeeded().out();
            assertTrue(back.lines().anyMatch(line -> line.startsWith(FIRST) && line.contains("new")), back);
            Outcome speeds = compare(results(), results, "--by", "peer");
            assertEquals(1, speeds.status(), speeds.err());
        });
        Results withoutPeer = mapRows(results(), row -> !row.contender().own() ? Row.without(row.workload(),
                row.contender(), Row.Status.UNSUPPORTED, "no library") : withoutSpeeds(row));
        Outcome outcome = compare(results(), withoutPeer, "--by", "peer");
        assertEquals(1, outcome.status(), "without its peer a speed cannot be compared");
        assertTrue(outcome.out().contains("unsupported: onednn-c u8s8u8 x1: no library"), outcome.out());
        compare(withoutPeer, results(), "--by", "peer").failed(1, "a.json", "by peer");
    }

    private static Row withoutSpeeds(Row row) {
        return new Row(row.workload(), row.contender(), row.status(), row.reason(), row.kernel(), row.isa(),
                row.operations(), row.bytes(), row.micros(), Map.of(), row.limit(), row.details());
    }

    @Test
    void timesOfAnotherMachineAreRefused() {
        Results elsewhere = SampleResults.on(faster(0.5), new Machine("Another CPU", 2, "amx", 1, 0, "Linux", "JVM"));
        compare(results(), elsewhere, "--by", "time").failed(1, "Some CPU, 2 cores, avx512_bf16",
                "Another CPU, 2 cores, amx", "--by peer");
        assertEquals(1, compare(results(), elsewhere, "--by", "time", "--across-machines").status());
        String byPeer = compare(results(), SampleResults.on(results(), elsewhere.machine())).succeeded().out();
        assertTrue(byPeer.contains("by peer; warning: of different machines"), byPeer);
        Machine capped = new Machine(MACHINE.cpu(), MACHINE.cores(), "avx2", MACHINE.memoryBytes(),
                MACHINE.cacheBytes(), MACHINE.os(), MACHINE.jvm());
        compare(results(), SampleResults.on(results(), capped), "--by", "time").failed(1, "avx2");
        Machine otherJvm = new Machine(MACHINE.cpu(), MACHINE.cores(), MACHINE.isa(), MACHINE.memoryBytes(),
                MACHINE.cacheBytes(), "Linux 7", "another JVM");
        compare(results(), SampleResults.on(results(), otherJvm), "--by", "time").succeeded();
    }

    @Test
    void peersAreThoseOfTheSameTypesAndThreads() {
        List<Row> rows = new ArrayList<>(results().rows());
        Map<String, Estimate> speeds = Map.of(PEER.id(), Estimate.of(List.of(2.0, 2.0, 2.0)),
                "openblas f32 x1", Estimate.of(List.of(4.0, 4.0, 4.0)),
                "onednn-c u8s8u8 x2", Estimate.of(List.of(1.0, 1.0, 1.0)));
        rows.replaceAll(row -> row.key().equals(FIRST) ? new Row(row.workload(), row.contender(), row.status(),
                row.reason(), row.kernel(), row.isa(), row.operations(), row.bytes(), row.micros(), speeds, row.limit(),
                row.details()) : row);
        for (ContenderName peer : List.of(new ContenderName("openblas", false, "f32", 1),
                new ContenderName("onednn-c", false, "u8s8u8", 2))) {
            rows.add(SampleResults.row(SampleResults.workload("128x768x768"), peer, Map.of(), 1.0, 1.0, 1.0));
        }
        assertEquals(Set.of(FIRST + " over onednn-c u8s8u8 x1",
                "gemm / 1x4096x4096 cold / native u8s8u8 x1 over onednn-c u8s8u8 x1",
                "gemm / 128x768x768 / vector u8s8u8 x1 over onednn-c u8s8u8 x1"),
                PeerSpeeds.of(SampleResults.of(rows)).keySet());
        Results blocks = mapRows(SampleResults.of(rows), row -> row.contender().own()
                ? new Row(row.workload(), new ContenderName("native/32x4", true, "u8s8f32", 1), row.status(),
                        row.reason(), row.kernel(), row.isa(), row.operations(), row.bytes(), row.micros(), speeds,
                        row.limit(), row.details()) : row);
        assertEquals(3, PeerSpeeds.of(blocks).size(), "no peer of these types: all of as many threads");
    }

    @Test
    void suitesAreChosen() {
        Row other = SampleResults.row(new WorkloadName("conv", "a", Map.of()), OWN, Map.of(),
                1.0, 1.0, 1.0);
        List<Row> before = new ArrayList<>(results().rows());
        before.add(other);
        List<Row> after = new ArrayList<>(results().rows());
        after.add(scaled(other, 0.2));
        Results a = SampleResults.of(before);
        Results b = SampleResults.of(after);
        assertEquals(1, compare(a, b).status());
        compare(a, b, "--suites", "gemm").succeeded();
        assertEquals(1, compare(a, b, "--suites", "conv").status());
        compare(a, b, "--suites", "conv,speech").failed(2, "--suites", "speech", "conv, gemm");
    }

    @Test
    void baselinesKeepSpeedsOverPeersAlone() throws IOException {
        Path results = folder.resolve("results.json");
        Path baseline = folder.resolve("baseline.json");
        results().write(results);
        Outcome made = tersor("bench", "baseline", results.toString(), "-o", baseline.toString()).succeeded();
        assertTrue(made.out().contains("2 speeds over peers"), made.out());
        String text = Files.readString(baseline);
        assertFalse(text.contains("micros"), text);
        assertTrue(text.contains("\"" + FIRST + " over " + PEER.id() + "\" : [ 2.0, 2.02, 1.98 ]"), text);
        tersor("bench", "compare", baseline.toString(), results.toString()).succeeded();
        Path slower = folder.resolve("slower.json");
        faster(0.5).write(slower);
        Outcome outcome = tersor("bench", "compare", baseline.toString(), slower.toString(), "--json");
        assertEquals(1, outcome.status(), outcome.err());
        assertTrue(outcome.out().contains("\"by\" : \"peer\""), outcome.out());
        tersor("bench", "compare", baseline.toString(), results.toString(), "--by", "time")
                .failed(1, "baseline.json: a baseline has no times");
        Files.writeString(baseline, text.replace("[ 2.0, 2.02, 1.98 ]", "[ 2.0, 2.02 ]"));
        tersor("bench", "compare", baseline.toString(), results.toString())
                .failed(1, "baseline.json: " + FIRST + " over " + PEER.id(), "at least 3 JVMs");
        mapRows(results(), row -> row.contender().own() ? row : null).write(results);
        tersor("bench", "baseline", results.toString(), "-o", baseline.toString())
                .failed(1, "results.json: no speed over a peer");
    }

    @Test
    void filesThatAreNoneAreNamed() throws IOException {
        Path none = Files.writeString(folder.resolve("none.json"), "{\"schema\" : 1}");
        results().write(folder.resolve("a.json"));
        tersor("bench", "compare", folder.resolve("a.json").toString(), none.toString()).failed(1, "none.json");
        tersor("bench", "compare", folder.resolve("absent.json").toString(), none.toString())
                .failed(1, "absent.json: no such file");
        assertEquals(2, tersor("bench", "compare", none.toString()).status());
        assertEquals(2, tersor("bench", "compare", none.toString(), none.toString(), "--by", "luck").status());
        Results single = first(row -> new Row(row.workload(), row.contender(), row.status(), row.reason(), row.kernel(),
                row.isa(), 0, 0, Optional.of(Estimate.single(3)), Map.of(), Optional.empty(), Map.of()));
        compare(results(), single).failed(1, "b.json: " + FIRST, "at least 3 JVMs");
    }
}
