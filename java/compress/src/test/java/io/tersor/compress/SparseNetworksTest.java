package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnxruntime.OrtException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.StepInfo;
import io.tersor.model.npy.Npy;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks that were pruned elsewhere, marked by the zeros that they have: the same answers as dense ones. */
class SparseNetworksTest {
    private static final Preprocessing CIFAR = new Preprocessing(1 / 255f, List.of(0.4914f, 0.4822f, 0.4465f),
            List.of(0.2470f, 0.2435f, 0.2616f));
    static final List<String> MODELS = List.of("cifar10-resnet20-2of4", "cifar10-resnet20-unstructured-90",
            "cifar10-resnet20-block32x4-70");
    private static final int BATCH = 50;
    private static final Parallelism THREADS = Parallelism.of(2);
    private static final NetworkOptions OPTIONS = NetworkOptions.DEFAULT.with(THREADS);
    private static final Arena ARENA = Arena.ofShared();
    private static final Map<String, Graph> MARKED = new HashMap<>();

    @TempDir
    Path folder;

    @AfterAll
    static void free() {
        MARKED.clear();
        THREADS.close();
        ARENA.close();
    }

    private static boolean isAvailable(Backend backend) {
        return KernelRegistry.standard().status(backend) instanceof BackendStatus.Available;
    }

    private static Tensor images(String name, int count) {
        Tensor stored = Npy.read(ARENA, Shared.file("data/" + name));
        return CIFAR.apply(ARENA, stored.slice(0, 0, Math.min(count, stored.shape().dim(0))));
    }

    /** Returns a network with its zeros marked, f32 or quantized. */
    private static Graph marked(String model, boolean int8) {
        return MARKED.computeIfAbsent(model + " " + int8, _ -> {
            Graph graph = Graph.load(Shared.file("models/" + model + ".onnx"));
            if (!int8) {
                return Recipe.parse("prune:format=keep").apply(graph);
            }
            boolean fast = isAvailable(Backend.ONEDNN) || isAvailable(Backend.NATIVE);
            Tensor samples = images("cifar10-calibration-images.npy", fast ? 256 : 16);
            return Recipe.parse("sparse-int8:format=keep").apply(graph, Calibration.of(graph, samples).with(OPTIONS));
        });
    }

    static Stream<Arguments> cases() {
        return MODELS.stream().flatMap(model -> Arrays.stream(Backend.values()).filter(SparseNetworksTest::isAvailable)
                .flatMap(backend -> Stream.of(false, true).filter(int8 -> !int8 || Shared.runsInt8(backend))
                        .map(int8 -> Arguments.of(model, backend, int8))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void sparseAndDenseGiveTheSameAnswers(String model, Backend backend, boolean int8) {
        Graph graph = marked(model, int8);
        Tensor images = images("cifar10-test-images.npy", backend == Backend.SCALAR ? 2 : BATCH);
        try (PreparedNetwork sparse = Network.of(graph).prepare(OPTIONS.on(backend));
                PreparedNetwork dense = Network.of(graph).prepare(OPTIONS.on(backend).dense())) {
            Set<String> notes = notes(sparse);
            assumeTrue(notes.isEmpty(), () -> backend + ": " + notes);
            float[] expected = dense.run(images, ARENA).toFloats();
            float[] actual = sparse.run(images, ARENA).toFloats();
            // Sums of up to 64 * 9 products, 20 layers deep, outputs up to about 20.
            assertArrayEquals(expected, actual, int8 ? 0f : 1e-3f);
        }
    }

    private static Set<String> notes(PreparedNetwork network) {
        return Set.copyOf(network.kernels().stream().map(StepInfo::note).flatMap(note -> note.stream()).toList());
    }

    @ParameterizedTest
    @CsvSource({"cifar10-resnet20-2of4, 2:4, 2:4", "cifar10-resnet20-unstructured-90, csr, bitmask",
        "cifar10-resnet20-block32x4-70, 32x4, 32x4"})
    void theFormatsAreFoundAndSurviveFiles(String model, String real, String integer) {
        for (boolean int8 : new boolean[] {false, true}) {
            Graph graph = marked(model, int8);
            List<WeightLayer> layers = WeightLayer.of(graph);
            Map<String, SparseFormat> expected = new HashMap<>();
            // The first convolution and the last layer are dense; so is what was not pruned beside the blocks.
            layers.subList(1, layers.size() - 1).forEach(layer -> expected.put(layer.weights(),
                    SparseFormat.parse(int8 ? integer : real)));
            assertEquals(expected, graph.sparsity());
            Path file = folder.resolve("marked.onnx");
            graph.save(file);
            Graph read = Graph.load(file);
            assertEquals(expected, read.sparsity());
            read.save(file);
            assertEquals(expected, Graph.load(file).sparsity());
        }
    }

    @ParameterizedTest
    @FieldSource("MODELS")
    void onnxRuntimeReadsTheFiles(String model) throws OrtException {
        Path file = folder.resolve("marked.onnx");
        marked(model, true).save(file);
        Tensor images = images("cifar10-test-images.npy", BATCH);
        int same = 0;
        try (OnnxRuntime runtime = new OnnxRuntime(file);
                PreparedNetwork network = Network.of(marked(model, true)).prepare(OPTIONS)) {
            float[][] theirs = runtime.run(images);
            float[] ours = network.run(images, ARENA).toFloats();
            for (int i = 0; i < BATCH; i++) {
                same += largest(theirs[i]) == largest(Arrays.copyOfRange(ours, 10 * i, 10 * i + 10)) ? 1 : 0;
            }
        }
        assertTrue(same >= BATCH - 1, same + " of " + BATCH);
    }

    private static int largest(float[] scores) {
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        return best;
    }

    @Tag("slow")
    @ParameterizedTest
    @CsvSource({"cifar10-resnet20-2of4, 87.50", "cifar10-resnet20-unstructured-90, 85.30",
        "cifar10-resnet20-block32x4-70, 84.85"})
    void accuracyStays(String model, double before) {
        assumeTrue(isAvailable(Backend.ONEDNN) || isAvailable(Backend.NATIVE), "takes minutes without native code");
        Tensor images = images("cifar10-test-images.npy", 2000);
        Tensor labels = Npy.read(ARENA, Shared.file("data/cifar10-test-labels.npy"));
        List<Double> top1 = new ArrayList<>();
        for (boolean int8 : new boolean[] {false, true}) {
            try (PreparedNetwork network = Network.of(marked(model, int8)).prepare(OPTIONS)) {
                Evaluation result = Evaluation.of(network, images, labels, BATCH, _ -> { });
                top1.add(100 * result.top1());
                assertTrue(result.kernels().stream().noneMatch(step -> step.kernel().startsWith("scalar/conv")));
            }
        }
        System.out.printf("%s: FP32 %.2f %%, INT8 %.2f %%%n", model, top1.getFirst(), top1.getLast());
        assertEquals(before, top1.getFirst(), 0.1);
        assertEquals(before, top1.getLast(), 0.4);
    }
}
