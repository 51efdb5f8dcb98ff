package io.tersor.bench;

import static io.tersor.bench.CommandLine.tersor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.CommandLine.Outcome;
import io.tersor.bench.product.OnednnPeer;
import io.tersor.bench.product.ProductTypes;
import io.tersor.kernel.Backend;
import io.tersor.model.Graph;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands {@code bench model} and {@code demo}, run as a person would. */
class BenchCommandsTest {
    private static final double FP32_TOP1 = 0.9956;

    @TempDir
    private Path folder;

    private Path digits() throws IOException {
        try (InputStream model = BenchCommandsTest.class.getResourceAsStream("digits/digits-cnn.onnx")) {
            return Files.write(folder.resolve("digits.onnx"), model.readAllBytes());
        }
    }

    @Test
    void benchModelPrintsFiguresAndKernels() throws IOException {
        Outcome outcome = tersor("bench", "model", digits().toString(), "--backend", "scalar", "--seconds", "0.05",
                "--batch", "3", "--profile", "--json");
        assertEquals(0, outcome.status(), outcome.err());
        JsonNode figures = JsonMapper.shared().readTree(outcome.out());
        double median = figures.get("medianMicros").asDouble();
        double min = figures.get("minMicros").asDouble();
        assertTrue(min > 0 && min <= median, outcome.out());
        double sum = 0;
        for (JsonNode kernel : figures.get("kernels")) {
            assertTrue(kernel.get("kernel").asString().matches("(scalar|java)/.+"), kernel.toString());
            sum += kernel.get("medianMicros").asDouble();
        }
        assertTrue(sum > 0, outcome.out());
        assertTrue(figures.get("kernels").get(1).get("output").asString().contains("3x"), "batch 3: " + outcome.out());
    }

    @Test
    void benchModelNamesWhatIsWrong() {
        Outcome outcome = tersor("bench", "model", folder.resolve("missing.onnx").toString());
        assertEquals(1, outcome.status());
        assertTrue(outcome.err().contains("missing.onnx"), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertEquals(2, tersor("bench", "model", "resnet50", "--batch", "0").status());
        assertEquals(2, tersor("bench").status());
        for (String[] wrong : new String[][] {{"--peer", "torch"}, {"--peer", "onnxruntime-fp32"},
                {"--sequence", "0"}, {"--seconds", "-1"}}) {
            Outcome refused = tersor("bench", "model", "resnet50", wrong[0], wrong[1]);
            assertEquals(2, refused.status());
            assertTrue(refused.err().contains(wrong[0]), refused.err());
        }
    }

    @Test
    void benchModelComparesWithPeers() throws IOException {
        Outcome outcome = tersor("bench", "model", digits().toString(), "--recipe", "int8", "--peer",
                "onnxruntime,onnxruntime-fp32", "--seconds", "0.02", "--json");
        assertEquals(0, outcome.status(), outcome.err());
        JsonNode figures = JsonMapper.shared().readTree(outcome.out());
        assertEquals("INT8", figures.get("precision").asString());
        JsonNode peers = figures.get("peers");
        assertEquals(2, peers.size(), outcome.out());
        assertEquals("onnxruntime INT8", name(peers.get(0)));
        assertEquals("onnxruntime-fp32 FP32", name(peers.get(1)));
        for (JsonNode peer : peers) {
            assertTrue(peer.get("speed").asDouble() > 0 && peer.get("medianMicros").asDouble() > 0, peer.toString());
            assertTrue(peer.get("relativeError").asDouble() < 0.05, peer.toString());
        }
        assertEquals(1, peers.get(0).get("sameClass").asDouble(), peers.toString());
        assertTrue(peers.get(1).get("relativeError").asDouble() > 1e-4, "INT8 is not FP32: " + outcome.out());
        for (String figure : new String[] {"kernelShare", "tops", "activationBytes", "largestPairBytes",
            "loadMicros"}) {
            assertTrue(figures.get(figure).asDouble() > 0, figure + ": " + outcome.out());
        }
    }

    private static String name(JsonNode peer) {
        return peer.get("name").asString() + " " + peer.get("precision").asString();
    }

    @Test
    void benchModelComparesWithItselfWithoutSparseKernels() throws IOException {
        JsonNode figures = tersor("bench", "model", digits().toString(), "--recipe",
                "sparse-int8:block=1x4,sparsity=0.5,keep=none", "--peer", "dense", "--backend", "scalar", "--seconds",
                "0.02", "--json").json();
        assertEquals("sparse-int8:block=1x4,sparsity=0.5,keep=none", figures.get("recipe").asString());
        assertEquals("INT8", figures.get("precision").asString());
        JsonNode dense = figures.get("peers").get(0);
        assertEquals("dense INT8", name(dense));
        assertEquals("scalar", dense.get("version").asString());
        assertTrue(dense.get("speed").asDouble() > 0, dense.toString());
        assertEquals(0, dense.get("relativeError").asDouble(), "sums of bytes are exact");
    }

    @Test
    void benchModelPrintsARowForEachPeer() throws IOException {
        Outcome outcome = tersor("bench", "model", digits().toString(), "--peer", "onnxruntime", "--seconds", "0.02");
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(outcome.out().lines().anyMatch(line -> line.matches("tersor auto +FP32 .*")), outcome.out());
        assertTrue(outcome.out().lines().anyMatch(line -> line.matches("onnxruntime [0-9.]+ +FP32 .* x .*")),
                outcome.out());
    }

    @Test
    @Tag("slow")
    void demoComparesEveryBackendInBothPrecisions() throws IOException {
        Outcome outcome = tersor("demo", "--seconds", "0.05", "--output", folder.toString(), "--json");
        assertEquals(0, outcome.status(), outcome.err());
        JsonNode rows = JsonMapper.shared().readTree(outcome.out()).get("results");
        Set<String> seen = new HashSet<>();
        for (JsonNode row : rows) {
            String network = row.get("network").asString();
            String backend = row.get("backend").asString();
            String precision = row.get("precision").asString();
            seen.add(network + " " + precision + " " + backend);
            double top1 = row.get("top1").asDouble();
            if (network.equals("digits-cnn")) {
                assertEquals(FP32_TOP1, top1, precision.equals("FP32") ? 1e-4 : 0.005, row.toString());
            } else {
                assertTrue(top1 >= (precision.equals("FP32") ? 1 : 0.8), row.toString());
            }
            assertTrue(row.get("microsPerImage").asDouble() > 0, row.toString());
            assertTrue(row.get("kernel").asString().startsWith(backend + "/"), row.toString());
        }
        for (Backend backend : Backend.values()) {
            boolean refused = outcome.out().contains(backend.label() + " does not run digits-cnn in INT8: its INT8 sums");
            assertEquals(!refused, seen.contains("digits-cnn INT8 " + backend.label()), seen.toString());
            assertEquals(refused, backend == Backend.ONEDNN && OnednnPeer.saturates(ProductTypes.U8S8U8));
            assertEquals(backend != Backend.SCALAR, seen.contains("resnet50 FP32 " + backend.label()), seen.toString());
        }
        Graph compressed = Graph.load(folder.resolve("digits-cnn-int8.onnx"));
        assertNotEquals(0, compressed.nodes().stream().filter(node -> node.is("QuantizeLinear")).count());
    }
}
