package io.tersor.model.pass;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Translates the quantized operators of ONNX Runtime's domain {@code com.microsoft}, which its own quantization tool
 * writes in QOperator form: QLinearAdd, QLinearAveragePool, QLinearGlobalAveragePool, QGemm and QLinearConcat, and what
 * it writes without calibration, DynamicQuantizeLSTM, into ours; QLinearMul, QLinearSigmoid and QLinearLeakyRelu into
 * their real operator between DequantizeLinear and QuantizeLinear; QuantizeLinear, DequantizeLinear and Gelu into
 * ONNX's own.
 */
public final class TranslateContrib implements GraphPass {
    private static final String DOMAIN = "com.microsoft";
    private static final Map<String, String> REAL = Map.of("QLinearMul", "Mul", "QLinearSigmoid", "Sigmoid",
            "QLinearLeakyRelu", "LeakyRelu");
    private static final List<String> SAME = List.of("QuantizeLinear", "DequantizeLinear", "Gelu");

    @Override
    public Graph apply(Graph graph) {
        GraphBuilder builder = graph.toBuilder();
        boolean changed = false;
        for (Node node : graph.nodes()) {
            if (node.domain().equals(DOMAIN)) {
                changed |= translate(graph, builder, node);
            }
        }
        return changed ? builder.build() : graph;
    }

    private static boolean translate(Graph graph, GraphBuilder builder, Node node) {
        // Zero points may be left out; the tool that writes these operators never does.
        if (node.opType().startsWith("Q") && !node.opType().equals("QGemm") && node.inputs().contains("")) {
            return false;
        }
        switch (node.opType()) {
            case "QLinearAdd" -> internal(builder, node, "QAdd", node.inputs());
            case "QLinearAveragePool", "QLinearGlobalAveragePool" -> {
                if (node.attributes().integer("channels_last", 0) != 0) {
                    return false;
                }
                internal(builder, node, node.opType().equals("QLinearAveragePool") ? "QAveragePool"
                        : "QGlobalAveragePool", node.inputs());
            }
            case "DynamicQuantizeLSTM" -> internal(builder, node, node.opType(), node.inputs());
            case "QGemm" -> {
                return gemm(graph, builder, node);
            }
            case "QLinearConcat" -> concat(builder, node);
            case "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu" -> real(builder, node);
            default -> {
                if (!SAME.contains(node.opType())) {
                    return false;
                }
                builder.replace(new Node(node.name(), node.opType(), "", node.inputs(), node.outputs(),
                        node.attributes()));
            }
        }
        return true;
    }

    private static void internal(GraphBuilder builder, Node node, String opType, List<String> inputs) {
        builder.replace(new Node(node.name(), opType, Node.INTERNAL, inputs, node.outputs(), node.attributes()));
    }

    /** QGemm(a, as, az, b, bs, bz, c, ys, yz) is QMatMul(a, as, az, b, bs, bz, ys, yz, c) if it is a plain product. */
    private static boolean gemm(Graph graph, GraphBuilder builder, Node node) {
        Optional<Tensor> weights = node.input(3).flatMap(graph::initializer).filter(MatrixPatterns::isMatrix);
        if (!MatrixPatterns.isPlainGemm(node) || weights.isEmpty()) {
            return false;
        }
        List<String> inputs = new ArrayList<>(node.inputs().subList(0, 6));
        inputs.add(node.input(7).orElse(""));
        inputs.add(node.input(8).orElse(""));
        node.input(6).ifPresent(inputs::add);
        Attributes attributes = Attributes.NONE.with("transB", node.attributes().integer("transB", 0));
        builder.replace(new Node(node.name(), "QMatMul", Node.INTERNAL, inputs, node.outputs(), attributes));
        return true;
    }

    /** QLinearConcat(ys, yz, then x, xs, xz of each part). */
    private static void concat(GraphBuilder builder, Node node) {
        List<String> parts = new ArrayList<>();
        for (int i = 2; i + 2 < node.inputs().size(); i += 3) {
            String part = builder.freshName(node.inputs().get(i) + ".requantized");
            builder.node(new Node(part, "Requantize", Node.INTERNAL, List.of(node.inputs().get(i),
                    node.inputs().get(i + 1), node.inputs().get(i + 2), node.inputs().get(0), node.inputs().get(1)),
                    List.of(part), Attributes.NONE));
            parts.add(part);
        }
        builder.replace(new Node(node.name(), "Concat", "", parts, node.outputs(), node.attributes()));
    }

    private static void real(GraphBuilder builder, Node node) {
        int operands = node.opType().equals("QLinearMul") ? 2 : 1;
        List<String> inputs = new ArrayList<>();
        for (int i = 0; i < operands; i++) {
            inputs.add(builder.add("DequantizeLinear", present(node.inputs().subList(3 * i, 3 * i + 3)),
                    Attributes.NONE));
        }
        String result = builder.add(REAL.get(node.opType()), inputs, node.attributes());
        List<String> quantize = new ArrayList<>(List.of(result));
        quantize.addAll(present(node.inputs().subList(3 * operands, node.inputs().size())));
        builder.replace(new Node(node.name(), "QuantizeLinear", "", quantize, node.outputs(), Attributes.NONE));
    }

    private static List<String> present(List<String> inputs) {
        return inputs.getLast().isEmpty() ? inputs.subList(0, inputs.size() - 1) : inputs;
    }
}
