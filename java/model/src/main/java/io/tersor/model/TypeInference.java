package io.tersor.model;

import io.tersor.TersorException;
import io.tersor.model.exec.GraphValues;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Types and extents of all values of a graph.
 *
 * <p>Operators know only fixed extents, so the graph is walked twice with two different extents for every symbol: what
 * comes out equal is fixed, what follows a symbol or a multiple of it both times is that, the rest is unknown. Nothing
 * but small integer constants is computed.
 */
public final class TypeInference {
    private TypeInference() {}

    /** Returns what can be known of each value; values of which not even the type is known are left out. */
    public static Map<String, ValueInfo> infer(Graph graph) {
        Symbols symbols = new Symbols(graph);
        Map<String, TensorType> first = GraphValues.types(graph, symbols.inputs(graph, symbols.first));
        Map<String, TensorType> second = symbols.first.isEmpty() ? first
                : GraphValues.types(graph, symbols.inputs(graph, symbols.second));
        Map<String, ValueInfo> infos = new LinkedHashMap<>();
        first.forEach((value, type) -> infos.put(value,
                new ValueInfo(value, type.type(), symbols.dims(type.shape(), Optional.ofNullable(second.get(value))))));
        graph.inputs().stream().filter(input -> input.kind() != ValueInfo.Kind.UNKNOWN)
                .forEach(input -> infos.put(input.name(), input));
        return infos;
    }

    /**
     * Returns types and extents of all values for inputs of the given shapes; values that depend on the inputs'
     * elements are left out.
     *
     * @throws TersorException if an operator does not accept its inputs
     */
    public static Map<String, ValueInfo> infer(Graph graph, Map<String, Shape> inputs) {
        return infos(graph, inputs, Map.of());
    }

    /**
     * Returns types and extents of all values for the given inputs.
     *
     * @throws TersorException if an operator does not accept its inputs
     */
    public static Map<String, ValueInfo> inferFor(Graph graph, Map<String, Tensor> inputs) {
        Map<String, Shape> shapes = new HashMap<>();
        inputs.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        return infos(graph, shapes, inputs);
    }

    private static Map<String, ValueInfo> infos(Graph graph, Map<String, Shape> inputs, Map<String, Tensor> elements) {
        Map<String, TensorType> types = new HashMap<>();
        graph.inputs().forEach(input ->
                types.put(input.name(), new TensorType(input.type(), inputs.get(input.name()))));
        Map<String, ValueInfo> infos = new LinkedHashMap<>();
        GraphValues.visited(graph, types, elements).types()
                .forEach((value, type) -> infos.put(value, ValueInfo.of(value, type.type(), type.shape())));
        return infos;
    }

    /** Two extents for every symbol, all different. */
    private static final class Symbols {
        private final Map<String, Long> first = new LinkedHashMap<>();
        private final Map<String, Long> second = new LinkedHashMap<>();

        private Symbols(Graph graph) {
            Set<String> batch = new HashSet<>();
            forEach(graph, (axis, key) -> {
                if (axis == 0) {
                    batch.add(key);
                }
            });
            forEach(graph, (_, key) -> {
                int index = first.size();
                // Image sizes are often halved five times; batches may be anything.
                first.putIfAbsent(key, batch.contains(key) ? 2L + 2L * index : 32L * (7 + index));
                second.putIfAbsent(key, batch.contains(key) ? 3L + 2L * index : 32L * (8 + 2L * index));
            });
        }

        private interface Visitor {
            void visit(int axis, String key);
        }

        private static void forEach(Graph graph, Visitor visitor) {
            for (ValueInfo input : graph.inputs()) {
                List<Dim> dims = input.dims().orElse(List.of());
                for (int axis = 0; axis < dims.size(); axis++) {
                    if (!(dims.get(axis) instanceof Dim.Known)) {
                        visitor.visit(axis, key(input, axis, dims.get(axis)));
                    }
                }
            }
        }

        private static String key(ValueInfo input, int axis, Dim dim) {
            return dim instanceof Dim.Symbol(String name) ? name : "\0" + input.name() + axis;
        }

        private Map<String, TensorType> inputs(Graph graph, Map<String, Long> extents) {
            Map<String, TensorType> types = new HashMap<>();
            for (ValueInfo input : graph.inputs()) {
                input.dims().filter(_ -> input.isTensor()).ifPresent(dims -> {
                    long[] shape = new long[dims.size()];
                    for (int axis = 0; axis < shape.length; axis++) {
                        shape[axis] = dims.get(axis) instanceof Dim.Known(long extent) ? extent
                                : extents.get(key(input, axis, dims.get(axis)));
                    }
                    types.put(input.name(), new TensorType(input.type(), Shape.of(shape)));
                });
            }
            return types;
        }

        private Optional<List<Dim>> dims(Shape one, Optional<TensorType> other) {
            if (other.isEmpty() || other.get().shape().rank() != one.rank()) {
                return Optional.empty();
            }
            List<Dim> dims = new ArrayList<>();
            for (int axis = 0; axis < one.rank(); axis++) {
                dims.add(dim(one.dim(axis), other.get().shape().dim(axis)));
            }
            return Optional.of(dims);
        }

        private Dim dim(long one, long other) {
            if (one == other) {
                return Dim.of(one);
            }
            // A multiple of one symbol is a symbol too: images cut into windows, batches of heads.
            return first.keySet().stream().filter(symbol -> !symbol.startsWith("\0"))
                    .flatMap(symbol -> multiple(one, other, symbol).stream()).findFirst().orElse(Dim.UNKNOWN);
        }

        private Optional<Dim> multiple(long one, long other, String symbol) {
            long factor = one / first.get(symbol);
            boolean multiple = factor > 0 && one == factor * first.get(symbol) && other == factor * second.get(symbol);
            return multiple ? Optional.of(Dim.of(factor == 1 ? symbol : factor + "*" + symbol)) : Optional.empty();
        }
    }
}
