package io.tersor.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class PreparedNetworkTest {
    private static final NetworkOptions SCALAR = NetworkOptions.DEFAULT.on(Backend.SCALAR);

    private static Tensor images(int seed, long n) {
        return TestGraphs.random(new Random(seed), 1, n, 3, 13, 11);
    }

    @Test
    void eightThreadsGetWhatOneGets() throws Exception {
        Graph graph = TestGraphs.residual();
        float[][] expected = new float[4][];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = TestGraphs.run(graph, SCALAR, images(i, 1 + i % 2));
        }
        try (PreparedNetwork network = Network.of(graph).prepare(SCALAR);
                ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                int first = t;
                tasks.add(() -> {
                    for (int i = first; i < first + 12; i++) {
                        try (Arena arena = Arena.ofConfined()) {
                            Tensor image = images(i % 4, 1 + i % 2);
                            assertArrayEquals(expected[i % 4], network.run(image, arena).toFloats());
                        }
                    }
                    return null;
                });
            }
            for (Future<Void> result : threads.invokeAll(tasks)) {
                result.get();
            }
        }
    }

    @Test
    void poolsOfThreadsTakeConfinedTensors() {
        Graph graph = TestGraphs.residual();
        float[] expected = TestGraphs.run(graph, SCALAR, images(3, 2));
        try (Parallelism two = Parallelism.of(2); PreparedNetwork network = Network.of(graph).prepare(SCALAR.with(two));
                Arena arena = Arena.ofConfined()) {
            assertArrayEquals(expected, network.run(images(3, 2).copy(arena), arena).toFloats());
        }
    }

    @Test
    void everyBatchSizeGivesTheSamePerImage() {
        try (PreparedNetwork network = Network.of(TestGraphs.residual()).prepare(SCALAR);
                Arena arena = Arena.ofConfined()) {
            Tensor all = images(5, 11);
            float[] together = network.run(all, arena).toFloats();
            for (int n = 1; n <= 10; n++) {
                float[] some = network.run(all.slice(0, 0, n), arena).toFloats();
                for (int i = 0; i < some.length; i++) {
                    assertEquals(together[i], some[i]);
                }
            }
        }
    }

    @Test
    void errorsBoundedByNormsAreAllowedOnlyOnRequest() {
        Graph graph = TestGraphs.largeKernels();
        Tensor image = TestGraphs.random(new Random(7), 1, 1, 16, 64, 64);
        float[] expected = TestGraphs.run(graph, NetworkOptions.DEFAULT.on(Backend.VECTOR), image);
        for (NetworkOptions options : List.of(NetworkOptions.DEFAULT, NetworkOptions.DEFAULT.on(Backend.VECTOR))) {
            assertFalse(kernels(graph, options, image).contains("fft"));
            assertTrue(kernels(graph, options.normwiseErrors(), image).contains("vector/f32_dwconv_fft_or_"),
                    kernels(graph, options.normwiseErrors(), image));
            assertArrayEquals(expected, TestGraphs.run(graph, options.normwiseErrors(), image), 1e-3f);
        }
        NetworkOptions all = NetworkOptions.DEFAULT.normwiseErrors().on(Backend.VECTOR).with(Parallelism.SINGLE).tuned()
                .dense();
        assertTrue(all.normwise() && all.forKernels().normwise(), "other options leave it alone: " + all);
    }

    private static String kernels(Graph graph, NetworkOptions options, Tensor image) {
        try (PreparedNetwork network = Network.of(graph).prepare(options); Arena arena = Arena.ofConfined()) {
            network.run(image, arena);
            return network.kernels().toString();
        }
    }

    @Test
    void callersTensorsAreFilledInPlace() {
        try (PreparedNetwork network = Network.of(TestGraphs.residual()).prepare(SCALAR);
                Arena arena = Arena.ofConfined()) {
            Tensor image = images(6, 2);
            Tensor logits = Tensor.allocate(arena, DataType.F32, Shape.of(2, 10));
            network.run(Map.of("x", image), Map.of("y", logits));
            assertArrayEquals(network.run(image, arena).toFloats(), logits.toFloats());
            Tensor wrong = Tensor.allocate(arena, DataType.F32, Shape.of(3, 10));
            assertThrows(OperandException.class, () -> network.run(Map.of("x", image), Map.of("y", wrong)));
            assertThrows(OperandException.class, () -> network.run(Map.of("x", image), Map.of("z", logits)));
        }
    }

    @Test
    void stridedInputsAreTaken() {
        try (PreparedNetwork network = Network.of(TestGraphs.residual()).prepare(SCALAR);
                Arena arena = Arena.ofConfined()) {
            Tensor nhwc = images(7, 2).permute(0, 2, 3, 1).copy(arena);
            assertArrayEquals(network.run(images(7, 2), arena).toFloats(),
                    network.run(nhwc.permute(0, 3, 1, 2), arena).toFloats());
        }
    }

    @Test
    void wrongInputsAreNamed() {
        try (PreparedNetwork network = Network.of(TestGraphs.residual()).prepare(SCALAR);
                Arena arena = Arena.ofConfined()) {
            assertMessage("input x: expected f32 [n, 3, 13, 11], got none", () -> network.run(Map.of(), arena));
            Tensor wrong = TestGraphs.random(new Random(1), 1, 2, 4, 13, 11);
            assertMessage("input x: expected f32 [n, 3, 13, 11], got f32 2x4x13x11", () -> network.run(wrong, arena));
            Tensor bytes = Tensor.allocate(arena, DataType.U8, Shape.of(2, 3, 13, 11));
            assertMessage("input x: expected f32 [n, 3, 13, 11], got u8 2x3x13x11", () -> network.run(bytes, arena));
            assertMessage("input z: expected one of [x], got an unknown name",
                    () -> network.run(Map.of("x", images(1, 1), "z", bytes), arena));
        }
    }

    private static void assertMessage(String message, org.junit.jupiter.api.function.Executable code) {
        assertEquals(message, assertThrows(OperandException.class, code).getMessage());
    }

    @Test
    void closedMeansClosed() {
        PreparedNetwork network = Network.of(TestGraphs.residual()).prepare(SCALAR);
        network.close();
        assertThrows(IllegalStateException.class, network::close);
        assertThrows(IllegalStateException.class, () -> network.run(images(1, 1), Arena.ofAuto()));
    }

    @Test
    void unknownOperatorsAreNamedAtOnce() {
        Graph graph = Graph.builder("g", 17).input(ValueInfo.of("x", DataType.F32, Dim.of(1)))
                .node(new Node("odd", "Frobnicate", "com.example", List.of("x"), List.of("y"), Attributes.NONE))
                .output(ValueInfo.of("y", DataType.F32, Dim.of(1))).build();
        UnsupportedOperatorException e = assertThrows(UnsupportedOperatorException.class,
                () -> Network.of(graph).prepare(SCALAR));
        assertEquals("node odd: com.example.Frobnicate (opset 1): not implemented", e.getMessage());
    }

    @Test
    void plansReportWhatRunsAndWhatItNeeds() {
        try (PreparedNetwork network = Network.of(TestGraphs.residual()).prepare(SCALAR)) {
            assertTrue(network.kernels().stream().anyMatch(step -> step.kernel().startsWith("scalar/conv")),
                    () -> network.kernels().toString());
            long one = network.activationBytes();
            network.kernels(Map.of("x", Shape.of(4, 3, 13, 11)));
            assertTrue(network.activationBytes() > 3 * one);
            // The stem's output and its pooled form are the largest neighbours.
            long largest = 4L * (13 * 11 + 7 * 6) * 16;
            assertTrue(one <= 1.5 * largest, () -> one + " bytes, the two largest layers take " + largest);
            assertEquals(network.kernels().size(), network.profile(Map.of("x", images(2, 4))).size());
        }
    }

    @Test
    void innerLayersConvertNothing() {
        for (Backend backend : List.of(Backend.SCALAR, Backend.VECTOR)) {
            try (PreparedNetwork network = Network.of(TestGraphs.residual()).prepare(backend)) {
                assertEquals(List.of("Transpose", "io.tersor.Conv", "MaxPool", "io.tersor.Conv", "io.tersor.Conv",
                        "io.tersor.Conv", "io.tersor.Conv", "GlobalAveragePool", "Gemm").stream().sorted().toList(),
                        network.kernels().stream().map(StepInfo::operator)
                                .map(operator -> operator.equals("Conv") ? "io.tersor.Conv" : operator).sorted()
                                .toList());
                assertTrue(network.kernels().stream().filter(step -> !step.operator().equals("Transpose"))
                        .noneMatch(step -> step.kernel().startsWith("java/")), () -> network.kernels().toString());
            }
        }
    }

    private static Graph reshapeByInput() {
        GraphBuilder b = Graph.builder("dynamic reshape", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"))).input(ValueInfo.of("s", DataType.S64, Dim.of(2)));
        b.node(Node.of("r", "Reshape", List.of("x", "s"), List.of("y"), Attributes.NONE));
        return b.output(ValueInfo.of("y", DataType.F32, Dim.UNKNOWN, Dim.UNKNOWN)).build();
    }

    @Test
    void shapesMayComeFromInputs() {
        try (PreparedNetwork network = Network.of(reshapeByInput()).prepare(SCALAR); Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.ofFloats(arena, Shape.of(6), 1, 2, 3, 4, 5, 6);
            for (long[] shape : new long[][] {{2, 3}, {3, 2}, {6, -1}, {2, 3}}) {
                Tensor y = network.run(Map.of("x", x, "s", Tensor.ofLongs(arena, Shape.of(2), shape)), arena).get("y");
                assertEquals(shape[0], y.shape().dim(0));
                assertArrayEquals(x.toFloats(), y.toFloats());
            }
        }
    }

    /** Plans are first tried with extents that weights may not fit. */
    @Test
    void innerExtentsMayBeOpen() {
        for (boolean quantized : List.of(false, true)) {
            GraphBuilder b = Graph.builder("open", 21);
            b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of("m"), Dim.of("k")));
            String w = b.constant("w", Tensor.ofFloats(Arena.ofAuto(), Shape.of(3, 2), 1, 2, 3, 4, 5, 6));
            String bias = b.constant("bias", Tensor.ofFloats(Arena.ofAuto(), Shape.of(2), 10, 20));
            String x = quantized ? levels(b, "x", DataType.U8) : "x";
            String sum = b.add("Add", b.add("MatMul", x, quantized ? levels(b, w, DataType.S8) : w), bias);
            String y = quantized ? levels(b, sum, DataType.U8) : sum;
            Graph graph = b.output(ValueInfo.of(y, DataType.F32, Dim.of("n"), Dim.of("m"), Dim.of(2))).build();
            Tensor input = Tensor.ofFloats(Arena.ofAuto(), Shape.of(1, 2, 3), 1, 0, 0, 1, 1, 1);
            assertArrayEquals(new float[] {11, 22, 19, 32}, TestGraphs.run(graph, SCALAR, input));
        }
    }

    private static Graph openProduct() {
        GraphBuilder b = Graph.builder("open rows", 21);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(3)));
        String w = b.constant("w", Tensor.ofFloats(Arena.ofAuto(), Shape.of(3, 2), 1, 2, 3, 4, 5, 6));
        b.node(Node.of("p", "MatMul", List.of("x", w), List.of("y"), Attributes.NONE));
        return b.output("y").build();
    }

    @Test
    void shapesArePreparedFor() {
        NetworkOptions options = SCALAR.forInputs(Map.of("x", Shape.of(2, 3)))
                .forInputs(Map.of("x", Shape.of(7, 3)));
        try (PreparedNetwork network = Network.of(openProduct()).prepare(options)) {
            assertEquals(Shape.of(7, 2), network.kernels().getLast().shape());
            Tensor input = Tensor.ofFloats(Arena.ofAuto(), Shape.of(1, 3), 1, 0, 0);
            assertArrayEquals(new float[] {1, 2}, network.run(input, Arena.ofAuto()).toFloats(), "others run too");
        }
    }

    @Test
    void shapesToPrepareForMustFit() {
        for (Map<String, Shape> wrong : List.of(Map.of("x", Shape.of(2, 4)), Map.of("z", Shape.of(2, 3)))) {
            OperandException refused = assertThrows(OperandException.class, () -> Network.of(openProduct())
                    .prepare(SCALAR.forInputs(wrong)));
            assertTrue(refused.getMessage().contains("input x"), refused.getMessage());
        }
    }

    @Test
    void shapesThatElementsDecideAreLeftToTheFirstRun() {
        NetworkOptions options = NetworkOptions.DEFAULT.forInputs(Map.of("x", Shape.of(6), "s", Shape.of(2)));
        try (PreparedNetwork network = Network.of(reshapeByInput()).prepare(options);
                Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.ofFloats(arena, Shape.of(6), 1, 2, 3, 4, 5, 6);
            assertEquals(Shape.of(3, 2), network.run(Map.of("x", x, "s", Tensor.ofLongs(arena, Shape.of(2), 3, 2)),
                    arena).get("y").shape());
        }
    }

    /** Rounds a value to integers of a type. */
    private static String levels(GraphBuilder b, String value, DataType type) {
        String scale = b.constant("scale", Tensor.ofFloats(Arena.ofAuto(), Shape.of(), 1));
        String zero = b.constant("zero", Tensor.allocate(Arena.ofAuto(), type, Shape.of()));
        return b.add("DequantizeLinear", b.add("QuantizeLinear", value, scale, zero), scale, zero);
    }
}
