package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Accuracy, size and portability of INT8 networks that were trained elsewhere. */
class Int8NetworksTest {
    private static final Preprocessing CIFAR = new Preprocessing(1 / 255f, List.of(0.4914f, 0.4822f, 0.4465f),
            List.of(0.2470f, 0.2435f, 0.2616f));
    private static final int BATCH = 50;
    // Pure Java takes minutes for all images; these are enough to see a network that is broken.
    private static final int IMAGES_WITHOUT_ONEDNN = 100;
    private static final Parallelism THREADS = Parallelism.of(2);
    private static final NetworkOptions OPTIONS = NetworkOptions.DEFAULT.with(THREADS);
    private static final Arena ARENA = Arena.ofShared();
    // Kept for the tests that ask the same network again.
    private static final Map<String, Graph> COMPRESSED = new HashMap<>();
    private static final Map<String, Evaluation> ANSWERS = new HashMap<>();

    @TempDir
    Path folder;

    @AfterAll
    static void free() {
        COMPRESSED.clear();
        ANSWERS.clear();
        THREADS.close();
        ARENA.close();
    }

    private static boolean isAvailable(Backend backend) {
        return KernelRegistry.standard().status(backend) instanceof BackendStatus.Available;
    }

    private static Tensor digits() {
        return Npy.read(ARENA, Shared.file("data/digits-test-images.npy"));
    }

    private static Tensor digitLabels() {
        return Npy.read(ARENA, Shared.file("data/digits-test-labels.npy"));
    }

    private static Tensor cifar() {
        Tensor images = Npy.read(ARENA, Shared.file("data/cifar10-test-images.npy"));
        boolean fast = isAvailable(Backend.ONEDNN);
        return CIFAR.apply(ARENA, fast ? images : images.slice(0, 0, IMAGES_WITHOUT_ONEDNN));
    }

    private static Tensor cifarLabels(Tensor images) {
        return Npy.read(ARENA, Shared.file("data/cifar10-test-labels.npy")).slice(0, 0, images.shape().dim(0));
    }

    private static Graph digitsInt8() {
        return COMPRESSED.computeIfAbsent("digits", _ -> {
            Graph graph = Graph.load(Shared.file("models/digits-cnn.onnx"));
            Tensor samples = Npy.read(ARENA, Shared.file("data/digits-calibration-images.npy"));
            return Recipe.parse("int8").apply(graph, Calibration.of(graph, samples).with(OPTIONS));
        });
    }

    private static Graph cifarInt8(String model, String recipe) {
        return COMPRESSED.computeIfAbsent(model + " " + recipe, _ -> {
            Graph graph = Graph.load(Shared.file("models/" + model + ".onnx"));
            Tensor stored = Npy.read(ARENA, Shared.file("data/cifar10-calibration-images.npy"));
            Tensor samples = CIFAR.apply(ARENA, isAvailable(Backend.ONEDNN) ? stored : stored.slice(0, 0, 32));
            return Recipe.parse(recipe).apply(graph, Calibration.of(graph, samples).with(OPTIONS));
        });
    }

    private static Evaluation evaluate(Graph graph, NetworkOptions options, Tensor images, Tensor labels) {
        try (PreparedNetwork network = Network.of(graph).prepare(options)) {
            return Evaluation.of(network, images, labels, BATCH, _ -> { });
        }
    }

    private static Evaluation answers(String model, String recipe, Tensor images) {
        return ANSWERS.computeIfAbsent(model + " " + recipe, _ ->
                evaluate(cifarInt8(model, recipe), OPTIONS, images, cifarLabels(images)));
    }

    static Stream<Backend> backends() {
        return Arrays.stream(Backend.values()).filter(Shared::runsInt8);
    }

    @ParameterizedTest
    @MethodSource("backends")
    void digitsKeepTheirAccuracyOnEveryBackend(Backend backend) {
        Graph real = Graph.load(Shared.file("models/digits-cnn.onnx"));
        double before = evaluate(real, OPTIONS, digits(), digitLabels()).top1();
        double after = evaluate(digitsInt8(), OPTIONS.on(backend), digits(), digitLabels()).top1();
        System.out.printf("digits on %s: FP32 %.2f %%, INT8 %.2f %%%n", backend.label(), 100 * before, 100 * after);
        assertEquals(0.9956, before, 0.0001);
        assertEquals(before, after, 0.005);
    }

    @ParameterizedTest
    @MethodSource("backends")
    void everyBackendIsWithinOneStepOfScalar(Backend backend) {
        Tensor images = digits();
        float[] expected;
        float[] actual;
        try (PreparedNetwork scalar = Network.of(digitsInt8()).prepare(OPTIONS.on(Backend.SCALAR));
                PreparedNetwork other = Network.of(digitsInt8()).prepare(OPTIONS.on(backend))) {
            expected = scalar.run(images, ARENA).toFloats();
            actual = other.run(images, ARENA).toFloats();
        }
        float min = 0;
        float max = 0;
        float error = 0;
        for (int i = 0; i < expected.length; i++) {
            min = Math.min(min, expected[i]);
            max = Math.max(max, expected[i]);
            error = Math.max(error, Math.abs(expected[i] - actual[i]));
        }
        float step = (max - min) / 255;
        System.out.printf("digits on %s: %.3f steps from scalar%n", backend.label(), error / step);
        // oneDNN may round an intermediate value the other way; the others agree bit for bit.
        assertTrue(backend == Backend.ONEDNN ? error <= step : error == 0, error + " with steps of " + step);
    }

    @Tag("slow")
    @ParameterizedTest
    @CsvSource({"cifar10-resnet20, 87.80", "cifar10-resnet20-2of4, 87.50", "cifar10-resnet20-unstructured-90, 85.30",
        "cifar10-resnet20-block32x4-70, 84.85"})
    void residualNetworksKeepTheirAccuracy(String model, double before) {
        Tensor images = cifar();
        double after = 100 * answers(model, "int8", images).top1();
        System.out.printf("%s: FP32 %.2f %%, INT8 %.2f %%%n", model, before, after);
        double allowed = images.shape().dim(0) == 2000 ? 0.4 : 10;
        assertEquals(before, after, allowed, model);
    }

    @Tag("slow")
    @Test
    void percentilesGiveNearlyTheSameAnswers() {
        Tensor all = cifar();
        Tensor images = all.slice(0, 0, Math.min(500, all.shape().dim(0)));
        List<Integer> expected = answers("cifar10-resnet20", "int8", all).answers();
        List<Integer> answers = evaluate(cifarInt8("cifar10-resnet20", "int8:percentile=99.99"), OPTIONS, images,
                cifarLabels(images)).answers();
        long same = IntStream.range(0, answers.size()).filter(i -> answers.get(i).equals(expected.get(i))).count();
        assertTrue(same >= 0.97 * answers.size(), same + " of " + answers.size());
    }

    @Test
    void onnxRuntimeGivesTheSameAnswersForDigits() throws OrtException {
        Tensor images = digits();
        agrees("digits", digitsInt8(), images, evaluate(digitsInt8(), OPTIONS, images, digitLabels()).answers());
    }

    @Tag("slow")
    @Test
    void onnxRuntimeGivesTheSameAnswersForResNet20() throws OrtException {
        Tensor images = cifar();
        agrees("cifar10-resnet20", cifarInt8("cifar10-resnet20", "int8"), images,
                answers("cifar10-resnet20", "int8", images).answers());
    }

    private void agrees(String name, Graph compressed, Tensor images, List<Integer> ours) throws OrtException {
        Path file = folder.resolve(name + ".onnx");
        compressed.save(file);
        int same = 0;
        try (OnnxRuntime runtime = new OnnxRuntime(file)) {
            for (int start = 0; start < ours.size(); start += BATCH) {
                Tensor part = images.slice(0, start, Math.min(BATCH, ours.size() - start));
                float[][] scores = runtime.run(part);
                for (int i = 0; i < scores.length; i++) {
                    int best = 0;
                    for (int k = 1; k < scores[i].length; k++) {
                        best = scores[i][k] > scores[i][best] ? k : best;
                    }
                    same += best == ours.get(start + i) ? 1 : 0;
                }
            }
        }
        System.out.printf("%s: ONNX Runtime gives the same answer for %d of %d images%n", name, same, ours.size());
        assertTrue(same >= 0.99 * ours.size(), same + " of " + ours.size());
    }

    @Test
    void fileShrinksToAQuarter() throws IOException {
        Path file = folder.resolve("small.onnx");
        cifarInt8("cifar10-resnet20", "int8").save(file);
        double ratio = (double) Files.size(file) / Files.size(Shared.file("models/cifar10-resnet20.onnx"));
        System.out.printf("cifar10-resnet20: %.1f %% of the bytes%n", 100 * ratio);
        assertTrue(ratio < 0.27, "ratio " + ratio);
    }
}
