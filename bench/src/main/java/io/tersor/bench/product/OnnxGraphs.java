package io.tersor.bench.product;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * Graphs of one product in the form that ONNX Runtime runs fastest: operators that it fuses, in the layout of its own
 * kernels. Input {@code x}, output {@code y}.
 */
final class OnnxGraphs {
    /** The name of the input. */
    static final String SRC = "x";
    /** The name of the output. */
    static final String DST = "y";

    private static final int OPSET = 17;
    /** The domain of ONNX Runtime's own operators. */
    private static final String CONTRIB = "com.microsoft";
    /** Of MatMulNBits: src may be rounded to 8 bits. */
    private static final int INT8 = 4;

    private final Arena arena;
    private final ProductOperands operands;
    private final Constants constants;
    private final GraphBuilder graph;

    private OnnxGraphs(Arena arena, ProductOperands operands) {
        this.arena = arena;
        this.operands = operands;
        this.constants = operands.constants();
        this.graph = Graph.builder("product", OPSET).opset(CONTRIB, 1);
    }

    /**
     * Returns the graph of a product of f32 or u8s8u8.
     *
     * @param src [m, k]; NHWC, of f32 NCHW
     * @param dst likewise
     */
    static Graph of(Arena arena, ProductOperands operands, Shape src, Shape dst) {
        boolean quantized = operands.constants().types().src().isQuantized();
        return switch (operands.operation()) {
            case GEMM -> quantized ? quantizedGemm(arena, operands) : gemm(arena, operands);
            case CONV -> quantized ? quantizedConv(arena, operands, dst) : conv(arena, operands, src, dst);
        };
    }

    private GraphBuilder start(Shape src, DataType dstType, Shape dst) {
        return graph.input(ValueInfo.of(SRC, constants.types().src(), src)).output(ValueInfo.of(DST, dstType, dst));
    }

    private void last(String opType, String domain, List<String> inputs, Attributes attributes) {
        graph.node(new Node(DST, opType, domain, inputs, List.of(DST), attributes));
    }

    private void relu(String x) {
        last("Relu", "", List.of(x), Attributes.NONE);
    }

    private String floats(float... values) {
        return graph.constant("scales", Tensor.ofFloats(arena, Shape.of(values.length), values));
    }

    private String scalar(float value) {
        return graph.constant("scale", Tensor.ofFloats(arena, Shape.of(), value));
    }

    private String zeroPoint(DataType type, int value) {
        return graph.constant("zero", Tensor.ofBytes(arena, type, Shape.of(), (byte) value));
    }

    /** Returns zeros, one for each channel. */
    private String zeros() {
        return graph.constant("zeros", Tensor.allocate(arena, DataType.S8, Shape.of(channels())));
    }

    private int channels() {
        return Math.toIntExact(bias().shape().elements());
    }

    private Tensor bias() {
        return constants.bias().orElseThrow();
    }

    private String weights() {
        return graph.constant("weights", constants.weights());
    }

    private float[] weightScales() {
        float[] scales = new float[channels()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = constants.weightsParams().scale(i);
        }
        return scales;
    }

    /** Returns what a step of a sum is worth, for each channel. */
    private float[] sumScales() {
        float[] scales = weightScales();
        for (int i = 0; i < scales.length; i++) {
            scales[i] *= constants.srcParams().scale();
        }
        return scales;
    }

    /** Returns the bias in steps of the sums. */
    private String quantizedBias() {
        float[] scales = sumScales();
        int[] values = new int[scales.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.toIntExact(Math.round(bias().get(i) / scales[i]));
        }
        return graph.constant("bias", Tensor.ofInts(arena, Shape.of(values.length), values));
    }

    /** Gemm and Relu of f32 [m, k], [k, n]. */
    private static Graph gemm(Arena arena, ProductOperands operands) {
        OnnxGraphs made = new OnnxGraphs(arena, operands);
        made.start(operands.src().shape(), DataType.F32, made.rows());
        made.relu(made.graph.add("Gemm", SRC, made.weights(), made.graph.constant("bias", made.bias())));
        return made.graph.build();
    }

    private Shape rows() {
        return Shape.of(operands.src().shape().dim(0), channels());
    }

    /**
     * Gemm between DequantizeLinear and QuantizeLinear, which become one QGemm. There is no Relu, for what is less than
     * the zero point, the least of u8, is cut off anyhow.
     */
    private static Graph quantizedGemm(Arena arena, ProductOperands operands) {
        OnnxGraphs made = new OnnxGraphs(arena, operands);
        GraphBuilder graph = made.start(operands.src().shape(), DataType.U8, made.rows());
        Constants constants = made.constants;
        String src = graph.add("DequantizeLinear", SRC, made.scalar(constants.srcParams().scale()),
                made.zeroPoint(DataType.U8, constants.srcParams().zeroPoint()));
        String weights = graph.add("DequantizeLinear", List.of(made.weights(), made.floats(made.weightScales()),
                made.zeros()), Attributes.NONE.with("axis", 1));
        String bias = graph.add("DequantizeLinear", List.of(made.quantizedBias(), made.floats(made.sumScales())),
                Attributes.NONE.with("axis", 0));
        String sum = graph.add("Gemm", src, weights, bias);
        made.last("QuantizeLinear", "", List.of(sum, made.scalar(constants.dstParams().scale()),
                made.zeroPoint(DataType.U8, constants.dstParams().zeroPoint())), Attributes.NONE);
        return graph.build();
    }

    /** MatMulNBits, which may round src to 8 bits in blocks, and Relu. */
    static Graph blockGemm(Arena arena, ProductOperands operands, BlockWeights weights) {
        OnnxGraphs made = new OnnxGraphs(arena, operands);
        GraphBuilder graph = made.start(operands.src().shape(), DataType.F32, made.rows());
        String sum = graph.freshName("sum");
        graph.node(new Node(sum, "MatMulNBits", CONTRIB, List.of(SRC, graph.constant("weights", weights.packed()),
                graph.constant("scales", weights.scales()), "", "", graph.constant("bias", made.bias())),
                List.of(sum), Attributes.NONE.with("K", operands.src().shape().dim(1)).with("N", made.channels())
                        .with("bits", weights.bits()).with("block_size", weights.block())
                        .with("accuracy_level", INT8)));
        made.relu(sum);
        return graph.build();
    }

    /** QLinearConv of NHWC, the layout of its kernels; no Relu, as in {@link #quantizedGemm}. */
    private static Graph quantizedConv(Arena arena, ProductOperands operands, Shape dst) {
        OnnxGraphs made = new OnnxGraphs(arena, operands);
        made.start(operands.src().shape(), DataType.U8, dst);
        Constants constants = made.constants;
        made.last("QLinearConv", CONTRIB, List.of(SRC, made.scalar(constants.srcParams().scale()),
                made.zeroPoint(DataType.U8, constants.srcParams().zeroPoint()), made.weights(),
                made.floats(made.weightScales()), made.zeros(), made.scalar(constants.dstParams().scale()),
                made.zeroPoint(DataType.U8, constants.dstParams().zeroPoint()), made.quantizedBias()),
                made.window().with("channels_last", 1));
        return made.graph.build();
    }

    private Attributes window() {
        long[] extents = operands.extents();
        long stride = extents[6];
        long pad = extents[7];
        long dilation = extents[8];
        return Attributes.NONE.with("kernel_shape", new long[] {extents[4], extents[5]})
                .with("strides", new long[] {stride, stride}).with("pads", new long[] {pad, pad, pad, pad})
                .with("dilations", new long[] {dilation, dilation}).with("group", extents[9]);
    }

    /** Conv and Relu of f32, NCHW. */
    private static Graph conv(Arena arena, ProductOperands operands, Shape src, Shape dst) {
        OnnxGraphs made = new OnnxGraphs(arena, operands);
        GraphBuilder graph = made.start(src, DataType.F32, dst);
        made.relu(graph.add("Conv", List.of(SRC, made.weights(), graph.constant("bias", made.bias())),
                made.window()));
        return graph.build();
    }
}
