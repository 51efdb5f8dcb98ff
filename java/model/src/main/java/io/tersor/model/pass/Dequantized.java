package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/**
 * A quantized value with its constant parameters, as a DequantizeLinear reads it or a QuantizeLinear makes it.
 *
 * @param value the name of the quantized value
 * @param scale the name of the scale
 * @param scales the scale's elements, f32, one or a vector
 * @param zeroPoint the name of the zero point, if there is one
 * @param zeroPoints its elements
 * @param axis the axis of a vector of scales
 */
record Dequantized(String value, DataType type, String scale, Tensor scales, Optional<String> zeroPoint,
        Optional<Tensor> zeroPoints, int axis) {
    /** Returns what a value was before it was dequantized. */
    static Optional<Dequantized> of(Graph graph, Types types, String real) {
        return graph.producer(real).filter(node -> node.is("DequantizeLinear"))
                .flatMap(node -> of(graph, types, node, node.inputs().getFirst()));
    }

    /** Returns what the QuantizeLinear that alone uses a value makes of it. */
    static Optional<Dequantized> after(Graph graph, Types types, String real) {
        return Patterns.onlyConsumer(graph, real).filter(node -> node.is("QuantizeLinear"))
                .flatMap(node -> of(graph, types, node, node.output()));
    }

    static Optional<Dequantized> of(Graph graph, Types types, Node node, String value) {
        Optional<Tensor> scales = node.input(1).flatMap(graph::initializer);
        Optional<Tensor> zeroPoints = node.input(2).flatMap(graph::initializer);
        Optional<ValueInfo> info = types.of(value);
        boolean fits = scales.isPresent() && zeroPoints.isPresent() == node.input(2).isPresent() && info.isPresent()
                && scales.get().type() == DataType.F32 && scales.get().shape().rank() <= 1
                && scales.get().shape().elements() > 0 && node.attributes().integer("block_size", 0) == 0
                && node.attributes().integer("output_dtype", 0) == 0;
        for (long i = 0; fits && i < scales.get().shape().elements(); i++) {
            fits = scales.get().get(i) > 0 && Double.isFinite(scales.get().get(i));
        }
        if (!fits) {
            return Optional.empty();
        }
        int rank = info.get().dims().map(java.util.List::size).orElse(0);
        long axis = node.attributes().integer("axis", 1);
        return Optional.of(new Dequantized(value, info.get().type(), node.inputs().get(1), scales.get(), node.input(2),
                zeroPoints, (int) (axis < 0 ? axis + rank : axis)));
    }

    boolean isPerTensor() {
        return scales.shape().elements() == 1;
    }

    boolean isByte() {
        return type == DataType.U8 || type == DataType.S8;
    }

    /** Returns whether this is one pair of parameters for u8 or s8 values. */
    boolean isPlain() {
        return isPerTensor() && isByte();
    }

    float oneScale(long channel) {
        return (float) scales.get(isPerTensor() ? 0 : channel);
    }

    long oneZeroPoint(long channel) {
        return zeroPoints.map(tensor -> tensor.getLong(tensor.shape().elements() == 1 ? 0 : channel)).orElse(0L);
    }

    boolean isSymmetric() {
        for (long i = 0; i < zeroPoints.map(tensor -> tensor.shape().elements()).orElse(0L); i++) {
            if (zeroPoints.get().getLong(i) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether two values have the same type and the same parameters, one pair each. */
    boolean sameAs(Dequantized other) {
        return type == other.type && isPerTensor() && other.isPerTensor() && oneScale(0) == other.oneScale(0)
                && oneZeroPoint(0) == other.oneZeroPoint(0);
    }

    /** Returns the name of the zero point, adding a constant zero to the graph where it was left out. */
    String zeroPoint(GraphBuilder builder) {
        return zeroPoint.orElseGet(() -> builder.constant(value + ".zero_point",
                Tensor.allocate(Arena.ofAuto(), type, Shape.of())));
    }
}
