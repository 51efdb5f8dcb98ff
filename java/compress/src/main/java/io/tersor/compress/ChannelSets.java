package io.tersor.compress;

import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.TypeInference;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The sets of channels of a network that can only be taken away together: which values carry them, and which constants
 * have an axis that counts them.
 */
final class ChannelSets {
    private static final Set<String> FUNCTIONS = Set.of("Relu", "Clip", "LeakyRelu", "Elu", "Selu", "Celu", "Sigmoid",
            "HardSigmoid", "HardSwish", "Tanh", "Gelu", "Erf", "Softplus", "Softsign", "Mish", "Swish", "Neg", "Abs",
            "Exp", "Sqrt", "Identity", "Dropout");
    private static final Set<String> POOLS = Set.of("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool");
    private static final Set<String> BINARY = Set.of("Add", "Sub", "Mul", "Div");

    /**
     * Where a value carries a set.
     *
     * @param axis the value's axis that counts the channels
     * @param factor the neighbouring positions of that axis that belong to one channel
     */
    record Place(int set, int axis, long factor) {}

    /** A constant input of a node of which an axis counts the channels of a set, {@code factor} positions each. */
    record Use(Node node, int input, int axis, int set, long factor) {}

    /** A node that names the number of channels: a depthwise convolution's group, a Reshape's second extent. */
    record Count(Node node, int set, long factor) {}

    private final Graph graph;
    private final Map<String, ValueInfo> types;
    private final Map<String, Place> places = new HashMap<>();
    private final List<Integer> parents = new ArrayList<>();
    private final List<Integer> sizes = new ArrayList<>();
    private final List<Boolean> fixed = new ArrayList<>();
    private final List<Use> uses = new ArrayList<>();
    private final List<Use> producers = new ArrayList<>();
    private final List<Count> counts = new ArrayList<>();

    private ChannelSets(Graph graph) {
        this.graph = graph;
        this.types = TypeInference.infer(graph);
    }

    /** @param kept the names of products whose channels stay */
    static ChannelSets of(Graph graph, Set<String> kept) {
        ChannelSets sets = new ChannelSets(graph);
        for (Node node : graph.nodes()) {
            if (!sets.visit(node)) {
                node.inputs().forEach(sets::fix);
            }
            if (kept.contains(node.name())) {
                node.outputs().forEach(sets::fix);
            }
        }
        graph.outputs().forEach(output -> sets.fix(output.name()));
        return sets;
    }

    /** Returns the sets that may lose channels, each with its number of channels. */
    Map<Integer, Integer> free() {
        Map<Integer, Integer> free = new LinkedHashMap<>();
        for (int set = 0; set < parents.size(); set++) {
            if (root(set) == set && !fixed.get(set)) {
                free.put(set, sizes.get(set));
            }
        }
        return free;
    }

    /** Returns the weights that make the channels of sets, bias not among them. */
    List<Use> producers() {
        return producers;
    }

    /** Returns all constants with an axis of channels. */
    List<Use> uses() {
        return uses;
    }

    /** Returns the nodes that name a number of channels. */
    List<Count> counts() {
        return counts;
    }

    /** Returns the number that stands for all sets tied to this one. */
    int root(int set) {
        return parents.get(set) == set ? set : root(parents.get(set));
    }

    private void fix(String value) {
        Optional.ofNullable(places.get(value)).ifPresent(place -> fixed.set(root(place.set), true));
    }

    /** Notes what a node does to channels and returns true, or does nothing and returns false if that is not known. */
    private boolean visit(Node node) {
        String type = node.domain().isEmpty() && node.outputs().stream().filter(name -> !name.isEmpty()).count() == 1
                ? node.opType() : "";
        boolean constant = node.inputs().stream().skip(1).allMatch(name -> name.isEmpty() || isConstant(name));
        Optional<Place> from = node.input(0).map(places::get);
        if (type.equals("Conv") || type.equals("Gemm") || type.equals("MatMul")) {
            return constant && product(node, from);
        }
        if (BINARY.contains(type)) {
            return binary(node);
        }
        if (from.isEmpty() || !constant) {
            return false;
        }
        Place place = from.get();
        boolean known = FUNCTIONS.contains(type) || POOLS.contains(type) && place.axis == 1 && place.factor == 1;
        return known ? carry(node, place) : switch (type) {
            case "BatchNormalization" -> normalization(node, place);
            case "Flatten" -> node.attributes().integer("axis", 1) == 1 && flatten(node, place).isPresent();
            case "Reshape" -> reshape(node, place);
            default -> false;
        };
    }

    private boolean carry(Node node, Place place) {
        places.put(node.output(), place);
        return true;
    }

    private boolean product(Node node, Optional<Place> from) {
        Optional<WeightLayer> layer = WeightLayer.of(graph, node).filter(found ->
                found.values().type() == DataType.F32 && found.weights().equals(node.inputs().get(1)));
        Optional<Integer> rank = rank(node.output());
        Optional<Tensor> bias = node.input(2).flatMap(graph::initializer);
        if (layer.isEmpty() || rank.isEmpty() || isConstant(node.inputs().getFirst())) {
            return false;
        }
        WeightLayer weights = layer.get();
        int axis = node.is("Conv") ? 1 : rank.get() - 1;
        boolean fits = bias.isEmpty() || isRow(bias.get(), weights.outputs());
        boolean reads = from.isEmpty() || from.get().axis == axis && node.attributes().integer("transA", 0) == 0
                && (!node.is("Conv") || from.get().factor == 1);
        if (!fits || !reads) {
            return false;
        }
        int[] axes = weights.axes();
        boolean depthwise = weights.isDepthwise() && weights.outputs() == weights.groups();
        if (depthwise && from.isPresent()) {
            int set = from.get().set;
            counts.add(new Count(node, set, 1));
            makes(node, bias, axes[0], set);
            return carry(node, from.get());
        }
        if (weights.groups() != 1) {
            return false;
        }
        from.ifPresent(place -> uses.add(new Use(node, 1, axes[axes.length - 1], place.set, place.factor)));
        int set = add(weights.outputs());
        makes(node, bias, axes[0], set);
        return carry(node, new Place(set, axis, 1));
    }

    /** Whether a bias is one number for each output, or one for all. */
    private static boolean isRow(Tensor bias, int outputs) {
        long elements = bias.shape().elements();
        return elements == 1 || elements == outputs && bias.shape().dim(-1) == outputs;
    }

    private void makes(Node node, Optional<Tensor> bias, int axis, int set) {
        Use use = new Use(node, 1, axis, set, 1);
        uses.add(use);
        producers.add(use);
        bias.filter(tensor -> tensor.shape().elements() > 1)
                .ifPresent(tensor -> uses.add(new Use(node, 2, tensor.shape().rank() - 1, set, 1)));
    }

    private boolean binary(Node node) {
        Optional<Place> left = node.input(0).map(places::get);
        Optional<Place> right = node.input(1).map(places::get);
        Optional<Integer> rank = rank(node.output());
        if (rank.isEmpty() || left.isEmpty() && right.isEmpty()) {
            return false;
        }
        if (left.isPresent() && right.isPresent()) {
            Place a = left.get();
            Place b = right.get();
            boolean alike = a.axis == b.axis && a.factor == b.factor && size(a.set) == size(b.set)
                    && rank(node.inputs().get(0)).equals(rank) && rank(node.inputs().get(1)).equals(rank);
            if (alike) {
                tie(a.set, b.set);
            }
            return alike && carry(node, a);
        }
        int other = left.isPresent() ? 1 : 0;
        Place place = left.or(() -> right).orElseThrow();
        String name = node.inputs().get(other);
        Optional<List<Dim>> dims = Optional.ofNullable(types.get(name)).flatMap(ValueInfo::dims);
        if (dims.isEmpty() || !rank(node.inputs().get(1 - other)).equals(rank)) {
            return false;
        }
        int axis = place.axis - (rank.get() - dims.get().size());
        boolean spread = axis < 0 || dims.get().get(axis).equals(Dim.of(1));
        if (!spread && !isConstant(name)) {
            return false;
        }
        if (!spread) {
            uses.add(new Use(node, other, axis, place.set, place.factor));
        }
        return carry(node, place);
    }

    private boolean normalization(Node node, Place place) {
        boolean fits = place.axis == 1 && place.factor == 1 && node.inputs().size() == 5;
        for (int input = 1; fits && input < 5; input++) {
            uses.add(new Use(node, input, 0, place.set, 1));
        }
        return fits && carry(node, place);
    }

    private Optional<Place> flatten(Node node, Place place) {
        Optional<List<Dim>> dims = Optional.ofNullable(types.get(node.inputs().getFirst())).flatMap(ValueInfo::dims);
        if (place.axis != 1 || dims.isEmpty()) {
            return Optional.empty();
        }
        long factor = place.factor;
        for (Dim dim : dims.get().subList(2, dims.get().size())) {
            if (!(dim instanceof Dim.Known(long extent))) {
                return Optional.empty();
            }
            factor *= extent;
        }
        Place flat = new Place(place.set, 1, factor);
        places.put(node.output(), flat);
        return Optional.of(flat);
    }

    /** A Reshape that does what Flatten does. */
    private boolean reshape(Node node, Place place) {
        long[] shape = graph.initializer(node.inputs().get(1)).orElseThrow().toLongs();
        Optional<Dim> batch = Optional.ofNullable(types.get(node.inputs().getFirst())).flatMap(ValueInfo::dims)
                .filter(dims -> !dims.isEmpty()).map(List::getFirst);
        if (shape.length != 2 || node.attributes().integer("allowzero", 0) != 0 || shape[1] == 0) {
            return false;
        }
        boolean sameBatch = shape[0] == 0 || batch.equals(Optional.of(Dim.of(Math.max(0, shape[0]))))
                || shape[0] == -1 && shape[1] > 0;
        Optional<Place> flat = sameBatch ? flatten(node, place) : Optional.empty();
        if (flat.isPresent() && shape[1] > 0 && shape[1] != flat.get().factor * size(place.set)) {
            places.remove(node.output());
            return false;
        }
        flat.filter(_ -> shape[1] > 0).ifPresent(found -> counts.add(new Count(node, found.set, found.factor)));
        return flat.isPresent();
    }

    private int add(int size) {
        parents.add(parents.size());
        sizes.add(size);
        fixed.add(false);
        return parents.size() - 1;
    }

    private int size(int set) {
        return sizes.get(root(set));
    }

    private void tie(int a, int b) {
        int from = root(b);
        int to = root(a);
        fixed.set(to, fixed.get(to) || fixed.get(from));
        parents.set(from, to);
    }

    private boolean isConstant(String value) {
        return graph.initializer(value).isPresent();
    }

    private Optional<Integer> rank(String value) {
        return Optional.ofNullable(types.get(value)).flatMap(ValueInfo::dims).map(List::size);
    }
}
