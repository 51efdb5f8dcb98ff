package io.tersor.bench;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.TypeInference;
import io.tersor.model.ValueInfo;
import io.tersor.model.pass.TranslateContrib;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** How much a network multiplies. */
public final class GraphProducts {
    private final Map<String, ValueInfo> infos;

    private GraphProducts(Map<String, ValueInfo> infos) {
        this.infos = infos;
    }

    /**
     * Returns the multiplications and additions of one run's convolutions, matrix products and LSTM layers, in any
     * precision; elementwise operators are not counted. Empty if the extents of some are known only when they run, as
     * behind a decision.
     *
     * @param inputs of the run
     */
    public static OptionalDouble operations(Graph graph, Map<String, Tensor> inputs) {
        Graph translated = new TranslateContrib().apply(graph);
        GraphProducts products = new GraphProducts(TypeInference.inferFor(translated, inputs));
        double all = 2 * translated.nodes().stream().mapToDouble(products::multiplications).sum();
        return Double.isNaN(all) ? OptionalDouble.empty() : OptionalDouble.of(all);
    }

    private double multiplications(Node node) {
        return switch (node.opType()) {
            case "Conv", "ConvInteger" -> convolution(node, 1);
            case "QLinearConv" -> convolution(node, 3);
            case "MatMul", "MatMulInteger", "QLinearMatMul" -> elements(node.outputs().getFirst())
                    * dim(node.inputs().getFirst(), -1);
            case "Gemm" -> elements(node.outputs().getFirst())
                    * dim(node.inputs().getFirst(), node.attributes().integer("transA", 0) == 0 ? 1 : 0);
            case "LSTM", "DynamicQuantizeLSTM" -> dim(node.inputs().getFirst(), 0) * dim(node.inputs().getFirst(), 1)
                    * (elements(node.inputs().get(1)) + elements(node.inputs().get(2)));
            default -> 0;
        };
    }

    private double convolution(Node node, int weights) {
        String name = node.inputs().get(weights);
        return elements(node.outputs().getFirst()) * elements(name) / dim(name, 0);
    }

    private Optional<Shape> shape(String value) {
        return Optional.ofNullable(infos.get(value)).flatMap(ValueInfo::shape);
    }

    /** Returns NaN, as {@link #dim} does, if the value's extents are not known. */
    private double elements(String value) {
        return shape(value).map(shape -> (double) shape.elements()).orElse(Double.NaN);
    }

    private double dim(String value, int axis) {
        return shape(value).map(shape -> (double) shape.dim(axis)).orElse(Double.NaN);
    }
}
