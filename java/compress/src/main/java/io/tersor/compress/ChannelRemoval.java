package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Chooses the channels that go and makes every constant that counts them smaller. */
final class ChannelRemoval {
    private final Graph graph;
    private final ChannelSets sets;
    private final Map<Integer, int[]> stay = new HashMap<>();
    // The graph keeps its constants' memory alive, so their arena must be the collector's to close.
    private final Arena arena = Arena.ofAuto();
    private int count;

    ChannelRemoval(Graph graph, ChannelSets sets, double share) {
        this.graph = graph;
        this.sets = sets;
        Map<Integer, double[]> norms = norms();
        sets.free().forEach((set, size) -> {
            int removed = Math.min((int) (share * size), size - 1);
            double[] norm = norms.get(set);
            int[] order = IntStream.range(0, size).boxed().sorted(Comparator.comparingDouble(c -> norm[c]))
                    .mapToInt(Integer::intValue).toArray();
            stay.put(set, IntStream.of(order).skip(removed).sorted().toArray());
            count += removed;
        });
    }

    /** Returns the number of channels that go. */
    int count() {
        return count;
    }

    /** Returns the mean squares of the weights that make each channel, summed over the products that are tied. */
    private Map<Integer, double[]> norms() {
        Map<Integer, double[]> norms = new HashMap<>();
        for (ChannelSets.Use use : sets.producers()) {
            WeightLayer layer = WeightLayer.of(graph, use.node()).orElseThrow();
            double[] sums = norms.computeIfAbsent(sets.root(use.set()), _ -> new double[layer.outputs()]);
            float[] elements = layer.elements();
            for (int i = 0; i < elements.length; i++) {
                sums[i / layer.reduction()] += (double) elements[i] * elements[i] / layer.reduction();
            }
        }
        return norms;
    }

    /** Returns the smaller network. */
    Graph apply() {
        GraphBuilder builder = graph.toBuilder();
        Map<String, List<String>> inputs = new LinkedHashMap<>();
        Map<String, Tensor> tensors = new HashMap<>();
        for (ChannelSets.Use use : sets.uses()) {
            int[] channels = stay.get(sets.root(use.set()));
            if (channels != null) {
                String key = use.node().name() + " " + use.input();
                String name = use.node().inputs().get(use.input());
                Tensor before = tensors.containsKey(key) ? tensors.get(key) : graph.initializer(name).orElseThrow();
                tensors.put(key, gather(before, use.axis(), channels, use.factor()));
                inputs.computeIfAbsent(use.node().name(), _ -> new ArrayList<>(use.node().inputs()));
            }
        }
        for (Node node : graph.nodes()) {
            List<String> names = inputs.get(node.name());
            for (int i = 0; names != null && i < names.size(); i++) {
                Tensor smaller = tensors.get(node.name() + " " + i);
                if (smaller != null) {
                    names.set(i, constant(builder, node, i, smaller));
                }
            }
            if (names != null) {
                builder.replace(node.withInputs(names));
            }
        }
        sets.counts().forEach(place -> rename(builder, place));
        UnusedConstants.remove(graph, builder);
        return builder.build();
    }

    /** Adds a constant in place of a node's input: under the same name if nothing else reads that. */
    private String constant(GraphBuilder builder, Node node, int input, Tensor tensor) {
        String name = node.inputs().get(input);
        boolean alone = graph.consumers(name).size() == 1 && !graph.isOutput(name)
                && node.inputs().stream().filter(name::equals).count() == 1;
        if (alone) {
            builder.initializer(name, tensor);
            return name;
        }
        String other = builder.constant(name, tensor);
        builder.sparsityLike(other, name);
        return other;
    }

    private Tensor gather(Tensor from, int axis, int[] channels, long factor) {
        Shape shape = from.shape().with(axis, channels.length * factor);
        Tensor to = Tensor.allocate(arena, from.type(), shape);
        for (int i = 0; i < channels.length; i++) {
            to.slice(axis, i * factor, factor).copyFrom(from.slice(axis, channels[i] * factor, factor));
        }
        return to;
    }

    private void rename(GraphBuilder builder, ChannelSets.Count place) {
        int[] channels = stay.get(sets.root(place.set()));
        if (channels == null) {
            return;
        }
        Node node = builder.nodes().stream().filter(known -> known.name().equals(place.node().name())).findFirst()
                .orElseThrow();
        if (node.is("Conv")) {
            builder.replace(node.withAttributes(node.attributes().with("group", channels.length)));
            return;
        }
        long[] shape = graph.initializer(node.inputs().get(1)).orElseThrow().toLongs();
        shape[1] = channels.length * place.factor();
        List<String> names = new ArrayList<>(node.inputs());
        names.set(1, constant(builder, place.node(), 1, Tensor.ofLongs(arena, Shape.of(2), shape)));
        builder.replace(node.withInputs(names));
    }
}
