package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The commands that work on a network, when all is well. */
class NetworkCommandsTest {
    @TempDir
    Path folder;

    private TinyNetwork tiny;

    @BeforeEach
    void write() {
        tiny = TinyNetwork.write(folder);
    }

    @Test
    void inspectCountsWhatIsThere() {
        JsonNode report = Cli.run("inspect", tiny.model(), "--json", "--layers").json();
        assertEquals(17, report.get("opset").asInt());
        assertEquals(4 * 2 * 9 + 4 + 3 * 256 + 3, report.get("parameters").asInt());
        assertEquals(4 * report.get("parameters").asInt(), report.get("parameterBytes").asInt());
        assertEquals(1, report.get("operators").get("Conv").asInt());
        assertEquals("[\"n\",2,8,8]", report.get("inputs").get(0).get("shape").toString());
        assertEquals("[\"n\",4,8,8]", report.get("layers").get(0).get("outputs").get(0).get("shape").toString());
        String text = Cli.run("inspect", tiny.model(), "--layers").succeeded().out();
        assertTrue(text.contains("f32 [n, 2, 8, 8]") && text.contains("f32 [n, 4, 8, 8]"), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "scalar", "SCALAR"})
    void evaluateFindsTheNetworksOwnAnswers(String backend) {
        JsonNode report = Cli.run("evaluate", tiny.model(), "--images", tiny.images(), "--labels", tiny.labels(),
                "--backend", backend, "--batch", 7, "--threads", 2, "--json").json();
        assertEquals(1.0, report.get("top1").asDouble());
        assertEquals(TinyNetwork.IMAGES, report.get("images").asInt());
        assertTrue(report.get("microsPerImage").asDouble() > 0);
        assertTrue(report.get("kernels").size() >= 2, report.toString());
        assertEquals(4, report.size(), report.toString());
    }

    @Test
    void evaluatePrintsText() {
        String text = Cli.run("evaluate", tiny.model(), "--images", tiny.images(), "--labels", tiny.labels())
                .succeeded().out();
        assertTrue(text.contains("top-1    100.00 % (24 of 24 images)"), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"minmax", "percentile"})
    void compressedNetworkIsSmallerAndRightNearlyAlways(String calibrator) {
        Path small = folder.resolve("small.onnx");
        JsonNode report = Cli.run("compress", tiny.model(), "-o", small, "--recipe", "int8", "--calibration",
                tiny.images(), "--calibrator", calibrator, "--json").json();
        assertEquals(3, Graph.load(small).nodes().stream().filter(node -> node.is("QuantizeLinear")).count());
        assertEquals(small.toFile().length(), report.get("bytes").asLong());
        JsonNode accuracy = Cli.run("evaluate", small, "--images", tiny.images(), "--labels", tiny.labels(), "--json")
                .json();
        assertTrue(accuracy.get("top1").asDouble() > 0.9, accuracy.toString());
    }

    @Test
    void storedBytesBecomeTheNetworksInput() {
        Path stored = folder.resolve("stored.npy");
        try (Arena arena = Arena.ofConfined()) {
            Tensor images = Npy.read(arena, tiny.images());
            Tensor bytes = Tensor.allocate(arena, DataType.U8, images.shape());
            for (long i = 0; i < images.shape().elements(); i++) {
                bytes.set(i, Math.rint((images.get(i) + 1) * 127.5));
            }
            Npy.write(stored, bytes);
        }
        JsonNode report = Cli.run("evaluate", tiny.model(), "--images", stored, "--labels", tiny.labels(), "--scale",
                "0.00392156862745098", "--mean", "0.5,0.5", "--std", "0.5", "--json").json();
        assertTrue(report.get("top1").asDouble() > 0.9, report.toString());
        Path small = folder.resolve("small.onnx");
        Cli.run("compress", tiny.model(), "-o", small, "--recipe", "int8:percentile=99.9", "--calibration", stored,
                "--scale", "0.00392156862745098", "--mean", "0.5", "--std", "0.5,0.5").succeeded();
        assertTrue(small.toFile().length() > 0);
    }

    @Test
    void runWritesWhatTheNetworkSays() {
        Path first = folder.resolve("first.npy");
        Path second = folder.resolve("second.npy");
        JsonNode report = Cli.run("run", tiny.model(), "--input", tiny.images(), "--output", first, "--json").json();
        assertEquals("[24,3]", report.get("outputs").get(0).get("shape").toString());
        Cli.run("run", tiny.model(), "--input", "image=" + tiny.images(), "--output", "scores=" + second, "--backend",
                "scalar").succeeded();
        try (Arena arena = Arena.ofConfined()) {
            float[] one = Npy.read(arena, first).toFloats();
            Tensor other = Npy.read(arena, second);
            assertEquals(Shape.of(24, 3), other.shape());
            for (int i = 0; i < one.length; i++) {
                assertEquals(one[i], other.get(i), 1e-4);
            }
        }
    }

    @Test
    void errorsBoundedByNormsLetLargeKernelsMultiplySpectra() {
        Path model = folder.resolve("large.onnx");
        Path image = folder.resolve("image.npy");
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.allocate(arena, DataType.F32, Shape.of(16, 1, 31, 31));
            Graph.builder("large", 17).input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(16), Dim.of(64),
                    Dim.of(64))).initializer("w", weights).node(Node.of("conv", "Conv", List.of("x", "w"), List.of("y"),
                            Attributes.NONE.with("group", 16).with("pads", new long[] {15, 15, 15, 15})))
                    .output("y").build().save(model);
            Npy.write(image, Tensor.allocate(arena, DataType.F32, Shape.of(1, 16, 64, 64)));
        }
        String[] run = {"run", model.toString(), "--input", image.toString(), "--output",
            folder.resolve("y.npy").toString(), "--backend", "vector", "--json"};
        String exact = Cli.run((Object[]) run).json().get("kernels").toString();
        assertFalse(exact.contains("fft"), exact);
        Object[] normwise = Stream.concat(Stream.of(run), Stream.of("--normwise-errors")).toArray();
        String spectra = Cli.run(normwise).json().get("kernels").toString();
        assertTrue(spectra.contains("vector/f32_dwconv_fft_or_"), spectra);
    }
}
