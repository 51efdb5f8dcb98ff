package io.tersor.model;

import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Collects the parts of a {@link Graph}. Not thread-safe; {@link #build} may be called more than once. */
public final class GraphBuilder {
    final String name;
    final Map<String, Integer> opsets = new LinkedHashMap<>();
    final Map<String, ValueInfo> inputs = new LinkedHashMap<>();
    final Map<String, Tensor> initializers = new LinkedHashMap<>();
    final Map<String, String> metadata = new LinkedHashMap<>();
    final Map<String, SparseFormat> sparsity = new LinkedHashMap<>();
    private final Map<String, Optional<ValueInfo>> outputs = new LinkedHashMap<>();
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private final Set<String> names = new HashSet<>();
    // Names of the nodes that read a value, and perhaps of some that no longer do: from the first renaming on.
    private Map<String, Set<String>> readers;
    private int counter;

    GraphBuilder(String name) {
        this.name = name;
    }

    GraphBuilder(Graph graph) {
        this(graph.name());
        opsets.putAll(graph.opsets());
        metadata.putAll(graph.metadata());
        sparsity.putAll(graph.sparsity());
        graph.inputs().forEach(this::input);
        graph.initializers().forEach(this::initializer);
        graph.nodes().forEach(this::node);
        graph.outputs().forEach(this::output);
    }

    /** Sets the version of a domain's operators. */
    public GraphBuilder opset(String domain, int version) {
        opsets.put(domain, version);
        return this;
    }

    /** Adds an input. */
    public GraphBuilder input(ValueInfo info) {
        if (inputs.put(info.name(), info) != null) {
            throw new GraphException("input " + info.name() + " is given twice");
        }
        names.add(info.name());
        return this;
    }

    /** Replaces what is told about an input. */
    public GraphBuilder replace(ValueInfo info) {
        if (inputs.replace(info.name(), info) == null) {
            throw new GraphException("input " + info.name() + ": there is none to replace");
        }
        return this;
    }

    /** Takes an input away. */
    public GraphBuilder removeInput(String value) {
        inputs.remove(value);
        return this;
    }

    /** Adds an output whose info is given: {@link ValueInfo#unknown} keeps its type from being inferred. */
    public GraphBuilder output(ValueInfo info) {
        outputs.put(info.name(), Optional.of(info));
        return this;
    }

    /** Adds an output whose type and extents are inferred. */
    public GraphBuilder output(String value) {
        outputs.put(value, Optional.empty());
        return this;
    }

    /** Takes an output away; the value stays. */
    public GraphBuilder removeOutput(String value) {
        outputs.remove(value);
        return this;
    }

    /** Adds or replaces a constant, whose memory must live as long as the graph. */
    public GraphBuilder initializer(String value, Tensor tensor) {
        initializers.put(value, tensor);
        names.add(value);
        return this;
    }

    /** Adds a constant of another graph, with the arrangement of its zeros. */
    public GraphBuilder initializer(String value, Graph other, String there) {
        Optional.ofNullable(other.sparsity().get(there)).ifPresent(format -> sparsity(value, format));
        return initializer(value, other.initializers().get(there));
    }

    /** Adds a constant under a name that no other value has, and returns that name. */
    public String constant(String hint, Tensor tensor) {
        String value = freshName(hint);
        initializer(value, tensor);
        return value;
    }

    /** Takes a constant away. */
    public GraphBuilder removeInitializer(String value) {
        initializers.remove(value);
        return this;
    }

    /** Adds a node. */
    public GraphBuilder node(Node node) {
        if (nodes.put(node.name(), node) != null) {
            throw new GraphException("node " + node.name() + ": the name is used twice");
        }
        names.addAll(node.outputs());
        names.add(node.name());
        read(node);
        return this;
    }

    /** Adds a node of one output under fresh names, and returns the output's name. */
    public String add(String opType, List<String> inputs, Attributes attributes) {
        String output = freshName(opType.toLowerCase(java.util.Locale.ROOT));
        node(Node.of(output, opType, inputs, List.of(output), attributes));
        return output;
    }

    /** Adds a node of one output and no attributes under fresh names, and returns the output's name. */
    public String add(String opType, String... inputs) {
        return add(opType, List.of(inputs), Attributes.NONE);
    }

    /** Replaces the node of the same name. */
    public GraphBuilder replace(Node node) {
        if (nodes.replace(node.name(), node) == null) {
            throw new GraphException("node " + node.name() + ": there is none to replace");
        }
        names.addAll(node.outputs());
        read(node);
        return this;
    }

    /** Takes a node away. */
    public GraphBuilder remove(Node node) {
        nodes.remove(node.name());
        return this;
    }

    /** Makes every node that reads one value read another instead. Outputs keep their names. */
    public GraphBuilder rename(String from, String to) {
        if (readers == null) {
            readers = new HashMap<>();
            nodes.values().forEach(this::read);
        }
        for (String reader : Optional.ofNullable(readers.remove(from)).orElse(Set.of())) {
            Node node = nodes.get(reader);
            if (node != null && node.inputs().contains(from)) {
                replace(node.withInputs(node.inputs().stream().map(input -> input.equals(from) ? to : input).toList()));
            }
        }
        return this;
    }

    private void read(Node node) {
        if (readers != null) {
            node.inputs().forEach(input -> readers.computeIfAbsent(input, _ -> new LinkedHashSet<>()).add(node.name()));
        }
    }

    /** Returns the nodes collected so far. */
    public Collection<Node> nodes() {
        return List.copyOf(nodes.values());
    }

    /** Sets a metadata entry. */
    public GraphBuilder metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /** Sets how the zeros of a constant are arranged, see {@link Graph#sparsity()}. */
    public GraphBuilder sparsity(String value, SparseFormat format) {
        sparsity.put(value, format);
        return this;
    }

    /** Gives a constant made from another one the other's arrangement of zeros, if it has one. */
    public GraphBuilder sparsityLike(String value, String other) {
        Optional.ofNullable(sparsity.get(other)).ifPresent(format -> sparsity.put(value, format));
        return this;
    }

    /** Returns a name that nothing in this graph has: the hint itself if it is free. */
    public String freshName(String hint) {
        String candidate = hint;
        while (!names.add(candidate)) {
            candidate = hint + "_" + ++counter;
        }
        return candidate;
    }

    /**
     * Returns the graph.
     *
     * @throws GraphException if a value is defined twice, an input is not defined, or the nodes form a cycle
     */
    public Graph build() {
        Set<String> defined = new HashSet<>(inputs.keySet());
        for (String constant : initializers.keySet()) {
            define(defined, constant, "initializer " + constant);
        }
        for (Node node : nodes.values()) {
            checkBodies(node);
            for (String output : node.outputs()) {
                if (!output.isEmpty()) {
                    define(defined, output, "node " + node.name());
                }
            }
        }
        for (String output : outputs.keySet()) {
            if (!defined.contains(output)) {
                throw new GraphException("output " + output + ": nothing defines it");
            }
        }
        List<Node> sorted = sort(defined);
        List<ValueInfo> infos = new ArrayList<>();
        if (outputs.values().stream().allMatch(Optional::isPresent)) {
            outputs.values().forEach(info -> infos.add(info.orElseThrow()));
        } else {
            Map<String, ValueInfo> inferred = TypeInference.infer(new Graph(this, List.of(), sorted));
            outputs.forEach((output, info) -> infos.add(info.orElseGet(() -> Optional.ofNullable(inferred.get(output))
                    .orElseThrow(() -> new GraphException("output " + output + ": its type cannot be inferred")))));
        }
        return new Graph(this, infos, sorted);
    }

    private static void checkBodies(Node node) {
        node.attributes().bodies().forEach((attribute, body) -> {
            int outside = body.graph().inputs().size() - body.parameters();
            if (body.parameters() < 0 || outside < 0 || body.firstOutside() < 0
                    || outside > node.inputs().size() - body.firstOutside()) {
                throw new GraphException("node " + node.name() + " (" + node.operator() + ") " + attribute + ": reads "
                        + outside + " values from outside, the node has " + node.inputs().size() + " inputs");
            }
        });
    }

    private static void define(Set<String> defined, String value, String by) {
        if (value.isEmpty() || !defined.add(value)) {
            throw new GraphException(by + ": value '" + value + "' is already defined");
        }
    }

    /** Orders the nodes by their inputs; among nodes that are ready the order they were given in is kept. */
    private List<Node> sort(Set<String> defined) {
        Map<String, List<Node>> waiting = new HashMap<>();
        Map<String, Integer> missing = new HashMap<>();
        Deque<Node> ready = new ArrayDeque<>();
        Set<String> available = new HashSet<>(inputs.keySet());
        available.addAll(initializers.keySet());
        List<Node> sorted = new ArrayList<>();
        for (Node node : nodes.values()) {
            int count = 0;
            for (String input : node.inputs()) {
                if (input.isEmpty()) {
                    continue;
                }
                if (!defined.contains(input)) {
                    throw new GraphException("node " + node.name() + " (" + node.operator() + "): input " + input
                            + " is not defined");
                }
                if (!available.contains(input)) {
                    waiting.computeIfAbsent(input, _ -> new ArrayList<>()).add(node);
                    count++;
                }
            }
            missing.put(node.name(), count);
            if (count == 0) {
                ready.add(node);
                while (!ready.isEmpty()) {
                    emit(ready.removeFirst(), sorted, available, waiting, missing, ready);
                }
            }
        }
        if (sorted.size() < nodes.size()) {
            Node stuck = nodes.values().stream().filter(node -> missing.get(node.name()) > 0).findFirst().orElseThrow();
            String value = stuck.inputs().stream().filter(input -> !input.isEmpty() && !available.contains(input))
                    .findFirst().orElseThrow();
            throw new GraphException("node " + stuck.name() + " (" + stuck.operator() + "): input " + value
                    + " depends on the node's own output, a cycle");
        }
        return sorted;
    }

    private static void emit(Node node, List<Node> sorted, Set<String> available, Map<String, List<Node>> waiting,
            Map<String, Integer> missing, Deque<Node> ready) {
        sorted.add(node);
        for (String output : node.outputs()) {
            if (!output.isEmpty() && available.add(output)) {
                for (Node waiter : waiting.getOrDefault(output, List.of())) {
                    if (missing.merge(waiter.name(), -1, Integer::sum) == 0) {
                        ready.add(waiter);
                    }
                }
            }
        }
    }
}
