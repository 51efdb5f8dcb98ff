package io.tersor.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.compress.Calibration;
import io.tersor.compress.Recipe;
import io.tersor.model.Graph;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The command in JVMs that lack the native libraries, the Vector API's module, or both: the same answers, and
 * {@code doctor} tells the truth.
 */
class MissingPartsTest {
    private static final String VECTOR_MODULE = "--add-modules=jdk.incubator.vector";
    private static final String HIDDEN = "-Dtersor.native.hidden=true";

    @TempDir
    private static Path folder;

    private record Outcome(String out, String err) {}

    @BeforeAll
    static void compress() throws IOException {
        for (String name : List.of("digits-cnn.onnx", "digits-test-images.npy", "digits-calibration-images.npy")) {
            try (InputStream resource = MissingPartsTest.class.getResourceAsStream("digits/" + name)) {
                Files.write(folder.resolve(name), resource.readAllBytes());
            }
        }
        try (Arena arena = Arena.ofShared()) {
            Graph fp32 = Graph.load(folder.resolve("digits-cnn.onnx"));
            Tensor samples = Npy.read(arena, folder.resolve("digits-calibration-images.npy"));
            Recipe.parse("int8").apply(fp32, Calibration.of(fp32, samples)).save(folder.resolve("int8.onnx"));
        }
    }

    private static Outcome tersor(List<String> jvmOptions, String... arguments) throws IOException,
            InterruptedException {
        return tersor(0, jvmOptions, arguments);
    }

    private static Outcome tersor(int status, List<String> jvmOptions, String... arguments) throws IOException,
            InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.tersor.cli.Main"));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectOutput(out.toFile())
                .redirectError(err.toFile()).start();
        assertTrue(process.waitFor(3, TimeUnit.MINUTES), command + " does not end");
        assertEquals(status, process.exitValue(), command + "\n" + Files.readString(err));
        return new Outcome(Files.readString(out), Files.readString(err));
    }

    /** Runs both networks; returns the classes found by FP32 and the bytes of the INT8 outputs. */
    private static float[][] answers(List<String> jvmOptions, String backend) throws IOException, InterruptedException {
        float[][] answers = new float[2][];
        String[] models = {"digits-cnn.onnx", "int8.onnx"};
        for (int i = 0; i < models.length; i++) {
            tersor(jvmOptions, "run", models[i], "--input", "digits-test-images.npy", "--output", "y.npy", "--backend",
                    backend);
            try (Arena arena = Arena.ofConfined()) {
                answers[i] = Npy.read(arena, folder.resolve("y.npy")).toFloats();
            }
        }
        return answers;
    }

    private static void check(List<String> jvmOptions, Set<String> missing, Set<String> reasons) throws IOException,
            InterruptedException {
        JsonNode doctor = JsonMapper.shared().readTree(tersor(jvmOptions, "doctor", "--json").out());
        int found = 0;
        for (JsonNode backend : doctor.get("backends")) {
            String name = backend.get("backend").asString();
            assertEquals(!missing.contains(name), backend.get("available").asBoolean(), backend.toString());
            if (missing.contains(name)) {
                assertTrue(reasons.stream().anyMatch(backend.toString()::contains), backend.toString());
            }
            found++;
        }
        assertEquals(4, found, doctor.toString());
        float[][] expected = answers(List.of(VECTOR_MODULE), "scalar");
        float[][] actual = answers(jvmOptions, "auto");
        assertArrayEquals(expected[0], actual[0], 1e-3f, "FP32");
        if (missing.contains("onednn")) {
            assertArrayEquals(expected[1], actual[1], "INT8 is exact on our own backends");
        } else {
            int classes = 10;
            int same = 0;
            for (int image = 0; image < actual[1].length; image += classes) {
                same += largest(actual[1], image, classes) == largest(expected[1], image, classes) ? classes : 0;
            }
            assertTrue(same >= 0.99 * actual[1].length, same + " of " + actual[1].length);
        }
    }

    private static int largest(float[] values, int from, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            best = values[from + i] > values[from + best] ? i : best;
        }
        return best;
    }

    @Test
    void nothingMissing() throws IOException, InterruptedException {
        check(List.of(VECTOR_MODULE), Set.of(), Set.of());
    }

    @Test
    void nativeLibrariesHidden() throws IOException, InterruptedException {
        check(List.of(VECTOR_MODULE, HIDDEN), Set.of("onednn", "native"), Set.of("tersor.native.hidden"));
    }

    @Test
    void vectorModuleAbsent() throws IOException, InterruptedException {
        check(List.of(), Set.of("vector"), Set.of("--add-modules jdk.incubator.vector"));
    }

    @Test
    void bothMissing() throws IOException, InterruptedException {
        check(List.of(HIDDEN), Set.of("onednn", "native", "vector"),
                Set.of("tersor.native.hidden", "--add-modules jdk.incubator.vector"));
    }

    /** Returns what standard error says of a command whose ONNX Runtime is no library. */
    private static List<String> withBrokenPeer(int status, String... arguments) throws IOException,
            InterruptedException {
        Outcome outcome = tersor(status, List.of(brokenOnnxRuntime()), arguments);
        // The JVM itself warns of such a file.
        return outcome.err().lines().filter(line -> !line.matches(".*(VM warning|execstack).*")).toList();
    }

    @Test
    void peerThatCannotBeLoadedIsNamedInOneLine() throws IOException, InterruptedException {
        List<String> lines = withBrokenPeer(1, "bench", "model", "digits-cnn.onnx", "--peer", "onnxruntime",
                "--backend", "scalar", "--seconds", "0.01");
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(lines.getFirst().startsWith("tersor: onnxruntime: its native library cannot be loaded"),
                lines.toString());
    }

    @Test
    void productsGoOnWithoutAPeerThatCannotBeLoaded() throws IOException, InterruptedException {
        List<String> lines = withBrokenPeer(0, "bench", "gemm", "--m", "4", "--k", "8", "--n", "3", "--types", "f32",
                "--backends", "scalar", "--peer", "onnxruntime", "--seconds", "0.01");
        assertTrue(lines.stream().anyMatch(line -> line.contains("bench gemm without onnxruntime for f32: onnxruntime: "
                + "its native library cannot be loaded")), lines.toString());
    }

    /** Returns the option for a JVM whose ONNX Runtime is no library. */
    private static String brokenOnnxRuntime() throws IOException {
        Files.createDirectories(folder.resolve("broken"));
        Files.writeString(folder.resolve("broken").resolve(System.mapLibraryName("onnxruntime")), "no library");
        return "-Donnxruntime.native.path=" + folder.resolve("broken");
    }

    @Test
    void rowsTellWhatIsMissingAndTheOthersAreMeasured() throws IOException, InterruptedException {
        List<String> without = List.of(VECTOR_MODULE, HIDDEN, brokenOnnxRuntime());
        assertOnlyScalar(tersor(without, "bench", "calls", "--backends", "scalar,native", "--seconds", "0.001",
                "--json"), 2 + 3 * 2 * 2);
        Files.writeString(folder.resolve("shapes.txt"), "1 8 8");
        assertOnlyScalar(tersor(without, "bench", "preparation", "--networks", "digits-cnn.onnx", "--shapes",
                "shapes.txt", "--backends", "scalar,onednn,onnxruntime", "--seconds", "0.001", "--json"), 2 * 2 + 2 * 3);
    }

    private static void assertOnlyScalar(Outcome outcome, int count) {
        JsonNode rows = JsonMapper.shared().readTree(outcome.out());
        assertEquals(count, rows.size(), outcome.out());
        for (JsonNode row : rows) {
            boolean scalar = row.get("backend").asString().equals("scalar");
            assertEquals(scalar ? "MEASURED" : "UNSUPPORTED", row.get("status").asString(), row.toString());
            assertEquals(!scalar, row.has("reason"), row.toString());
        }
    }
}
