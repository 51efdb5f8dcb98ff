package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.model.Graph;
import io.tersor.sparse.SparseFormat;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The commands about pruned networks. */
class SparseCommandsTest {
    @TempDir
    Path folder;

    private TinyNetwork tiny;
    private Path small;

    @BeforeEach
    void write() {
        tiny = TinyNetwork.write(folder);
        small = folder.resolve("small.onnx");
    }

    private JsonNode evaluate(Object... more) {
        Object[] all = new Object[more.length + 7];
        System.arraycopy(new Object[] {"evaluate", small, "--images", tiny.images(), "--labels", tiny.labels(),
            "--json"}, 0, all, 0, 7);
        System.arraycopy(more, 0, all, 7, more.length);
        return Cli.run(all).json();
    }

    @Test
    void pruningAndQuantizationInOne() {
        JsonNode report = Cli.run("compress", tiny.model(), "-o", small, "--recipe",
                "sparse-int8:block=1x4,sparsity=0.5,keep=first,minmax", "--calibration", tiny.images(), "--json").json();
        assertEquals(Map.of("fc_quantized", SparseFormat.block(1, 4)), Graph.load(small).sparsity());
        JsonNode layer = report.get("layers").get(1);
        assertEquals("fc_quantized", layer.get("weights").asString());
        assertEquals("1x4", layer.get("marked").asString());
        assertEquals("1x4", layer.get("found").asString());
        assertEquals(0.5, layer.get("blockDensity").get("1x4").asDouble());
        assertFalse(report.get("layers").get(0).has("marked"));
        JsonNode sparse = evaluate("--backend", "scalar");
        assertFalse(sparse.has("notes"), sparse.toString());
        JsonNode dense = evaluate("--backend", "scalar", "--dense");
        assertEquals("not run as 1x4: ordered", dense.get("notes").get(0).asString());
        assertEquals(sparse.get("top1").asDouble(), dense.get("top1").asDouble());
    }

    @Test
    void pruningNeedsNoImages() {
        String text = Cli.run("compress", tiny.model(), "-o", small, "--recipe", "prune:format=2:4,keep=first")
                .succeeded().out();
        assertTrue(text.contains("f32 3x256") && text.contains("2:4"), text);
        JsonNode report = Cli.run("inspect", small, "--sparsity", "--json").json();
        JsonNode layers = report.get("sparsity");
        JsonNode bytes = report.get("weightBytes");
        // 72 dense weights; 768 of which half is kept, each with 2 bits.
        assertEquals(4 * 72 + 384 * 4 + 384 / 4, bytes.get("2:4").get("f32").asLong());
        assertEquals(bytes.get("own"), bytes.get("2:4"));
        assertEquals(72 + 768 + 4 * 7, bytes.get("dense").get("s8").asLong());
        assertEquals("2:4", layers.get(1).get("marked").asString());
        assertEquals("2:4", layers.get(1).get("nOfM").asString());
        assertEquals(1, layers.get(0).get("density").asDouble());
        String inspected = Cli.run("inspect", small, "--sparsity").succeeded().out();
        assertTrue(inspected.contains("50.0 %") && inspected.contains("2:4"), inspected);
    }

    @Test
    void channelsGo() {
        JsonNode report = Cli.run("compress", tiny.model(), "-o", small, "--recipe",
                "structured:channels=0.5,keep=none", "--json").json();
        assertEquals(2, Graph.load(small).initializer("w").orElseThrow().shape().dim(0));
        assertTrue(report.get("bytes").asLong() < 0.7 * report.get("bytesBefore").asLong(), report.toString());
    }
}
