package io.tersor.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.ModelFiles;
import io.tersor.bench.NetworkRecipe;
import io.tersor.bench.NetworkVariant;
import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.networks.Digits;
import io.tersor.bench.results.Row;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworkSuiteTest {
    private static final double SECONDS = 0.002;
    private static final String SPARSE = "sparse-int8:block=1x4,sparsity=0.5,keep=none";

    @TempDir
    private Path work;

    private Map<String, Row> measure(String network, List<String> recipes, List<String> contenders,
            List<Integer> threads) {
        return SuiteRows.measure(new NetworkSuite(),
                SuiteRows.networks(new Plan.NetworkPart(network, recipes, contenders, threads, SECONDS)), work);
    }

    @Test
    void allContendersTakeTurnsOnOneNetwork() {
        Map<String, Row> rows = measure("digits-cnn", List.of("none", "int8", SPARSE),
                List.of("native", "vector", "onnxruntime"), List.of(1));
        assertEquals(3 * 3, rows.size());
        SuiteRows.assertMeasured(rows);
        Row int8 = rows.get("digits-cnn / native INT8 x1");
        assertTrue(int8.speeds().keySet().containsAll(Set.of("native FP32 x1", "onnxruntime INT8 x1",
                "native INT8 50% 1x4 keep=none x1")), int8.speeds().keySet().toString());
        assertEquals("digits-cnn", int8.workload().parameters().get("network"));
        assertTrue(int8.operations() > 0 && int8.limit().isPresent(), int8.toString());
        assertEquals(0, rows.get("digits-cnn / native INT8 50% 1x4 keep=none x1").operations());
        assertTrue(int8.details().get("activationBytes") > 0);
        assertTrue(rows.get("digits-cnn / onnxruntime FP32 x1").kernel().orElseThrow().startsWith("onnxruntime 1."));
    }

    @Test
    void threadsTakeTurnsToo() {
        Map<String, Row> rows = measure("digits-cnn", List.of("none"), List.of("auto", "onednn"), List.of(1, 2, 1));
        assertEquals(2 * 2, rows.size());
        SuiteRows.assertMeasured(rows);
        assertTrue(rows.get("digits-cnn / auto FP32 x2").speeds().containsKey("auto FP32 x1"));
    }

    @Test
    void filesAreMadeOnceForAllJvms() throws IOException {
        Path file = Files.write(work.resolve("own.onnx"), new byte[0]);
        Digits.network().save(file);
        for (int i = 0; i < 2; i++) {
            Map<String, Row> rows = measure(file.toString(), List.of("int8"), List.of("scalar"), List.of(1));
            SuiteRows.assertMeasured(rows);
            assertEquals(Set.of("own / scalar INT8 x1"), rows.keySet());
            Path made;
            try (var files = Files.newDirectoryStream(work, "own-*-int8.onnx")) {
                made = files.iterator().next();
            }
            assertEquals(i == 1, Files.getLastModifiedTime(made).toMillis() == 0, "the second takes what is there");
            Files.setLastModifiedTime(made, FileTime.fromMillis(0));
        }
    }

    /** A contender that computes something else than the file tells. */
    @Test
    void wrongOutputsAreRefused() {
        try (ModelFiles files = ModelFiles.in(work, "digits-cnn", OptionalInt.empty());
                NetworkVariant variant = new NetworkVariant(files, new NetworkRecipe("none"), 1);
                Arena arena = Arena.ofShared();
                PreparedNetwork other = Network.of(spoilt(variant.graph())).prepare(NetworkOptions.DEFAULT)) {
            variant.prepare(Optional.empty(), Parallelism.SINGLE).close();
            Map<String, Tensor> wrong = other.run(variant.inputs(), arena);
            assertThrows(VerificationException.class, () -> variant.verify(wrong));
        }
    }

    /** The last bias is another one. */
    private static Graph spoilt(Graph graph) {
        String bias = graph.nodes().getLast().inputs().getLast();
        Tensor changed = graph.initializer(bias).orElseThrow().copy(Arena.ofAuto());
        changed.set(0, changed.get(0) + 1);
        return graph.toBuilder().initializer(bias, changed).build();
    }

    @Test
    void whatDoesNotRunIsToldAndTheOthersAreMeasured() {
        Map<String, Row> rows = measure("digits-cnn", List.of("none", "int9"), List.of("scalar", "torch"), List.of(1));
        assertEquals(Row.Status.MEASURED, rows.get("digits-cnn / scalar FP32 x1").status());
        Row refused = rows.get("digits-cnn / torch FP32 x1");
        assertEquals(Row.Status.UNSUPPORTED, refused.status());
        assertTrue(refused.reason().orElseThrow().contains("'torch'"), refused.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"none;FP32", "int8;INT8", "int8:percentile=99.9;INT8 percentile=99.9",
        "sparse-int8:block=32x4,sparsity=0.8;INT8 80% 32x4", "prune:format=csr,sparsity=0.95;FP32 95% csr",
        "sparse-int8:format=2:4,keep=none;INT8 2:4 keep=none", "structured:channels=0.3;FP32 30% channels"})
    void recipesHaveShortLabels(String recipe, String label) {
        assertEquals(label, new NetworkRecipe(recipe).types());
    }
}
