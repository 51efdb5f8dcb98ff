package io.tersor.model.pass;

import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** f32 numbers that are constant or follow from shapes alone, such as the square root of an extent. */
record ShapeNumbers(Graph graph, Types types) {
    /** What exporters write for the square root of an extent and the like. */
    private static final Set<String> ARITHMETIC = Set.of("Add", "Cast", "Concat", "Div", "Gather", "Mul", "Pow",
            "Reciprocal", "Reshape", "Slice", "Sqrt", "Squeeze", "Sub", "Unsqueeze");

    /** Returns whether a value is one f32 number that is known as soon as the shapes of the inputs are. */
    boolean contains(String value) {
        return Factors.number(graph, value).isPresent() || types.of(value)
                .filter(info -> info.type() == DataType.F32).flatMap(info -> info.dims())
                .filter(dims -> dims.size() <= 1 && dims.stream().allMatch(Dim.of(1)::equals)).isPresent()
                && followsFromShapes(value);
    }

    private boolean followsFromShapes(String value) {
        Set<String> seen = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(Set.of(value));
        while (!open.isEmpty()) {
            String next = open.pop();
            if (!seen.add(next) || next.isEmpty() || graph.initializer(next).isPresent()) {
                continue;
            }
            Optional<Node> node = graph.producer(next);
            if (node.filter(found -> ARITHMETIC.contains(found.operator())).isPresent()) {
                node.get().inputs().forEach(open::push);
            } else if (node.filter(found -> found.is("Shape") || found.is("Size")).isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /** Returns the operand that a product or quotient of a value with one of these numbers scales, and the number. */
    Optional<Scaled> scaled(Node node) {
        if (node.is("Mul")) {
            for (int i = 0; i < 2; i++) {
                if (contains(node.inputs().get(1 - i)) && !contains(node.inputs().get(i))) {
                    return Optional.of(new Scaled(node.inputs().get(i), node.inputs().get(1 - i), false));
                }
            }
        }
        return node.is("Div") && contains(node.inputs().get(1)) && !contains(node.inputs().get(0))
                ? Optional.of(new Scaled(node.inputs().get(0), node.inputs().get(1), true)) : Optional.empty();
    }

    /**
     * A value times or over a number.
     *
     * @param over whether it is divided
     */
    record Scaled(String value, String number, boolean over) {}
}
