package io.tersor.model.exec;

import io.tersor.TersorException;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.ops.Computation;
import io.tersor.model.ops.OpContext;
import io.tersor.model.ops.Operator;
import io.tersor.model.ops.Operators;
import io.tersor.model.ops.TensorType;
import io.tersor.model.ops.ValueUnknownException;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Types of a graph's values for inputs of fixed shapes, and the elements of those values that are constant. Constants
 * are computed when somebody asks for them. Where the elements of a graph input decide about shapes or weights they are
 * taken from the actual inputs, and the input is noted in {@link #inputsRead}: what was derived holds for equal inputs
 * only. Not thread-safe.
 */
public final class GraphValues {
    private final Graph graph;
    private final Map<String, TensorType> types = new LinkedHashMap<>();
    private final Map<String, Computation> computations = new HashMap<>();
    private final Map<String, Tensor> known = new HashMap<>();
    private final Set<String> constant = new HashSet<>();
    private final Map<String, Tensor> actualInputs;
    private final Set<String> inputsRead = new LinkedHashSet<>();
    private final Map<String, Integer> positions = new HashMap<>();
    private final MemoryLimit limit;
    private final Arena arena = Arena.ofAuto();

    /**
     * @param inputs the types of the inputs; values that follow from missing ones stay unknown
     * @param actualInputs the inputs' elements where they are at hand
     */
    public GraphValues(Graph graph, Map<String, TensorType> inputs, Map<String, Tensor> actualInputs) {
        this.graph = graph;
        this.actualInputs = actualInputs;
        types.putAll(inputs);
        graph.initializers().forEach((name, tensor) -> {
            types.put(name, new TensorType(tensor.type(), tensor.shape()));
            constant.add(name);
        });
        this.limit = new MemoryLimit(types.values());
    }

    /** Returns the types of all values that can be inferred; an operator that objects leaves its outputs unknown. */
    public static Map<String, TensorType> types(Graph graph, Map<String, TensorType> inputs) {
        return visited(graph, inputs, Map.of()).types;
    }

    /** Returns what follows from the given types of inputs, and from their elements, as far as anything does. */
    public static GraphValues visited(Graph graph, Map<String, TensorType> inputs, Map<String, Tensor> actualInputs) {
        GraphValues values = new GraphValues(graph, inputs, actualInputs);
        for (Node node : graph.nodes()) {
            boolean ready = node.inputs().stream().allMatch(in -> in.isEmpty() || values.types.containsKey(in));
            if (ready && Operators.find(node).isPresent()) {
                try {
                    values.visit(node);
                } catch (TersorException | ArithmeticException e) {
                    System.getLogger("io.tersor").log(System.Logger.Level.DEBUG, "node {0}: {1}", node.name(), e);
                }
            }
        }
        return values;
    }

    /** Returns the types known so far. */
    public Map<String, TensorType> types() {
        return types;
    }

    /** Returns the type of a value whose node was visited. */
    public TensorType type(String value) {
        return types.get(value);
    }

    /** Returns the graph's inputs whose elements were read. */
    public Set<String> inputsRead() {
        return inputsRead;
    }

    /** Returns whether a value's elements are fixed, given the inputs' shapes. */
    public boolean isConstant(String value) {
        return constant.contains(value);
    }

    /** Returns what a node does; the nodes before it must have been visited. */
    public Computation visit(Node node) {
        OpContext context = context(node);
        Operator operator = Operators.find(node).orElseThrow(
                () -> new UnsupportedOperatorException(node, graph.opset(node), "not implemented"));
        Computation computation = prepare(operator, context);
        computations.put(node.name(), computation);
        for (int i = 0; i < node.outputs().size() && i < computation.outputs().size(); i++) {
            limit.check(node, i, computation.outputs().get(i));
            types.put(node.outputs().get(i), computation.outputs().get(i));
        }
        if (node.outputs().size() > computation.outputs().size()) {
            throw new UnsupportedOperatorException(node, graph.opset(node),
                    "output " + computation.outputs().size() + " is not implemented");
        }
        boolean fixed = computation.kind() == Computation.Kind.SHAPE_ONLY
                || computation.kind() != Computation.Kind.KERNEL_ONLY
                        && computation.kind() != Computation.Kind.RANDOM
                        && node.inputs().stream().allMatch(input -> input.isEmpty() || constant.contains(input));
        if (fixed) {
            constant.addAll(node.outputs());
        }
        return computation;
    }

    /**
     * Returns what an operator does in a context.
     *
     * @throws TersorException if it does not accept its inputs
     */
    public static Computation prepare(Operator operator, OpContext context) {
        try {
            return operator.prepare(context);
        } catch (ArithmeticException e) {
            throw new TersorException("node " + context.node().name() + " (" + context.node().operator()
                    + "): extents overflow", e);
        } catch (IndexOutOfBoundsException | NegativeArraySizeException e) {
            // An operator whose own checks are incomplete.
            throw new TersorException("node " + context.node().name() + " (" + context.node().operator()
                    + "): inputs or attributes of a wrong rank or length: " + e.getMessage(), e);
        }
    }

    /** Returns the context of a node whose inputs are known. */
    public OpContext context(Node node) {
        List<Optional<TensorType>> inputs = new ArrayList<>();
        for (String input : node.inputs()) {
            inputs.add(input.isEmpty() ? Optional.empty() : Optional.of(types.get(input)));
        }
        return new OpContext(node, graph.opset(node), inputs, new OpContext.Values() {
            @Override
            public Optional<Tensor> constant(int input) {
                String value = node.inputs().get(input);
                return isConstant(value) ? Optional.of(elements(value)) : Optional.empty();
            }

            @Override
            public Tensor required(int input) {
                return elements(node.inputs().get(input));
            }
        });
    }

    /**
     * Returns the elements of a value, computing what leads to it.
     *
     * @throws ValueUnknownException if they follow from inputs that are not at hand
     */
    public Tensor elements(String value) {
        Optional<Tensor> leaf = leaf(value);
        if (leaf.isPresent()) {
            return leaf.get();
        }
        SortedSet<Integer> needed = new TreeSet<>();
        Deque<String> open = new ArrayDeque<>(List.of(value));
        while (!open.isEmpty()) {
            String next = open.pop();
            if (leaf(next).isEmpty()) {
                Node node = graph.producer(next).orElseThrow(() -> new ValueUnknownException(next));
                Computation.Kind kind = computations.containsKey(node.name())
                        ? computations.get(node.name()).kind() : Computation.Kind.GENERAL;
                if (kind == Computation.Kind.KERNEL_ONLY || kind == Computation.Kind.RANDOM) {
                    throw new UnsupportedOperatorException(node, graph.opset(node),
                            "as part of what decides about shapes");
                }
                if (needed.add(position(node)) && readsInputs(node)) {
                    node.inputs().stream().filter(input -> !input.isEmpty()).forEach(open::push);
                }
            }
        }
        for (int at : needed) {
            run(graph.nodes().get(at));
        }
        return known.get(value);
    }

    private int position(Node node) {
        if (positions.isEmpty()) {
            for (int i = 0; i < graph.nodes().size(); i++) {
                positions.put(graph.nodes().get(i).name(), i);
            }
        }
        return positions.get(node.name());
    }

    private boolean readsInputs(Node node) {
        Computation computation = computations.get(node.name());
        if (computation == null) {
            throw new ValueUnknownException(node.output());
        }
        return computation.kind() != Computation.Kind.SHAPE_ONLY;
    }

    private Optional<Tensor> leaf(String value) {
        if (known.containsKey(value)) {
            return Optional.of(known.get(value));
        }
        Optional<Tensor> initializer = graph.initializer(value);
        if (initializer.isPresent()) {
            return initializer;
        }
        if (actualInputs.containsKey(value)) {
            inputsRead.add(value);
            constant.add(value);
            // A private copy: the plan made from it outlives the run.
            Tensor copy = actualInputs.get(value).copy(arena);
            known.put(value, copy);
            return Optional.of(copy);
        }
        return Optional.empty();
    }

    private void run(Node node) {
        Computation computation = computations.get(node.name());
        Tensor[] inputs = new Tensor[node.inputs().size()];
        for (int i = 0; i < inputs.length && readsInputs(node); i++) {
            inputs[i] = node.inputs().get(i).isEmpty() ? null : leaf(node.inputs().get(i)).orElseThrow();
        }
        Tensor[] outputs = new Tensor[node.outputs().size()];
        for (int i = 0; i < outputs.length; i++) {
            if (!node.outputs().get(i).isEmpty()) {
                TensorType type = computation.outputs().get(i);
                limit.take(node, i, type);
                outputs[i] = Memory.allocate(arena, type.type(), type.shape());
            }
        }
        computation.body().run(inputs, outputs);
        for (int i = 0; i < outputs.length; i++) {
            if (outputs[i] != null) {
                known.put(node.outputs().get(i), outputs[i]);
                constant.add(node.outputs().get(i));
            }
        }
    }
}
