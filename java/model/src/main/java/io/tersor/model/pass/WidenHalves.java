package io.tersor.model.pass;

import io.tersor.kernel.CastSpec;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Unary;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.model.ops.MapNodes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Computes in f32 what is of f16 or bf16 and has kernels for f32 alone: casts before and after, so that every result is
 * rounded to the type that the graph has. For sums, products, quotients and square roots that is the same as rounding
 * the exact result, as f32 has more than twice the digits (S. Figueroa, When is double rounding innocuous?, 1995).
 */
public final class WidenHalves implements GraphPass {
    /** ONNX's codes of types. */
    private static final int F32 = 1;
    private static final int F16 = 10;
    private static final int BF16 = 16;

    /** Beside the functions of single elements. */
    private static final Set<String> COMPUTED = Set.of("Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu", "Pow", "Sum",
            "Mean", "Relu", "Gelu", "HardSwish", "Clip", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
            "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "Softmax",
            "LogSoftmax", "LayerNormalization", "RMSNormalization", "GroupNormalization", "InstanceNormalization",
            "BatchNormalization", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "CumSum",
            "GridSample", "RotaryEmbedding", "Conv", "ConvTranspose", "Einsum");
    /** What bf16 has kernels of its own for. */
    private static final Set<String> PRODUCTS = Set.of("MatMul", "Gemm", "Attention", Node.INTERNAL + ".Attention");

    @Override
    public Graph apply(Graph graph) {
        return hasHalves(graph) ? new Widening(graph).graph() : graph;
    }

    private static boolean isHalf(DataType type) {
        return type == DataType.F16 || type == DataType.BF16;
    }

    private static boolean hasHalves(Graph graph) {
        return graph.inputs().stream().anyMatch(input -> input.isTensor() && isHalf(input.type()))
                || graph.initializers().keySet().stream()
                        .anyMatch(name -> isHalf(graph.initializer(name).orElseThrow().type()))
                || graph.nodes().stream().filter(node -> node.is("Cast"))
                        .mapToLong(node -> node.attributes().integer("to", F32))
                        .anyMatch(type -> type == F16 || type == BF16);
    }

    /** The work on one graph. */
    private static final class Widening {
        private final Graph graph;
        private final Types types;
        private final GraphBuilder builder;
        // The f32 twins of values.
        private final Map<String, String> twins = new HashMap<>();

        Widening(Graph graph) {
            this.graph = graph;
            this.types = new Types(graph);
            this.builder = graph.toBuilder();
        }

        Graph graph() {
            for (Node node : graph.nodes()) {
                if (computes(node)) {
                    widen(node);
                }
            }
            return builder.build();
        }

        private Optional<DataType> half(String value) {
            return types.of(value).filter(ValueInfo::isTensor).map(ValueInfo::type).filter(WidenHalves::isHalf);
        }

        private boolean computes(Node node) {
            if (node.inputs().isEmpty()) {
                return false;
            }
            Optional<DataType> type = half(node.inputs().getFirst());
            boolean known = node.outputs().stream().allMatch(output -> output.isEmpty()
                    || types.of(output).isPresent());
            return type.isPresent() && known && (COMPUTED.contains(node.operator())
                    || MapNodes.NAMES.contains(node.operator())
                    || PRODUCTS.contains(node.operator()) && type.get() == DataType.F16);
        }

        private void widen(Node node) {
            List<String> outputs = new ArrayList<>();
            List<Node> roundings = new ArrayList<>();
            for (String output : node.outputs()) {
                Optional<DataType> type = output.isEmpty() ? Optional.empty() : half(output);
                outputs.add(type.isPresent() ? builder.freshName(output + ".f32") : output);
                type.ifPresent(half -> roundings.add(cast(outputs.getLast(), output, half == DataType.F16 ? F16
                        : BF16)));
            }
            builder.replace(node.withInputs(node.inputs().stream()
                    .map(input -> input.isEmpty() || half(input).isEmpty() ? input : twin(input)).toList())
                    .withOutputs(outputs));
            roundings.forEach(builder::node);
        }

        private Node cast(String from, String to, int type) {
            return Node.of(builder.freshName(to + ".cast"), "Cast", List.of(from), List.of(to),
                    Attributes.NONE.with("to", type));
        }

        private String twin(String value) {
            return twins.computeIfAbsent(value, _ -> {
                Optional<Tensor> constant = graph.initializer(value);
                String twin = constant.map(tensor -> builder.constant(value + ".f32", widened(tensor)))
                        .orElseGet(() -> builder.freshName(value + ".f32"));
                if (constant.isPresent()) {
                    builder.sparsityLike(twin, value);
                } else {
                    builder.node(cast(value, twin, F32));
                }
                return twin;
            });
        }
    }

    private static Tensor widened(Tensor halves) {
        Tensor floats = Tensor.allocate(Arena.ofAuto(), DataType.F32, halves.shape());
        try (Unary cast = KernelRegistry.standard().prepare(new CastSpec(halves.type(), DataType.F32),
                PrepareOptions.DEFAULT)) {
            cast.run(halves, floats);
        }
        return floats;
    }
}
