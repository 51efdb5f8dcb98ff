package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.StepInfo;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small networks of every form that quantization knows: they stay close to FP32 here and in ONNX Runtime. */
class Int8FormsTest {
    private static final int SAMPLES = 24;
    private static final int CHANNELS = 8;

    @TempDir
    Path folder;

    private final Arena arena = Arena.ofAuto();
    private final Random random = new Random(11);
    private final Tensor samples = random(SAMPLES, CHANNELS, 8, 8);

    private Tensor random(long... dims) {
        Tensor tensor = Tensor.allocate(arena, DataType.F32, Shape.of(dims));
        long fan = 1;
        for (int axis = 1; axis < dims.length; axis++) {
            fan *= dims[axis];
        }
        double spread = dims.length > 1 && dims[0] != SAMPLES ? Math.sqrt(2.0 / fan) : 1;
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, random.nextGaussian() * spread);
        }
        return tensor;
    }

    private Tensor positive() {
        Tensor tensor = random(CHANNELS);
        for (long i = 0; i < CHANNELS; i++) {
            tensor.set(i, 0.5 + Math.abs(tensor.get(i)));
        }
        return tensor;
    }

    private GraphBuilder network(int opset) {
        return Graph.builder("form", opset)
                .input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(CHANNELS), Dim.of(8), Dim.of(8)));
    }

    private String conv(GraphBuilder builder, String input, int outputs, int kernel, int groups) {
        String weights = builder.constant("w", random(outputs, CHANNELS / groups, kernel, kernel));
        String bias = builder.constant("b", random(outputs));
        int pad = kernel / 2;
        return builder.add("Conv", List.of(input, weights, bias),
                Attributes.NONE.with("pads", new long[] {pad, pad, pad, pad}).with("group", groups));
    }

    private Graph classifier(GraphBuilder builder, String features, int inputs) {
        String flat = builder.add("Flatten", features);
        String logits = builder.add("Gemm", List.of(flat, builder.constant("fc", random(10, inputs)),
                builder.constant("c", random(10))), Attributes.NONE.with("transB", 1));
        return builder.output(ValueInfo.of(logits, DataType.F32, Dim.of("n"), Dim.of(10))).build();
    }

    private float[] run(Graph graph, Backend backend) {
        try (PreparedNetwork network = Network.of(graph).prepare(backend)) {
            return network.run(samples, arena).toFloats();
        }
    }

    /** Returns the root of the mean squared difference, relative to that of the expected values. */
    private static double distance(float[] expected, float[] actual) {
        assertEquals(expected.length, actual.length);
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow(expected[i] - actual[i], 2);
            size += Math.pow(expected[i], 2);
        }
        return Math.sqrt(error / size);
    }

    private Graph check(Graph graph) throws OrtException {
        return check(graph, "int8");
    }

    private Graph check(Graph graph, String recipe) throws OrtException {
        Graph compressed = Recipe.parse(recipe).apply(graph, Calibration.of(graph, samples));
        float[] expected = run(graph, Backend.SCALAR);
        float[] actual = run(compressed, Backend.SCALAR);
        assertTrue(distance(expected, actual) < 0.03, "distance to FP32 " + distance(expected, actual));
        Path file = folder.resolve("form.onnx");
        compressed.save(file);
        assertEquals(-1, Arrays.mismatch(actual, run(Graph.load(file), Backend.SCALAR)), "changed by saving");
        try (OnnxRuntime runtime = new OnnxRuntime(file)) {
            float[] theirs = flatten(runtime.run(samples));
            assertTrue(distance(actual, theirs) < 0.01, "distance to ONNX Runtime " + distance(actual, theirs));
        }
        return compressed;
    }

    private static float[] flatten(float[][] rows) {
        float[] all = new float[rows.length * rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, all, i * rows[0].length, rows[0].length);
        }
        return all;
    }

    /** Checks that no step between the first and the last works on real numbers. */
    private void assertInteger(Graph compressed) {
        try (PreparedNetwork network = Network.of(compressed).prepare(Backend.SCALAR)) {
            List<StepInfo> steps = network.kernels();
            for (StepInfo step : steps.subList(0, steps.size() - 1)) {
                assertEquals(DataType.U8, step.type(), steps.toString());
            }
            assertEquals(DataType.F32, steps.getLast().type(), steps.toString());
        }
    }

    @Test
    void residualBlockWithBatchNorm() throws OrtException {
        GraphBuilder builder = network(17);
        String a = builder.add("Relu", batchNorm(builder, conv(builder, "x", CHANNELS, 3, 1)));
        String b = batchNorm(builder, conv(builder, a, CHANNELS, 3, 1));
        String sum = builder.add("Relu", builder.add("Add", b, a));
        assertInteger(check(classifier(builder, builder.add("GlobalAveragePool", sum), CHANNELS)));
    }

    private String batchNorm(GraphBuilder builder, String input) {
        Tensor variance = random(CHANNELS);
        for (long i = 0; i < CHANNELS; i++) {
            variance.set(i, 0.5 + Math.abs(variance.get(i)));
        }
        return builder.add("BatchNormalization", input, builder.constant("scale", random(CHANNELS)),
                builder.constant("shift", random(CHANNELS)), builder.constant("mean", random(CHANNELS)),
                builder.constant("variance", variance));
    }

    @Test
    void depthwiseWithClipAndPools() throws OrtException {
        GraphBuilder builder = network(17);
        String six = builder.constant("six", Tensor.ofFloats(arena, Shape.of(), 6));
        String zero = builder.constant("zero", Tensor.ofFloats(arena, Shape.of(), 0));
        String a = builder.add("Clip", conv(builder, "x", CHANNELS, 3, CHANNELS), zero, six);
        String b = builder.add("MaxPool", List.of(a), window(2));
        String c = builder.add("Relu", conv(builder, b, CHANNELS, 1, 1));
        String d = builder.add("AveragePool", List.of(c), window(2));
        assertInteger(check(classifier(builder, d, CHANNELS * 4)));
    }

    private static Attributes window(int size) {
        return Attributes.NONE.with("kernel_shape", new long[] {size, size}).with("strides", new long[] {size, size});
    }

    @Test
    void concatenatedBranches() throws OrtException {
        GraphBuilder builder = network(17);
        String a = builder.add("Relu", conv(builder, "x", CHANNELS, 1, 1));
        String b = builder.add("Relu", conv(builder, "x", CHANNELS, 3, 2));
        String both = builder.add("Concat", List.of(a, b), Attributes.NONE.with("axis", 1));
        assertInteger(check(classifier(builder, builder.add("GlobalAveragePool", both), 2 * CHANNELS)));
    }

    @Test
    void gemmOfOtherFormsAndMatMul() throws OrtException {
        GraphBuilder builder = network(17);
        String flat = builder.add("Flatten", "x");
        String a = builder.add("Relu", builder.add("Gemm", List.of(flat, builder.constant("k", random(CHANNELS * 64, 16)),
                builder.constant("one", random(1, 1))), Attributes.NONE.with("alpha", 0.5f).with("beta", 2f)));
        String b = builder.add("Relu", builder.add("MatMul", a, builder.constant("m", random(16, 12))));
        assertInteger(check(classifier(builder, b, 12)));
    }

    @Test
    void realOperatorsBetweenIntegerOnes() throws OrtException {
        GraphBuilder builder = network(17);
        String a = builder.add("Sigmoid", conv(builder, "x", CHANNELS, 3, 1));
        String b = builder.add("Mul", a, conv(builder, "x", CHANNELS, 1, 1));
        check(classifier(builder, builder.add("GlobalAveragePool", builder.add("Relu", conv(builder, b, CHANNELS, 1, 1))),
                CHANNELS));
    }

    @Test
    void attentionIsOneKernelOfIntegers() throws OrtException {
        GraphBuilder builder = network(17);
        String[] parts = new String[3];
        for (int i = 0; i < parts.length; i++) {
            String projected = builder.add("MatMul", "x", builder.constant("p", random(8, 8)));
            parts[i] = builder.add("Add", projected, builder.constant("b", random(8)));
        }
        String keys = builder.add("Transpose", List.of(parts[1]), Attributes.NONE.with("perm", new long[] {0, 1, 3, 2}));
        String scores = builder.add("Div", builder.add("MatMul", parts[0], keys),
                builder.constant("root", Tensor.ofFloats(arena, Shape.of(), (float) Math.sqrt(8))));
        String shares = builder.add("Softmax", List.of(scores), Attributes.NONE.with("axis", -1));
        Graph compressed = check(classifier(builder, builder.add("MatMul", shares, parts[2]), CHANNELS * 64));
        assertInteger(compressed);
        try (PreparedNetwork network = Network.of(compressed).prepare(Backend.SCALAR)) {
            List<String> kernels = network.kernels().stream().map(StepInfo::kernel).toList();
            assertEquals(1, kernels.stream().filter(kernel -> kernel.contains("attention_u8u8u8u8_u8_weights")).count(),
                    kernels.toString());
        }
    }

    /** Returns weights that make more of a difference than biases do. */
    private static Tensor strong(Tensor weights, double factor) {
        for (long i = 0; i < weights.shape().elements(); i++) {
            weights.set(i, factor * weights.get(i));
        }
        return weights;
    }

    /** Adds a recurrent layer over [steps, n, size] with all of its inputs, and returns its last states, flat. */
    private String recurrent(GraphBuilder builder, String operator, int gates, String src, int size, int directions,
            String all) {
        List<String> inputs = new ArrayList<>(List.of(src,
                builder.constant("rw", strong(random(directions, gates * 8L, size), gates)),
                builder.constant("rr", strong(random(directions, gates * 8L, 8), gates)),
                builder.constant("rb", random(directions, gates * 16L))));
        if (operator.equals("LSTM")) {
            inputs.addAll(List.of("", "", "", builder.constant("rp", random(directions, 24))));
        }
        String last = builder.freshName(operator + "_last");
        Attributes attributes = Attributes.NONE.with("hidden_size", 8)
                .with("direction", directions == 2 ? "bidirectional" : "reverse");
        builder.node(Node.of(builder.freshName(operator), operator, inputs, List.of(all, last), attributes));
        return builder.add("Transpose", List.of(last), Attributes.NONE.with("perm", new long[] {1, 0, 2}));
    }

    private String steps(GraphBuilder builder) {
        String rows = builder.add("Reshape", "x",
                builder.constant("shape", Tensor.ofLongs(arena, Shape.of(3), 0, 64, -1)));
        return builder.add("Transpose", List.of(rows), Attributes.NONE.with("perm", new long[] {1, 0, 2}));
    }

    @Test
    void recurrentLayers() throws OrtException {
        GraphBuilder builder = network(17);
        recurrent(builder, "LSTM", 4, steps(builder), 8, 1, "a");
        String axis = builder.constant("axis", Tensor.ofLongs(arena, Shape.of(1), 1));
        recurrent(builder, "GRU", 3, builder.add("Squeeze", "a", axis), 8, 1, "b");
        String last = recurrent(builder, "RNN", 1, builder.add("Squeeze", "b", axis), 8, 2, "c");
        Graph compressed = check(classifier(builder, last, 16));
        try (PreparedNetwork network = Network.of(compressed).prepare(Backend.SCALAR)) {
            List<String> operators = network.kernels().stream().map(StepInfo::operator).toList();
            assertTrue(operators.containsAll(List.of("io.tersor.QLSTM", "io.tersor.QGRU", "io.tersor.QRNN")),
                    operators.toString());
        }
    }

    @Test
    void quantizationAtRunTime() throws OrtException {
        GraphBuilder builder = network(17);
        String first = recurrent(builder, "LSTM", 4, steps(builder), 8, 2, "a");
        String flat = builder.add("Flatten", first);
        String product = builder.add("MatMul", flat, builder.constant("p", random(16, 12)));
        String sum = builder.add("Relu", builder.add("Add", product, builder.constant("q", random(12))));
        String scaled = builder.add("Gemm", List.of(sum, builder.constant("g", random(12, 16)),
                builder.constant("h", random(1))), Attributes.NONE.with("alpha", 0.5f).with("beta", 2f));
        Graph compressed = check(classifier(builder, scaled, 16), "dynamic-int8");
        try (PreparedNetwork network = Network.of(compressed).prepare(Backend.SCALAR)) {
            List<String> operators = network.kernels().stream().map(StepInfo::operator).toList();
            assertTrue(operators.contains("io.tersor.DynamicQuantizeLSTM"), operators.toString());
            assertEquals(3, operators.stream().filter("io.tersor.DynamicMatMul"::equals).count(), operators.toString());
        }
    }

    @Test
    void onlyWhatCanBeQuantizedAtRunTimeIs() {
        GraphBuilder builder = network(17);
        String y = builder.add("LSTM", List.of(builder.add("Reshape", "x", builder.constant("shape",
                Tensor.ofLongs(arena, Shape.of(3), 0, 64, -1))), builder.constant("rw", random(1, 32, 8)),
                builder.constant("rr", random(1, 32, 8))), Attributes.NONE.with("hidden_size", 8).with("layout", 1));
        Graph graph = builder.output(ValueInfo.of(y, DataType.F32, Dim.UNKNOWN)).build();
        assertThrows(CompressException.class, () -> Recipe.parse("dynamic-int8").apply(graph));
        GraphBuilder other = network(17);
        Graph both = classifier(other, conv(other, "x", CHANNELS, 1, 1), CHANNELS * 64);
        Graph compressed = Recipe.parse("dynamic-int8").apply(both);
        assertTrue(compressed.nodes().stream().anyMatch(node -> node.is("Conv")));
        assertTrue(compressed.nodes().stream().anyMatch(node -> node.is("MatMulInteger")));
        String message = assertThrows(CompressException.class, () -> Recipe.parse("dynamic-int8").apply(compressed))
                .getMessage();
        assertTrue(message.contains("quantized already"), message);
        assertFalse(Recipe.parse("dynamic-int8").calibrates());
        assertEquals("dynamic-int8", Recipe.parse("dynamic-int8").toString());
    }

    @Test
    void prunedChannelsAndLargeBiases() throws OrtException {
        GraphBuilder builder = network(17);
        Tensor weights = random(CHANNELS, CHANNELS, 1, 1);
        for (long i = 0; i < CHANNELS; i++) {
            weights.set(i, 0);
            weights.set(CHANNELS + i, 1e-12);
        }
        Tensor bias = Tensor.ofFloats(arena, Shape.of(CHANNELS), 0.37f, -0.81f, 1, 0, 2, 3, -4, 0.5f);
        String a = builder.add("Conv", "x", builder.constant("w", weights), builder.constant("b", bias));
        check(classifier(builder, builder.add("GlobalAveragePool", a), CHANNELS));
    }

    @Test
    void olderOpsetsAreRaisedWhereNothingChanged() throws OrtException {
        GraphBuilder builder = network(11);
        String a = builder.add("Relu", conv(builder, "x", CHANNELS, 3, 1));
        assertEquals(13, check(classifier(builder, builder.add("GlobalAveragePool", a), CHANNELS)).opset());
        GraphBuilder old = network(8);
        String before = old.add("Relu", conv(old, "x", CHANNELS, 3, 1));
        String normed = old.add("BatchNormalization", List.of(before, old.constant("s", positive()),
                old.constant("o", random(CHANNELS)), old.constant("m", random(CHANNELS)),
                old.constant("v", positive())), Attributes.NONE.with("spatial", 1));
        String kept = old.add("Dropout", List.of(conv(old, normed, CHANNELS, 1, 1)),
                Attributes.NONE.with("ratio", 0.5f));
        assertEquals(13, check(classifier(old, old.add("GlobalAveragePool", kept), CHANNELS)).opset());
        GraphBuilder ancient = network(6);
        Graph oneSided = classifier(ancient, ancient.add("GlobalAveragePool", conv(ancient, "x", CHANNELS, 3, 1)),
                CHANNELS);
        assertThrows(CompressException.class, () -> Recipe.parse("int8").apply(oneSided,
                Calibration.of(oneSided, samples)));
        GraphBuilder changed = network(11);
        String b = changed.add("Softmax", conv(changed, "x", CHANNELS, 3, 1));
        Graph graph = classifier(changed, changed.add("GlobalAveragePool", b), CHANNELS);
        String message = assertThrows(CompressException.class,
                () -> Recipe.parse("int8").apply(graph, Calibration.of(graph, samples))).getMessage();
        assertTrue(message.contains("Softmax") && message.contains("opset 13"), message);
    }

    @Test
    void networkWithoutProductsIsRefused() {
        Graph graph = network(17).node(Node.of("only", "Relu", List.of("x"), List.of("y"), Attributes.NONE))
                .output(ValueInfo.of("y", DataType.F32, Dim.of("n"), Dim.of(CHANNELS), Dim.of(8), Dim.of(8))).build();
        assertThrows(CompressException.class,
                () -> Recipe.parse("int8").apply(graph, Calibration.of(graph, samples)));
    }

    @Test
    void quantizedNetworkIsRefused() {
        GraphBuilder builder = network(17);
        Graph graph = classifier(builder, builder.add("Relu", conv(builder, "x", CHANNELS, 3, 1)), CHANNELS * 64);
        Graph compressed = Recipe.parse("int8").apply(graph, Calibration.of(graph, samples));
        String message = assertThrows(CompressException.class,
                () -> Recipe.parse("int8").apply(compressed, Calibration.of(compressed, samples))).getMessage();
        assertTrue(message.contains("quantized already"), message);
    }

    @Test
    void theSameInputGivesTheSameNetwork() {
        GraphBuilder builder = network(17);
        Graph graph = classifier(builder, builder.add("Relu", conv(builder, "x", CHANNELS, 3, 1)), CHANNELS * 64);
        for (String recipe : List.of("int8", "int8:percentile=99.5")) {
            Graph one = Recipe.parse(recipe).apply(graph, Calibration.of(graph, samples));
            Graph two = Recipe.parse(recipe).apply(graph, Calibration.of(graph, samples));
            assertEquals(one.nodes(), two.nodes());
            one.initializers().forEach((name, tensor) ->
                    assertEquals(-1, tensor.data().mismatch(two.initializer(name).orElseThrow().data()), name));
        }
    }
}
