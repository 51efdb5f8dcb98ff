package io.tersor.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.networks.BenchNetwork;
import io.tersor.bench.networks.BertEncoder;
import io.tersor.bench.networks.Decoder;
import io.tersor.bench.networks.LstmClassifier;
import io.tersor.bench.networks.SeededInputs;
import io.tersor.compress.Calibration;
import io.tersor.compress.Recipe;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.model.TypeInference;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The built networks are those that their names promise, and run as ONNX Runtime runs them. */
class BenchNetworksTest {
    private static final long SEED = 7;

    @TempDir
    private Path folder;

    /** Learned parameters as the literature counts them, and here two more vectors for each batch normalization. */
    @ParameterizedTest
    @CsvSource({"resnet50,25557032,53120", "mobilenet-v2,3504872,34112", "bert-base,85054464,0", "lstm,4191208,0",
        "decoder,22286848,0"})
    void parametersAreAsMany(String name, long learned, long others) {
        Graph graph = BenchNetwork.of(name).orElseThrow().build(SEED);
        long elements = graph.initializers().values().stream()
                .filter(tensor -> tensor.type() == DataType.F32 && tensor.shape().rank() > 0)
                .mapToLong(tensor -> tensor.shape().elements()).sum();
        assertEquals(learned + others, elements);
    }

    @ParameterizedTest
    @CsvSource({"resnet50,conv-resnet50.txt", "mobilenet-v2,conv-mobilenet-v2.txt"})
    void convolutionsAreThoseOfTheShapeFiles(String name, String file) throws IOException {
        Map<String, Integer> expected = new TreeMap<>();
        try (InputStream in = BenchNetworksTest.class.getResourceAsStream("shapes/" + file)) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().filter(line -> !line.startsWith("#"))
                    .forEach(line -> expected.put(line.substring(0, line.lastIndexOf(' ')),
                            Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1))));
        }
        Graph graph = BenchNetwork.of(name).orElseThrow().build(SEED);
        Map<String, ValueInfo> infos = TypeInference.infer(graph, Map.of("image", Shape.of(1, 3, 224, 224)));
        Map<String, Integer> actual = new TreeMap<>();
        graph.nodes().stream().filter(node -> node.is("Conv"))
                .forEach(node -> actual.merge(line(graph, infos, node), 1, Integer::sum));
        assertEquals(expected, actual);
    }

    /** By hand: multiply-adds of the shape lists and the last layer; of layers and scores; of gates. */
    @ParameterizedTest
    @CsvSource({"resnet50,1,4.0891e9", "mobilenet-v2,2,0.6016e9", "bert-base-128,1,11.1746e9", "lstm,3,706.18e6"})
    void operationsAreCounted(String name, int batch, double multiplyAdds) {
        BenchNetwork network = BenchNetwork.of(name).orElseThrow();
        try (Arena arena = Arena.ofConfined()) {
            double operations = GraphProducts.operations(network.build(SEED),
                    network.inputs(arena, batch, OptionalInt.empty(), SEED)).orElseThrow();
            assertEquals(2 * multiplyAdds, operations, 2e-3 * operations);
        }
    }

    private static String line(Graph graph, Map<String, ValueInfo> infos, Node conv) {
        Shape src = infos.get(conv.inputs().getFirst()).shape().orElseThrow();
        Shape weights = graph.initializer(conv.inputs().get(1)).orElseThrow().shape();
        return src.dim(1) + " " + src.dim(2) + " " + src.dim(3) + " " + weights.dim(0) + " " + weights.dim(2) + " "
                + weights.dim(3) + " " + conv.attributes().integers("strides")[0] + " "
                + conv.attributes().integers("pads")[0] + " 1 " + conv.attributes().integer("group", 1);
    }

    @ParameterizedTest
    @CsvSource({"resnet50", "mobilenet-v2"})
    void imageNetworksRunAsInOnnxRuntime(String name) {
        BenchNetwork network = BenchNetwork.of(name).orElseThrow();
        try (Arena arena = Arena.ofShared()) {
            Tensor logits = compare(network.build(SEED), network.inputs(arena, 2, OptionalInt.empty(), SEED), false)
                    .get("logits");
            assertEquals(Shape.of(2, 1000), logits.shape());
            assertInRange(logits);
        }
    }

    @Test
    void encoderRunsAsInOnnxRuntime() {
        Graph graph = new BertEncoder(2, 24, 3, 40).build(SEED);
        for (int length : new int[] {1, 7, 12}) {
            try (Arena arena = Arena.ofShared()) {
                Shape shape = Shape.of(2, length, 24);
                Tensor encoded = compare(graph, Map.of("hidden", SeededInputs.normal(arena, shape, SEED)), true)
                        .get("encoded");
                assertEquals(shape, encoded.shape());
                assertInRange(encoded);
            }
        }
    }

    @Test
    void lstmRunsAsInOnnxRuntime() {
        Graph graph = new LstmClassifier(5, 8, 7).build(SEED);
        for (int length : new int[] {1, 9}) {
            try (Arena arena = Arena.ofShared()) {
                Tensor frames = SeededInputs.normal(arena, Shape.of(3, length, 5), SEED);
                Tensor logits = compare(graph, Map.of("frames", frames), true).get("logits");
                assertEquals(Shape.of(3, 7), logits.shape());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"int8", "dynamic-int8"})
    void quantizedLstmRunsAsInOnnxRuntime(String recipe) {
        Graph graph = new LstmClassifier(5, 8, 7).build(SEED);
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> frames = Map.of("frames", SeededInputs.normal(arena, Shape.of(1, 9, 5), SEED));
            Graph compressed = Recipe.parse(recipe).apply(graph, Calibration.of(graph, frames.get("frames")));
            assertEquals(GraphProducts.operations(graph, frames), GraphProducts.operations(compressed, frames));
            compare(compressed, frames, true);
        }
    }

    @Test
    void decoderRunsAsInOnnxRuntimeAndSeesNothingLater() {
        Graph graph = new Decoder(2, 24, 3, 40, 50, 16).build(SEED);
        try (Arena arena = Arena.ofShared()) {
            Tensor tokens = SeededInputs.indices(arena, Shape.of(2, 9), 50, SEED);
            Tensor logits = compare(graph, Map.of("tokens", tokens), true).get("logits");
            assertEquals(Shape.of(2, 9, 50), logits.shape());
            assertInRange(logits);
            float[] before = logits.slice(0, 0, 1).slice(1, 0, 8).copy(arena).toFloats();
            tokens.setLong(8, (tokens.getLong(8) + 1) % 50);
            Tensor changed = compare(graph, Map.of("tokens", tokens), true).get("logits");
            assertArrayEquals(before,
                    changed.slice(0, 0, 1).slice(1, 0, 8).copy(arena).toFloats());
            assertTrue(changed.get(8 * 50) != logits.get(8 * 50), "the changed token itself is seen");
        }
    }

    @Test
    void sequencesAreAsLongAsAsked() {
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(Shape.of(1, 384, 768), BenchNetwork.BERT_BASE_384.inputs(arena, 1, OptionalInt.empty(), SEED)
                    .get("hidden").shape());
            assertEquals(Shape.of(2, 5, 256), BenchNetwork.LSTM.inputs(arena, 2, OptionalInt.of(5), SEED)
                    .get("frames").shape());
        }
    }

    /** Runs the graph from its file in ONNX Runtime and here; a small one on scalar code too. */
    private Map<String, Tensor> compare(Graph graph, Map<String, Tensor> inputs, boolean small) {
        Path file = folder.resolve("network.onnx");
        graph.save(file);
        try (NetworkWorkload workload = new NetworkWorkload(Network.load(file).prepare(NetworkOptions.DEFAULT), inputs);
                OnnxRuntimePeer peer = new OnnxRuntimePeer("onnxruntime", file, 1, inputs, workload.outputs())) {
            Agreement.of(workload.outputs(), peer.outputs()).check(Agreement.REAL, "onnxruntime");
            if (small) {
                workload.verify(graph);
            }
            Map<String, Tensor> copies = new TreeMap<>();
            workload.outputs().forEach((name, tensor) -> copies.put(name, tensor.copy(Arena.ofAuto())));
            return copies;
        }
    }

    /** Activations neither vanish nor grow beyond what INT8 could express. */
    private static void assertInRange(Tensor tensor) {
        double largest = 0;
        for (long i = 0; i < tensor.shape().elements(); i++) {
            largest = Math.max(largest, Math.abs(tensor.get(i)));
        }
        assertTrue(largest > 0.1 && largest < 100, "largest output " + largest);
    }
}
