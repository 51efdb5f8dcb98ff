package io.tersor.compress;

import io.tersor.OperandException;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.pass.Passes;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.quant.Quantizer;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Post-training dynamic quantization to INT8: weights become s8, symmetric, with one scale for each output channel;
 * what they are multiplied by is quantized to u8 at run time, over the range that each tensor then has, so that nothing
 * is calibrated. MatMul and Gemm with constant weights become ONNX's DynamicQuantizeLinear and MatMulInteger with what
 * makes f32 of their sums; LSTM becomes ONNX Runtime's {@code com.microsoft.DynamicQuantizeLSTM} (unless the batch is
 * its first axis, which that operator does not know). All else stays FP32: GRU and RNN, because no operator of ONNX
 * or of ONNX Runtime takes their weights as bytes with a source quantized at run time, and written out step by step in
 * other operators they would lose the layer; Conv, whose weights are few beside the work on what they multiply.
 */
public record DynamicInt8Recipe() implements Recipe {
    /** The first version with DynamicQuantizeLinear. */
    private static final int DYNAMIC = 11;
    private static final int FLOAT = 1;
    private static final String CONTRIB = "com.microsoft";
    private static final int LSTM_INPUTS = 8;

    @Override
    public boolean calibrates() {
        return false;
    }

    @Override
    public Optional<Calibrator> calibrator() {
        return Optional.empty();
    }

    @Override
    public Graph apply(Graph graph, Calibration calibration) {
        return apply(graph);
    }

    @Override
    public Graph apply(Graph graph) {
        Int8Recipe.checkReal(graph);
        Graph simple = Passes.simplify(graph);
        return new Writer(simple.opset() >= DYNAMIC ? simple : Opset.forQuantization(simple)).write();
    }

    @Override
    public String toString() {
        return "dynamic-int8";
    }

    private static final class Writer {
        private final Graph graph;
        private final QuantizationPlan plan;
        private final GraphBuilder builder;
        // The graph keeps its constants' memory alive, so their arena must be the collector's to close.
        private final Arena arena = Arena.ofAuto();
        private final Map<String, List<String>> quantized = new HashMap<>();

        private Writer(Graph graph) {
            this.graph = graph;
            this.plan = QuantizationPlan.of(graph);
            this.builder = graph.toBuilder();
        }

        private Graph write() {
            boolean changed = false;
            for (Node node : plan.integerNodes()) {
                boolean recurrent = plan.isRecurrent(node);
                if (recurrent && node.is("LSTM") && node.attributes().integer("layout", 0) == 0) {
                    lstm(node);
                    changed = true;
                } else if (!recurrent && plan.isProduct(node) && !node.is("Conv")) {
                    product(node);
                    changed = true;
                }
            }
            if (!changed) {
                throw new CompressException("network " + graph.name() + ": expected Gemm, MatMul or LSTM nodes with"
                        + " constant weights, got none");
            }
            UnusedConstants.remove(graph, builder);
            return builder.build();
        }

        private QuantizedTensor quantize(Node node, Tensor weights, int axis) {
            try {
                return Quantizer.symmetric(DataType.S8).perChannel(axis).quantize(weights, arena);
            } catch (OperandException failure) {
                throw new CompressException("node " + node.name() + ": weights " + node.inputs().get(1) + ": "
                        + failure.getMessage());
            }
        }

        private Tensor scales(QuantParams params, float factor, Shape shape) {
            float[] scales = new float[params.count()];
            for (int i = 0; i < scales.length; i++) {
                scales[i] = params.scale(i) * factor;
            }
            return Tensor.ofFloats(arena, shape, scales);
        }

        /** Returns the levels, scale and zero point of a value at run time. */
        private List<String> levels(String value) {
            return quantized.computeIfAbsent(value, _ -> {
                List<String> results = List.of(builder.freshName(value + "_quantized"),
                        builder.freshName(value + "_scale"), builder.freshName(value + "_zero_point"));
                builder.node(Node.of(builder.freshName(value + "_DynamicQuantizeLinear"), "DynamicQuantizeLinear",
                        List.of(value), results, Attributes.NONE));
                return results;
            });
        }

        private void product(Node node) {
            int axis = QuantizationPlan.outputAxis(node);
            Tensor real = graph.initializer(node.inputs().get(1)).orElseThrow();
            Tensor matrix = axis == 0 ? real.permute(1, 0).copy(arena) : real;
            QuantizedTensor weights = quantize(node, matrix, 1);
            Shape outputs = Shape.of(matrix.shape().dim(1));
            String name = node.inputs().get(1);
            float alpha = node.attributes().real("alpha", 1f);
            List<String> levels = levels(node.inputs().getFirst());
            String values = builder.constant(name + "_quantized", weights.values());
            String zeros = builder.constant(name + "_zero_point", Tensor.allocate(arena, DataType.S8, outputs));
            String sums = builder.add("MatMulInteger", levels.get(0), values, levels.get(2), zeros);
            String factors = builder.add("Mul", levels.get(1),
                    builder.constant(name + "_scale", scales(weights.params(), alpha, outputs)));
            String real32 = builder.add("Cast", List.of(sums), Attributes.NONE.with("to", FLOAT));
            Optional<String> bias = node.input(2).map(value -> bias(node, value, outputs));
            builder.remove(node);
            String scaled = bias.isEmpty() ? node.output() : builder.freshName(node.output() + "_scaled");
            builder.node(Node.of(builder.freshName(node.name() + "_Mul"), "Mul", List.of(real32, factors),
                    List.of(scaled), Attributes.NONE));
            bias.ifPresent(value -> builder.node(Node.of(builder.freshName(node.name() + "_Add"), "Add",
                    List.of(scaled, value), List.of(node.output()), Attributes.NONE)));
        }

        /** Returns a Gemm's bias times beta, as a row. */
        private String bias(Node node, String value, Shape outputs) {
            Tensor bias = graph.initializer(value).orElseThrow();
            float beta = node.attributes().real("beta", 1f);
            float[] row = new float[Math.toIntExact(outputs.elements())];
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) bias.get(bias.shape().elements() == 1 ? 0 : i) * beta;
            }
            return builder.constant(value + "_row", Tensor.ofFloats(arena, outputs, row));
        }

        private void lstm(Node node) {
            List<String> inputs = new ArrayList<>(node.inputs());
            while (inputs.size() < LSTM_INPUTS) {
                inputs.add("");
            }
            List<String> parameters = new ArrayList<>();
            for (int i = 1; i <= 2; i++) {
                String name = inputs.get(i);
                Tensor real = graph.initializer(name).orElseThrow();
                Shape shape = real.shape();
                Shape channels = Shape.of(shape.dim(0), shape.dim(1));
                QuantizedTensor rows = quantize(node, real.reshape(Shape.of(channels.elements(), shape.dim(2))), 0);
                inputs.set(i, builder.constant(name + "_quantized",
                        rows.values().reshape(shape).permute(0, 2, 1).copy(arena)));
                parameters.add(builder.constant(name + "_scale", scales(rows.params(), 1, channels)));
                parameters.add(builder.constant(name + "_zero_point", Tensor.allocate(arena, DataType.S8, channels)));
            }
            inputs.addAll(parameters);
            builder.opset(CONTRIB, 1);
            builder.replace(new Node(node.name(), "DynamicQuantizeLSTM", CONTRIB, inputs, node.outputs(),
                    node.attributes().without("layout")));
        }
    }
}
