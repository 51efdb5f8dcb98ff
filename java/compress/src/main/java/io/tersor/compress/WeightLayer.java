package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Constant weights of a product as the matrix that {@link io.tersor.sparse.SparseFormat} speaks of: [outputs, taps,
 * inputs], where a convolution has kh * kw taps of ic / groups inputs, and a matrix multiplication one tap.
 *
 * @param node the product; the first one in the graph that uses these weights
 * @param weights the name of the constant, behind DequantizeLinear where there is one
 * @param values the constant, f32 or s8
 * @param axes the axes of {@code values} that count outputs, taps, inputs, in this order
 */
record WeightLayer(Node node, String weights, Tensor values, int[] axes, int groups) {
    /** Returns the layers of a graph in its order, those with the same constant once. */
    static List<WeightLayer> of(Graph graph) {
        Map<String, WeightLayer> layers = new LinkedHashMap<>();
        graph.nodes().forEach(node -> of(graph, node).ifPresent(layer -> layers.putIfAbsent(layer.weights, layer)));
        return new ArrayList<>(layers.values());
    }

    /** Returns the layer of a node, if it is a product with constant weights. */
    static Optional<WeightLayer> of(Graph graph, Node node) {
        int input = switch (node.operator()) {
            case "Conv", "Gemm", "MatMul", "ConvInteger", "MatMulInteger" -> 1;
            case "QLinearConv", "QLinearMatMul" -> 3;
            default -> -1;
        };
        Optional<String> name = input < 0 ? Optional.empty() : node.input(input).map(value -> graph.producer(value)
                .filter(producer -> producer.is("DequantizeLinear")).map(producer -> producer.inputs().getFirst())
                .orElse(value));
        boolean conv = node.opType().contains("Conv");
        return name.flatMap(graph::initializer)
                .filter(tensor -> tensor.type() == DataType.F32 || tensor.type() == DataType.S8)
                .filter(tensor -> tensor.shape().elements() > 0 && tensor.shape().elements() <= Integer.MAX_VALUE
                        && (conv ? tensor.shape().rank() > 2 : tensor.shape().rank() == 2))
                .map(tensor -> new WeightLayer(node, name.get(), tensor, axes(node, conv, tensor.shape().rank()),
                        conv ? (int) node.attributes().integer("group", 1) : 1))
                .filter(layer -> layer.groups > 0 && layer.outputs() % layer.groups == 0);
    }

    private static int[] axes(Node node, boolean conv, int rank) {
        if (!conv) {
            return node.attributes().integer("transB", 0) == 0 ? new int[] {1, 0} : new int[] {0, 1};
        }
        int[] axes = new int[rank];
        for (int axis = 2; axis < rank; axis++) {
            axes[axis - 1] = axis;
        }
        axes[rank - 1] = 1;
        return axes;
    }

    /** Returns the elements as [outputs, taps, inputs]. */
    float[] elements() {
        float[] stored = values.toFloats();
        float[] elements = new float[stored.length];
        forEach((index, place) -> elements[index] = stored[place]);
        return elements;
    }

    /** Returns f32 weights of the same layout with other elements, given as [outputs, taps, inputs]. */
    Tensor withElements(float[] elements, Arena arena) {
        float[] stored = new float[elements.length];
        forEach((index, place) -> stored[place] = elements[index]);
        return Tensor.ofFloats(arena, values.shape(), stored);
    }

    private interface Visitor {
        void visit(int index, int place);
    }

    /** Visits all elements in the order of the matrix, with their row-major place in {@link #values}. */
    private void forEach(Visitor visitor) {
        int inputs = inputs();
        int taps = taps();
        int outputs = outputs();
        boolean outputsFirst = axes[0] == 0;
        int index = 0;
        for (int output = 0; output < outputs; output++) {
            for (int tap = 0; tap < taps; tap++) {
                for (int input = 0; input < inputs; input++) {
                    int place = outputsFirst ? (output * inputs + input) * taps + tap : input * outputs + output;
                    visitor.visit(index++, place);
                }
            }
        }
    }

    /** Returns kh * kw of a convolution, 1 of a matrix multiplication. */
    int taps() {
        return reduction() / inputs();
    }

    int outputs() {
        return (int) values.shape().dim(axes[0]);
    }

    int inputs() {
        return (int) values.shape().dim(axes[axes.length - 1]);
    }

    /** Returns the number of products in one sum: taps * inputs. */
    int reduction() {
        return (int) (values.shape().elements() / outputs());
    }

    boolean isDepthwise() {
        return groups > 1 && inputs() == 1;
    }

    /** Returns whether another use of the same constant sees the same matrix. */
    boolean isLike(WeightLayer other) {
        return Arrays.equals(axes, other.axes) && groups == other.groups;
    }

    /** Returns the grid of units of rows x columns. */
    UnitGrid grid(int rows, int columns) {
        return new UnitGrid(outputs(), taps(), inputs(), rows, columns);
    }

    @Override
    public String toString() {
        return node.name() + " " + values;
    }
}
