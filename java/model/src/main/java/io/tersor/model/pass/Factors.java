package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A value as a product of other values and a number: what Mul, Div by a number and Pow with a small whole exponent make
 * of it, in whatever order they are written.
 *
 * @param values sorted names, as often as they are multiplied
 * @param number the product of all numbers
 */
record Factors(List<String> values, double number) {
    /** How far a number may be from the one that a formula has; exporters write them in f32 or with few digits. */
    private static final double TOLERANCE = 1e-4;
    private static final int MAX_DEPTH = 6;

    /** Returns the factors of a value, not taking apart those in {@code whole}. */
    static Factors of(Graph graph, String value, Set<String> whole) {
        List<String> values = new ArrayList<>();
        double number = collect(graph, value, whole, values, MAX_DEPTH);
        values.sort(null);
        return new Factors(List.copyOf(values), number);
    }

    private static double collect(Graph graph, String value, Set<String> whole, List<String> values, int depth) {
        Optional<Double> number = number(graph, value);
        Optional<Node> node = whole.contains(value) || depth == 0 ? Optional.empty() : graph.producer(value);
        if (number.isPresent()) {
            return number.get();
        }
        if (node.isPresent() && node.get().is("Mul")) {
            return collect(graph, node.get().inputs().get(0), whole, values, depth - 1)
                    * collect(graph, node.get().inputs().get(1), whole, values, depth - 1);
        }
        Optional<Double> second = node.filter(found -> found.inputs().size() == 2)
                .flatMap(found -> number(graph, found.inputs().get(1)));
        if (second.isPresent() && node.get().is("Div")) {
            return collect(graph, node.get().inputs().get(0), whole, values, depth - 1) / second.get();
        }
        boolean power = second.isPresent() && node.get().is("Pow") && (second.get() == 2 || second.get() == 3);
        double product = 1;
        for (int i = 0; power && i < second.get(); i++) {
            product *= collect(graph, node.get().inputs().get(0), whole, values, depth - 1);
        }
        if (!power) {
            values.add(value);
        }
        return product;
    }

    /** Returns whether these are a number times the given values. */
    boolean are(double expected, String... names) {
        List<String> sorted = new ArrayList<>(List.of(names));
        sorted.sort(null);
        return near(number, expected) && values.equals(sorted);
    }

    /** Returns the values that lead to one by a few operators, the nearest first, numbers left out. */
    static Set<String> ancestors(Graph graph, String value, int depth) {
        Set<String> found = new LinkedHashSet<>();
        List<String> level = List.of(value);
        for (int i = 0; i < depth; i++) {
            List<String> next = new ArrayList<>();
            for (String one : level) {
                graph.producer(one).ifPresent(node -> node.inputs().stream()
                        .filter(input -> !input.isEmpty() && graph.initializer(input).isEmpty()).forEach(next::add));
            }
            found.addAll(next);
            level = next;
        }
        return found;
    }

    /** Returns what a constant of one f32 element is. */
    static Optional<Double> number(Graph graph, String value) {
        return graph.initializer(value).filter(tensor -> tensor.shape().elements() == 1 && tensor.shape().rank() <= 1
                && tensor.type() == DataType.F32).map(Factors::first);
    }

    private static double first(Tensor tensor) {
        return tensor.get(0);
    }

    static boolean near(double actual, double expected) {
        return Math.abs(actual - expected) <= TOLERANCE * Math.abs(expected);
    }

    /** Returns the operand that a sum adds a number to. */
    static Optional<String> plus(Graph graph, String sum, double expected) {
        Optional<Node> node = graph.producer(sum).filter(found -> found.is("Add") && found.inputs().size() == 2);
        for (int i = 0; node.isPresent() && i < 2; i++) {
            if (number(graph, node.get().inputs().get(i)).filter(number -> near(number, expected)).isPresent()) {
                return Optional.of(node.get().inputs().get(1 - i));
            }
        }
        return Optional.empty();
    }
}
