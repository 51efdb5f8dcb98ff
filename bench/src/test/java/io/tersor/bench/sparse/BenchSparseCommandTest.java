package io.tersor.bench.sparse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.CommandLine;
import io.tersor.bench.CommandLine.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code bench sparse}, run as a person would. */
class BenchSparseCommandTest {
    /** Two of four entries in each of three rows. */
    private static final String PATTERN = "3, 4, 6\n0 2 4 6\n0 1 1 2 2 3\n";

    @TempDir
    private Path folder;

    private static Outcome sparse(String... arguments) {
        List<String> all = new ArrayList<>(List.of("bench", "sparse", "--seconds", "0.01"));
        all.addAll(List.of(arguments));
        return CommandLine.tersor(all.toArray(new String[0]));
    }

    private static Outcome scalar(String... arguments) {
        List<String> all = new ArrayList<>(List.of("--backend", "scalar", "--dense", "scalar"));
        all.addAll(List.of(arguments));
        return sparse(all.toArray(new String[0]));
    }

    private String file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    @Test
    void jsonHasARowForEachShapeTypeFormatAndSparsity() throws IOException {
        String shapes = file("gemm.txt", "3 20 8\n") + "," + file("conv.txt", "# one\n8 6 5 8 3 3 1 1 1 1 2\n");
        JsonNode rows = scalar("--shapes", shapes, "--formats", "4x4,csr,2:4", "--sparsity", "0.5,0.9", "--json")
                .json();
        Set<String> seen = new HashSet<>();
        for (JsonNode row : rows) {
            String format = row.get("format").asString();
            double sparsity = row.get("sparsity").asDouble();
            seen.add(row.get("shape").asString() + " " + row.get("types").asString() + " " + format + " " + sparsity);
            double unit = format.equals("4x4") ? 0.5 / 10 : 0.5 / 160;
            assertEquals(sparsity, row.get("zeros").asDouble(), unit, row.toString());
            assertTrue(row.get("bytes").asLong() > 0, row.toString());
            boolean conv = row.has("ic");
            double operations = conv ? 2.0 * 30 * 8 * 72 : 2.0 * 3 * 20 * 8;
            double median = row.get("medianMicros").asDouble();
            assertEquals(operations / median * 1e-6, row.get("tops").asDouble(), 1e-9);
            assertEquals(operations / row.get("denseMicros").asDouble() * 1e-6, row.get("denseTops").asDouble(), 1e-9);
            assertEquals(conv ? 2 : 1, conv ? row.get("count").asInt() : 1);
            assertTrue(row.get("minMicros").asDouble() <= median, row.toString());
            assertTrue(row.get("speedupOverDense").asDouble() > 0, row.toString());
            assertTrue(row.get("kernel").asString().startsWith("scalar/"), row.toString());
            assertTrue(row.get("denseKernel").asString().startsWith("scalar/"), row.toString());
            assertEquals("sparse scalar scalar 1", row.get("op").asString() + " " + row.get("backend").asString() + " "
                    + row.get("denseBackend").asString() + " " + row.get("threads").asInt());
            assertTrue(row.get("verified").asBoolean());
        }
        assertEquals(rows.size(), seen.size(), "no row twice");
        assertEquals(2 * 2 * (2 * 2 + 1), seen.size(), "n of m has a sparsity of its own: " + seen);
    }

    @Test
    void tablesEndWithMeansAndCharts() throws IOException {
        Path charts = folder.resolve("charts");
        String text = scalar("--shapes", file("gemm.txt", "3 20 8\n"), "--formats", "1x4", "--sparsity", "sweep",
                "--types", "u8s8u8", "--chart", charts.toString()).succeeded().out();
        assertTrue(text.contains("better of both per layer"), text);
        assertEquals(10, text.lines().filter(line -> line.startsWith("3x20x8 ")).count(), text);
        for (String end : List.of("svg", "png")) {
            Path chart = charts.resolve("sparse-u8s8u8." + end);
            assertTrue(Files.size(chart) > 1000 && text.contains(chart.toString()), text);
        }
    }

    @Test
    void patternsOfFilesAreRefusedWhereAFormatCannotHoldThem() throws IOException {
        file("fits.smtx", PATTERN);
        file("full.smtx", "1, 4, 4\n0 4\n0 1 2 3\n");
        Outcome outcome = scalar("--patterns", folder.toString(), "--m", "1,7", "--formats", "csr,2:4", "--types",
                "f32", "--json");
        Set<String> seen = new HashSet<>();
        for (JsonNode row : outcome.json()) {
            seen.add(row.get("pattern").asString() + " " + row.get("shape").asString() + " "
                    + row.get("format").asString());
            assertEquals(row.get("sparsity").asDouble(), row.get("zeros").asDouble());
        }
        assertEquals(Set.of("fits 1x4x3 csr", "fits 7x4x3 csr", "fits 1x4x3 2:4", "fits 7x4x3 2:4", "full 1x4x1 csr",
                "full 7x4x1 csr"), seen);
        assertTrue(outcome.err().contains("without scalar for f32 2:4"), outcome.err());
        String text = scalar("--patterns", folder.toString(), "--formats", "csr,2:4", "--types", "f32").succeeded()
                .out();
        assertTrue(text.lines().anyMatch(line -> line.startsWith("full 256x4x1") && line.contains("2:4")), text);
    }

    @Test
    void backendsThatRefuseAreNamed() throws IOException {
        String shapes = file("gemm.txt", "3 20 8\n");
        sparse("--shapes", shapes, "--backend", "onednn", "--formats", "csr", "--types", "u8s8u8").failed(1,
                "none of the cases runs", "onednn cannot run");
        if (System.getProperty("tersor.test.missing", "").contains("native")) {
            return;
        }
        Outcome outcome = sparse("--shapes", shapes, "--formats", "1x4", "--types", "u8s8u8,bf16bf16f32", "--cold",
                "--json");
        assertEquals(1, outcome.json().size(), outcome.out());
        assertTrue(outcome.err().contains("without native for bf16bf16f32 1x4"), outcome.err());
        JsonNode row = outcome.json().get(0);
        assertTrue(row.get("kernel").asString().startsWith("native/"), row.toString());
        assertFalse(row.get("denseKernel").asString().startsWith("scalar/"), row.toString());
    }

    @Test
    void whatIsWrongIsNamed() throws IOException {
        String shapes = file("gemm.txt", "3 20 8\n");
        sparse("--shapes", "none.txt").failed(1, "none.txt", "resnet50", "bert-base");
        sparse("--shapes", file("odd.txt", "1 2\n")).failed(1, "odd.txt", "'m k n'", "dilation groups");
        sparse("--shapes", file("bad.txt", "1 2 3\n1 2 3 4 5\n")).failed(1, "bad.txt, line 2");
        sparse("--shapes", shapes, "--formats", "coo").failed(1, "format", "coo");
        sparse("--shapes", shapes, "--sparsity", "1.5").failed(2, "--sparsity", "1.5");
        sparse("--shapes", shapes, "--sparsity", "NaN").failed(2, "--sparsity", "NaN");
        sparse("--shapes", shapes, "--sparsity", "much").failed(2, "--sparsity", "sweep", "much");
        sparse("--shapes", shapes, "--backend", "cuda").failed(2, "--backend", "cuda");
        sparse("--shapes", shapes, "--dense", "mkl").failed(2, "--dense", "mkl");
        sparse("--shapes", shapes, "--m", "3").failed(2, "--m", "--patterns");
        sparse("--shapes", shapes, "--patterns", shapes).failed(2, "--shapes", "--patterns");
        sparse("--patterns", shapes, "--sparsity", "0.5").failed(2, "--patterns", "--sparsity");
        sparse("--patterns", shapes).failed(1, "gemm.txt");
        sparse("--patterns", file("a.smtx", PATTERN), "--m", "0").failed(1, "1 to 1048576");
    }
}
