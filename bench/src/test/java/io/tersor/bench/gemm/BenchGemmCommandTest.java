package io.tersor.bench.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.CommandLine.Outcome;
import io.tersor.bench.CommandLine;
import io.tersor.bench.product.IsaCap;
import io.tersor.cli.Main;
import io.tersor.ffm.CpuFeatures;
import io.tersor.ffm.Isa;
import io.tersor.ffm.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command {@code bench gemm}, run as a person would. */
class BenchGemmCommandTest {
    @TempDir
    private Path folder;

    private static Outcome gemm(String... arguments) {
        List<String> all = new ArrayList<>(List.of("bench", "gemm", "--seconds", "0.01"));
        all.addAll(List.of(arguments));
        return CommandLine.tersor(all.toArray(new String[0]));
    }

    private Path shapes(String text) throws IOException {
        return Files.writeString(folder.resolve("shapes.txt"), text);
    }

    @Test
    void jsonHasARowForEachShapeTypeAndBackend() throws IOException {
        Path file = folder.resolve("result.json");
        JsonNode rows = gemm("--shapes", shapes("3 20 5\n17 9 33 2\n").toString(), "--types", "u8s8u8,f32,f32s8f32",
                "--backends", "scalar,auto", "--json", "--output", file.toString()).json();
        assertEquals(2 * 3 * 2, rows.size(), rows.toString());
        for (JsonNode row : rows) {
            assertEquals("gemm", row.get("op").asString());
            double operations = 2.0 * row.get("m").asInt() * row.get("k").asInt() * row.get("n").asInt();
            double median = row.get("medianMicros").asDouble();
            assertEquals(operations / median * 1e-6, row.get("tops").asDouble(), 1e-9);
            double least = row.get("minMicros").asDouble();
            assertTrue(least > 0 && least <= median, row.toString());
            assertEquals(1, row.get("threads").asInt());
            assertTrue(row.get("verified").asBoolean());
            boolean scalar = row.get("backend").asString().equals("scalar");
            assertTrue(scalar || row.get("backend").asString().equals("auto"), row.toString());
            assertEquals(scalar, row.get("kernel").asString().startsWith("scalar/") && scalar, row.toString());
            assertFalse(row.get("isa").asString().isEmpty());
            assertEquals(scalar, row.get("speedOverFirst").asDouble() == 1, row.toString());
        }
        assertEquals(rows, JsonMapper.shared().readTree(Files.readString(file)));
    }

    @Test
    void peerAndSharesOfTheMachinesLimits() {
        if (System.getProperty("tersor.test.missing", "").contains("native")) {
            assertTrue(gemm("--m", "4", "--k", "64", "--n", "32", "--backends", "scalar").succeeded().err()
                    .contains("libtersor-bench"));
            return;
        }
        JsonNode rows = gemm("--m", "4", "--k", "64", "--n", "32", "--types", "u8s8u8", "--backends", "native",
                "--peer", "onednn-c", "--cold", "--json").json();
        assertEquals(2, rows.size(), rows.toString());
        assertEquals("onednn-c", rows.get(1).get("backend").asString());
        for (JsonNode row : rows) {
            if (row.has("limit")) {
                assertTrue(row.get("shareOfPeak").asDouble() > 0, row.toString());
                assertTrue(row.get("shareOfBandwidth").asDouble() > 0, row.toString());
            }
        }
        String text = gemm("--m", "20", "--k", "64", "--n", "32", "--types", "u8s8u8", "--backends", "native",
                "--peer", "onednn-c").succeeded().out();
        assertTrue(text.contains("limit of one core") && text.contains("geometric mean") && text.contains("20x64x32"),
                text);
    }

    @Test
    void eachPeerHasARow() {
        JsonNode rows = gemm("--m", "4", "--k", "64", "--n", "32", "--types", "f32s8f32", "--backends", "scalar",
                "--peer", "onnxruntime,onnxruntime-4bit,onnxruntime", "--threads", "2", "--json").json();
        assertEquals(List.of("scalar", "onnxruntime", "onnxruntime-4bit"),
                rows.valueStream().map(row -> row.get("backend").asString()).toList());
    }

    @Test
    void withoutTheLibraryLinesOfTheLogSaySo() {
        System.setProperty(NativeLibrary.HIDDEN_PROPERTY, "libtersor-bench");
        try {
            Outcome outcome = gemm("--m", "4", "--k", "8", "--n", "3", "--types", "u8s8u8", "--backends", "scalar",
                    "--peer", "onednn-c", "--json");
            assertEquals(1, outcome.json().size(), outcome.out());
            assertFalse(outcome.json().get(0).has("shareOfPeak"), outcome.out());
            assertEquals(2, outcome.err().lines().count(), outcome.err());
            assertTrue(outcome.err().contains("without onednn-c for u8s8u8: onednn-c: libtersor-bench")
                    && outcome.err().contains("hidden"), outcome.err());
        } finally {
            System.clearProperty(NativeLibrary.HIDDEN_PROPERTY);
        }
    }

    @Test
    void whatIsWrongIsNamed() throws IOException {
        gemm("--m", "4", "--k", "8").failed(2, "--n");
        gemm("--m", "4", "--k", "8", "--n", "0").failed(1, "1 to 1048576");
        gemm("--m", "4", "--k", "8", "--n", "3", "--shapes", "bert-base").failed(2, "--shapes");
        gemm("--shapes", "none.txt").failed(1, "none.txt", "bert-base");
        gemm("--shapes", shapes("1 2\n").toString()).failed(1, "shapes.txt, line 1");
        gemm("--types", "u8u8u8").failed(1, "types", "u8u8u8", "s8s8s8");
        gemm("--backends", "native,cuda").failed(2, "--backends", "cuda");
        gemm("--peer", "mkl").failed(2, "--peer", "mkl", "onednn-c");
        gemm("--peer", "openblas,mkl").failed(2, "--peer", "'mkl'", "onnxruntime-4bit");
        gemm("--threads", "0").failed(2, "--threads");
        gemm("--seconds", "0").failed(2, "--seconds");
        gemm("--output", folder.toString()).failed(1, folder.toString());
    }

    @Test
    void theCapHoldsForAllBackendsAndThePeer() throws IOException, InterruptedException {
        Path out = folder.resolve("out.json");
        Path err = folder.resolve("err.txt");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                "io.tersor.cli.Main", "bench", "gemm", "--m", "5", "--k", "40", "--n", "48", "--types", "u8s8u8,f32",
                "--backends", "native,onednn,scalar", "--peer", "onednn-c,openblas,onnxruntime", "--isa", "avx2",
                "--seconds", "0.01", "--json").redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        assertTrue(process.waitFor(3, TimeUnit.MINUTES), "does not end");
        assertEquals(0, process.exitValue(), Files.readString(err));
        JsonNode rows = JsonMapper.shared().readTree(Files.readString(out));
        assertFalse(rows.isEmpty());
        for (JsonNode row : rows) {
            assertTrue(IsaCap.needed(row.get("isa").asString()).compareTo(Isa.AVX2) <= 0, row.toString());
            String kernel = row.get("kernel").asString();
            assertTrue(!kernel.startsWith("openblas") || kernel.contains(":Haswell,"), kernel);
            assertTrue(CpuFeatures.detect().isa().compareTo(Isa.AVX2) <= 0 || !kernel.startsWith("onnxruntime"), kernel);
        }
    }
}
