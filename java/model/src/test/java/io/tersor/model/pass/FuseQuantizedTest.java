package io.tersor.model.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.model.ObservedNetwork;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Each QDQ pattern by itself: what it is fused into, and that the result is that of the real operators. */
class FuseQuantizedTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final NetworkOptions SCALAR = NetworkOptions.DEFAULT.on(Backend.SCALAR);

    private final Random random = new Random(21);
    private final GraphBuilder b = Graph.builder("pattern", 17);
    private Tensor x;

    /** Starts with a quantized and dequantized input and returns its name. */
    private String start(long... dims) {
        x = TestGraphs.random(random, 1, dims);
        List<Dim> open = new ArrayList<>(List.of(Dim.of("n")));
        for (int axis = 1; axis < dims.length; axis++) {
            open.add(Dim.of(dims[axis]));
        }
        b.input(new ValueInfo("x", DataType.F32, java.util.Optional.of(open)));
        return pair("x", 0.025f, 117);
    }

    private String pair(String value, float scale, int zeroPoint) {
        String s = b.constant("s", Tensor.ofFloats(ARENA, Shape.of(), scale));
        String z = b.constant("z", Tensor.ofBytes(ARENA, DataType.U8, Shape.of(), (byte) zeroPoint));
        return b.add("DequantizeLinear", b.add("QuantizeLinear", value, s, z), s, z);
    }

    private String weights(DataType type, int axis, long... dims) {
        Tensor values = Tensor.allocate(ARENA, type, Shape.of(dims));
        for (long i = 0; i < values.shape().elements(); i++) {
            values.setLong(i, random.nextInt(type == DataType.U8 ? 256 : 255) - (type == DataType.U8 ? 0 : 127));
        }
        if (axis < 0) {
            return b.add("DequantizeLinear", b.constant("w", values),
                    b.constant("ws", Tensor.ofFloats(ARENA, Shape.of(), 0.004f)),
                    b.constant("wz", Tensor.ofBytes(ARENA, type, Shape.of(), (byte) (type == DataType.U8 ? 130 : 0))));
        }
        return b.add("DequantizeLinear",
                List.of(b.constant("w", values), b.constant("ws", scales((int) dims[axis], 0.004f))),
                Attributes.NONE.with("axis", axis));
    }

    private static Tensor scales(int count, float scale) {
        float[] scales = new float[count];
        for (int i = 0; i < count; i++) {
            scales[i] = scale * (1 + 0.1f * i);
        }
        return Tensor.ofFloats(ARENA, Shape.of(count), scales);
    }

    private String bias(int count, float scale) {
        int[] values = random.ints(count, -200, 200).toArray();
        return b.add("DequantizeLinear", List.of(b.constant("b", Tensor.ofInts(ARENA, Shape.of(count), values)),
                b.constant("bs", scales(count, scale))), Attributes.NONE.with("axis", 0));
    }

    /** Quantizes the result, runs fused and as it is, and compares the integers. */
    private void check(String result, List<String> operators, float tolerance) {
        String s = b.constant("ys", Tensor.ofFloats(ARENA, Shape.of(), 0.03f));
        String z = b.constant("yz", Tensor.ofBytes(ARENA, DataType.U8, Shape.of(), (byte) 90));
        b.node(Node.of("y", "QuantizeLinear", List.of(result, s, z), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        List<float[]> expected = new ArrayList<>();
        try (ObservedNetwork network = Network.of(graph).observed(SCALAR)) {
            network.run(Map.of("x", x), (value, tensor) -> {
                if (value.equals("y")) {
                    expected.add(tensor.toFloats());
                }
            });
        }
        try (PreparedNetwork network = Network.of(graph).prepare(SCALAR); Arena arena = Arena.ofConfined()) {
            assertEquals(operators, network.kernels().stream().map(step -> step.operator().replace("io.tersor.", ""))
                    .filter(operator -> !operator.equals("Transpose")).toList());
            assertArrayEquals(expected.getFirst(), network.run(Map.of("x", x), arena).get("y").toFloats(), tolerance);
        }
    }

    @Test
    void convolutionWithExactBiasAndClip() {
        String conv = b.add("Conv", start(2, 3, 6, 5), weights(DataType.S8, 0, 8, 3, 3, 3), bias(8, 0.025f * 0.004f));
        String six = b.constant("six", Tensor.ofFloats(ARENA, Shape.of(), 2.5f));
        String zero = b.constant("zero", Tensor.ofFloats(ARENA, Shape.of(), 0.2f));
        check(b.add("Clip", conv, zero, six), List.of("QuantizeLinear", "QConv"), 1);
    }

    @Test
    void convolutionWithBiasOfAnotherScale() {
        check(b.add("Conv", start(2, 3, 6, 5), weights(DataType.S8, 0, 8, 3, 3, 3), bias(8, 0.01f)),
                List.of("QuantizeLinear", "QConv"), 1);
    }

    @Test
    void convolutionWithUnsignedWeightsAndRealBias() {
        String bias = b.constant("b", TestGraphs.random(random, 0.5, 8));
        check(b.add("Relu", b.add("Conv", start(2, 3, 6, 5), weights(DataType.U8, -1, 8, 3, 3, 3), bias)),
                List.of("QuantizeLinear", "QConv"), 1);
    }

    @Test
    void convolutionOfOneAxis() {
        check(b.add("Conv", start(2, 3, 9), weights(DataType.S8, 0, 5, 3, 4)), List.of("QuantizeLinear", "QConv"), 1);
    }

    @Test
    void matMulWithBiasAndRelu() {
        String product = b.add("MatMul", start(3, 4, 7), weights(DataType.S8, 1, 7, 6));
        check(b.add("Relu", b.add("Add", product, bias(6, 0.025f * 0.004f))), List.of("QuantizeLinear", "QMatMul"), 1);
    }

    @Test
    void matMulWithOneScaleAndUnsignedWeights() {
        check(b.add("MatMul", start(3, 7), weights(DataType.U8, -1, 7, 6)), List.of("QuantizeLinear", "QMatMul"), 1);
    }

    @Test
    void gemmOfEitherOrientation() {
        String first = b.add("Gemm", List.of(start(3, 7), weights(DataType.S8, 0, 6, 7), bias(6, 0.025f * 0.004f)),
                Attributes.NONE.with("transB", 1));
        check(b.add("Gemm", pair(first, 0.04f, 100), weights(DataType.S8, 1, 6, 5)),
                List.of("QuantizeLinear", "QMatMul", "QMatMul"), 1);
    }

    @Test
    void sumWithRelu() {
        String real = start(2, 3, 4, 4);
        check(b.add("Relu", b.add("Add", real, pair("x", 0.05f, 60))),
                List.of("QuantizeLinear", "QuantizeLinear", "QAdd"), 1);
    }

    @Test
    void sumThatBroadcasts() {
        String real = start(2, 3, 4, 4);
        String mean = pair(b.add("GlobalAveragePool", real), 0.01f, 120);
        // Once for each layout: the pooling reads NHWC.
        check(b.add("Add", real, mean),
                List.of("QuantizeLinear", "QuantizeLinear", "QGlobalAveragePool", "QAdd"), 1);
    }

    @Test
    void products() {
        String real = start(2, 3, 4, 4);
        check(b.add("Mul", real, pair("x", 0.05f, 60)), List.of("QuantizeLinear", "QuantizeLinear", "QMul"), 1);
    }

    /** As networks scale channels by what they find in all of the image. */
    @Test
    void productWithOneFactorForEachChannel() {
        String real = start(2, 3, 4, 4);
        String mean = pair(b.add("GlobalAveragePool", real), 0.01f, 120);
        check(b.add("Mul", mean, real), List.of("QuantizeLinear", "QGlobalAveragePool", "QMul"), 1);
    }

    @Test
    void averagesAndClamps() {
        String pooled = b.add("AveragePool", List.of(start(2, 3, 6, 6)), Attributes.NONE
                .with("kernel_shape", new long[] {3, 3}).with("pads", new long[] {1, 1, 1, 1})
                .with("strides", new long[] {2, 2}));
        check(b.add("Relu", pair(pooled, 0.02f, 110)), List.of("QuantizeLinear", "QAveragePool", "QClip", "QClip"), 1);
    }

    @Test
    void moversMoveIntegers() {
        String pooled = b.add("MaxPool", List.of(start(2, 3, 6, 4)), Attributes.NONE
                .with("kernel_shape", new long[] {2, 2}).with("strides", new long[] {2, 2}));
        String flat = b.add("Flatten", pooled);
        check(b.add("Gemm", flat, weights(DataType.S8, 1, 18, 4)), List.of("QuantizeLinear", "MaxPool", "QMatMul"), 1);
    }

    @Test
    void concatenationRequantizesItsParts() {
        String real = start(2, 3, 4, 4);
        String other = pair("x", 0.05f, 60);
        check(b.add("Concat", List.of(real, other, real), Attributes.NONE.with("axis", 1)),
                List.of("QuantizeLinear", "QuantizeLinear", "Requantize", "Requantize", "Requantize", "Concat"), 1);
    }

    @Test
    void changeOfScale() {
        check(start(2, 5), List.of("QuantizeLinear", "Requantize"), 1);
    }

    @Test
    void quantizedTwiceAlikeIsQuantizedOnce() {
        check(pair(start(2, 5), 0.025f, 117), List.of("QuantizeLinear", "Requantize"), 1);
    }

    @Test
    void whatIsSeenFromOutsideStaysReal() {
        String conv = b.add("Conv", start(2, 3, 4, 4), weights(DataType.S8, 0, 8, 3, 1, 1));
        b.output(conv);
        check(b.add("Relu", conv), List.of("QuantizeLinear", "QConv", "Relu", "QuantizeLinear"), 1);
    }
}
