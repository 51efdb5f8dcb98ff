package io.tersor.compress;

import io.tersor.OperandException;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
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
 * Writes a quantization plan into a graph as QuantizeLinear and DequantizeLinear nodes around the operators, the form
 * that ONNX runtimes fuse into integer kernels. Weights and biases become integer initializers behind a
 * DequantizeLinear.
 */
final class QdqWriter {
    private final Graph graph;
    private final QuantizationPlan plan;
    private final Map<String, QuantParams> params;
    private final Arena arena;
    private final GraphBuilder builder;
    private final Map<String, List<String>> constants = new HashMap<>();

    /**
     * @param params u8 parameters of each value that others take theirs from
     * @param arena owns the new constants
     */
    QdqWriter(Graph graph, QuantizationPlan plan, Map<String, QuantParams> params, Arena arena) {
        this.graph = graph;
        this.plan = plan;
        this.params = params;
        this.arena = arena;
        this.builder = graph.toBuilder();
    }

    Graph write() {
        for (Node node : plan.integerNodes()) {
            if (plan.isProduct(node)) {
                builder.replace(plan.isRecurrent(node) ? quantizeRecurrent(node) : quantizeConstants(node));
            }
        }
        plan.quantizedValues().forEach(this::quantizeValue);
        UnusedConstants.remove(graph, builder);
        return builder.build();
    }

    private Node quantizeConstants(Node node) {
        String source = plan.quantizedValues().get(node.inputs().getFirst());
        Optional<Tensor> bias = node.input(2).flatMap(graph::initializer);
        ProductQuantizer product = ProductQuantizer.of(node, graph.initializer(node.inputs().get(1)).orElseThrow(), bias,
                params.get(source), node.attributes().real("alpha", 1f), node.attributes().real("beta", 1f), arena);
        List<String> inputs = new ArrayList<>(node.inputs());
        QuantizedTensor weights = product.weights();
        Tensor weightScales = Tensor.ofFloats(arena, Shape.of(weights.params().count()), scales(weights.params()));
        inputs.set(1, dequantize(node.inputs().get(1), weights.values(), weightScales, weights.params().axis()));
        product.bias().ifPresent(values ->
                inputs.set(2, dequantize(node.inputs().get(2), values, product.biasScales(), 0)));
        return node.withInputs(inputs).withAttributes(node.attributes().without("alpha").without("beta"));
    }

    /** The weights of inputs and states [directions, gates * hidden, elements], a scale for each of the second axis. */
    private Node quantizeRecurrent(Node node) {
        List<String> inputs = new ArrayList<>(node.inputs());
        for (int i = 1; i <= 2; i++) {
            String name = inputs.get(i);
            QuantizedTensor weights = quantize(node, name, graph.initializer(name).orElseThrow());
            inputs.set(i, dequantize(name, weights.values(), Tensor.ofFloats(arena, Shape.of(weights.params().count()),
                    scales(weights.params())), 1));
        }
        return node.withInputs(inputs);
    }

    private QuantizedTensor quantize(Node node, String name, Tensor weights) {
        try {
            return Quantizer.symmetric(DataType.S8).perChannel(1).quantize(weights, arena);
        } catch (OperandException failure) {
            throw new CompressException("node " + node.name() + ": weights " + name + ": " + failure.getMessage());
        }
    }

    private static float[] scales(QuantParams params) {
        float[] scales = new float[params.count()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = params.scale(i);
        }
        return scales;
    }

    /** Adds integer constants behind a DequantizeLinear along an axis and returns the name of its result. */
    private String dequantize(String name, Tensor values, Tensor scales, int axis) {
        List<String> inputs = new ArrayList<>(List.of(builder.constant(name + "_quantized", values),
                builder.constant(name + "_scale", scales)));
        builder.sparsityLike(inputs.getFirst(), name);
        if (values.type() == DataType.S8) {
            // Left out it would be zero as well, but some runtimes fuse only nodes that state it.
            inputs.add(builder.constant(name + "_zero_point", Tensor.allocate(arena, DataType.S8, scales.shape())));
        }
        String result = builder.freshName(name + "_dequantized");
        builder.node(Node.of(builder.freshName(name + "_DequantizeLinear"), "DequantizeLinear", inputs,
                List.of(result), Attributes.NONE.with("axis", axis)));
        return result;
    }

    private void quantizeValue(String value, String representative) {
        List<String> pair = constants.computeIfAbsent(representative, this::parameters);
        String quantized = builder.freshName(value + "_quantized");
        String dequantized = builder.freshName(value + "_dequantized");
        builder.rename(value, dequantized);
        builder.node(Node.of(builder.freshName(value + "_QuantizeLinear"), "QuantizeLinear",
                List.of(value, pair.getFirst(), pair.getLast()), List.of(quantized), Attributes.NONE));
        builder.node(Node.of(builder.freshName(value + "_DequantizeLinear"), "DequantizeLinear",
                List.of(quantized, pair.getFirst(), pair.getLast()), List.of(dequantized), Attributes.NONE));
    }

    private List<String> parameters(String value) {
        QuantParams pair = params.get(value);
        return List.of(builder.constant(value + "_scale", Tensor.ofFloats(arena, Shape.of(), pair.scale())),
                builder.constant(value + "_zero_point",
                        Tensor.ofBytes(arena, DataType.U8, Shape.of(), (byte) pair.zeroPoint())));
    }
}
