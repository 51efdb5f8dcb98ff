package io.tersor.model;

import io.tersor.model.onnx.OnnxReader;
import io.tersor.model.onnx.OnnxWriter;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A network as data: nodes in an order in which they can run, constants, inputs and outputs. Immutable, checked when it
 * is built: names are unique, every input is defined, there is no cycle. Initializers keep their memory alive; they
 * must not be written.
 */
public final class Graph {
    private final String name;
    private final Map<String, Integer> opsets;
    private final List<ValueInfo> inputs;
    private final List<ValueInfo> outputs;
    private final List<Node> nodes;
    private final Map<String, Tensor> initializers;
    private final Map<String, String> metadata;
    private final Map<String, SparseFormat> sparsity = new LinkedHashMap<>();
    private final Map<String, Node> producers = new HashMap<>();
    private final Map<String, List<Node>> consumers = new HashMap<>();

    Graph(GraphBuilder builder, List<ValueInfo> outputs, List<Node> sorted) {
        this.name = builder.name;
        this.opsets = Collections.unmodifiableMap(new LinkedHashMap<>(builder.opsets));
        this.inputs = List.copyOf(builder.inputs.values());
        this.outputs = List.copyOf(outputs);
        this.nodes = List.copyOf(sorted);
        this.initializers = Collections.unmodifiableMap(new LinkedHashMap<>(builder.initializers));
        this.metadata = Collections.unmodifiableMap(new LinkedHashMap<>(builder.metadata));
        for (Node node : nodes) {
            for (String output : node.outputs()) {
                producers.put(output, node);
            }
            for (String input : node.inputs()) {
                List<Node> known = consumers.computeIfAbsent(input, _ -> new ArrayList<>());
                if (known.isEmpty() || known.getLast() != node) {
                    known.add(node);
                }
            }
        }
        builder.sparsity.forEach((value, format) -> {
            if (initializers.containsKey(value) || producers.containsKey(value)) {
                sparsity.put(value, format);
            }
        });
    }

    /**
     * Reads an ONNX model.
     *
     * @throws ModelFormatException if the file is missing, truncated or damaged
     * @throws UnsupportedOperatorException if it uses an element type or structure that is not implemented
     * @throws GraphException if the graph in it contradicts itself
     */
    public static Graph load(Path file) {
        return OnnxReader.read(file);
    }

    /**
     * Writes an ONNX model beside the path and renames it into place. Quantized graphs are written as they are: with
     * QuantizeLinear and DequantizeLinear nodes, for every runtime to read.
     *
     * @throws UnsupportedOperatorException if the graph holds operators that only our own passes make
     */
    public void save(Path file) {
        OnnxWriter.write(this, file);
    }

    /**
     * Starts an empty graph.
     *
     * @param opset the version of ONNX's own operators
     */
    public static GraphBuilder builder(String name, int opset) {
        return new GraphBuilder(name).opset("", opset);
    }

    /** Starts a graph from this one's parts. */
    public GraphBuilder toBuilder() {
        return new GraphBuilder(this);
    }

    /** Returns the graph's name. */
    public String name() {
        return name;
    }

    /** Returns the version of ONNX's own operators. */
    public int opset() {
        return opsets.getOrDefault("", 1);
    }

    /** Returns the version of each domain's operators; ONNX's own domain is the empty name. */
    public Map<String, Integer> opsets() {
        return opsets;
    }

    /** Returns the version of the operators of a node's domain. */
    public int opset(Node node) {
        return opsets.getOrDefault(node.domain(), 1);
    }

    /** Returns the inputs, initializers left out. */
    public List<ValueInfo> inputs() {
        return inputs;
    }

    /** Returns the outputs. */
    public List<ValueInfo> outputs() {
        return outputs;
    }

    /** Returns the nodes, each after the ones that define its inputs. */
    public List<Node> nodes() {
        return nodes;
    }

    /** Returns the constants by name. */
    public Map<String, Tensor> initializers() {
        return initializers;
    }

    /** Returns one constant. */
    public Optional<Tensor> initializer(String value) {
        return Optional.ofNullable(initializers.get(value));
    }

    /**
     * Returns how the zeros of weights are arranged, by the name of the constant: the orders that products with those
     * weights follow when the graph is prepared. In an ONNX file these are entries of the model's metadata_props, key
     * {@code tersor.sparsity.NAME}, value {@link SparseFormat#label()}.
     *
     * <p>A format is about the matrix of weights [outputs, inputs] that a product sees, however the constant stores it:
     * of a convolution [oc, (kh, kw, ic / groups)]. It stands for the zeros that are there; elements that are not zero
     * count whatever it says. Entries for values that the graph does not have are dropped.
     */
    public Map<String, SparseFormat> sparsity() {
        return Collections.unmodifiableMap(sparsity);
    }

    /** Returns the model's metadata, without {@link #sparsity()}. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** Returns the node that defines a value; empty for inputs and initializers. */
    public Optional<Node> producer(String value) {
        return Optional.ofNullable(producers.get(value));
    }

    /** Returns the nodes that use a value, each once, in the order of {@link #nodes()}. */
    public List<Node> consumers(String value) {
        return Collections.unmodifiableList(consumers.getOrDefault(value, List.of()));
    }

    /** Returns whether a value is one of the outputs. */
    public boolean isOutput(String value) {
        return outputs.stream().anyMatch(output -> output.name().equals(value));
    }

    /** Returns the names of all values: inputs, initializers, then the nodes' outputs. */
    public Collection<String> values() {
        List<String> all = new ArrayList<>();
        inputs.forEach(input -> all.add(input.name()));
        all.addAll(initializers.keySet());
        for (Node node : nodes) {
            node.outputs().stream().filter(output -> !output.isEmpty()).forEach(all::add);
        }
        return all;
    }

    @Override
    public String toString() {
        return name + ": " + nodes.size() + " nodes, opset " + opset() + ", inputs " + inputs + ", outputs " + outputs;
    }
}
