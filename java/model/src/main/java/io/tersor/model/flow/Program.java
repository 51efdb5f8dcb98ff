package io.tersor.model.flow;

import io.tersor.model.Graph;
import io.tersor.model.StepInfo;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A graph with branches, loops, sequences or optionals, or the body of one of these, ready to run: parts that run one
 * after the other, and where their values are. Thread-safe, but for closing.
 */
public final class Program implements AutoCloseable {
    private final Graph graph;
    private final List<Unit> units;
    private final int[][] sources;
    private final int[][] targets;
    // For each part the values that nobody reads after it.
    private final int[][] dying;
    private final int[] results;
    // The constants at their places.
    private final Value[] template;
    private final boolean[] made;

    /**
     * @param graph as {@link Preparation#whole} leaves it
     * @throws io.tersor.model.UnsupportedOperatorException if an operator in it or in a body is not implemented
     */
    Program(Graph graph, Preparation preparation) {
        this.graph = graph;
        this.units = new Cut(graph).units(preparation);
        Map<String, Integer> places = new HashMap<>();
        graph.inputs().forEach(input -> places.put(input.name(), places.size()));
        graph.initializers().keySet().forEach(name -> places.put(name, places.size()));
        int given = places.size();
        units.forEach(unit -> unit.outputs().stream().filter(output -> !output.isEmpty())
                .forEach(output -> places.put(output, places.size())));
        this.sources = units.stream().map(unit -> places(places, unit.inputs())).toArray(int[][]::new);
        this.targets = units.stream().map(unit -> places(places, unit.outputs())).toArray(int[][]::new);
        this.results = places(places, graph.outputs().stream().map(ValueInfo::name).toList());
        this.made = new boolean[places.size()];
        Arrays.fill(made, given, made.length, true);
        this.dying = dying();
        this.template = new Value[places.size()];
        graph.initializers().forEach((name, tensor) -> template[places.get(name)] = Value.of(tensor));
    }

    /** Returns whether a graph has something in it that an engine alone does not run. */
    public static boolean isNeeded(Graph graph) {
        return graph.inputs().stream().anyMatch(input -> input.kind() != ValueInfo.Kind.TENSOR)
                || graph.nodes().stream()
                        .anyMatch(node -> !node.is("Identity") && FlowOperators.find(node).isPresent());
    }

    private static int[] places(Map<String, Integer> places, List<String> names) {
        return names.stream().mapToInt(name -> name.isEmpty() ? -1 : places.get(name)).toArray();
    }

    private int[][] dying() {
        int[] last = new int[made.length];
        Arrays.fill(last, -1);
        for (int unit = 0; unit < sources.length; unit++) {
            for (int place : targets[unit]) {
                if (place >= 0) {
                    last[place] = unit;
                }
            }
            for (int place : sources[unit]) {
                if (place >= 0) {
                    last[place] = unit;
                }
            }
        }
        for (int place : results) {
            last[place] = -1;
        }
        int[][] dying = new int[sources.length][];
        for (int unit = 0; unit < dying.length; unit++) {
            List<Integer> places = new ArrayList<>();
            for (int place = 0; place < last.length; place++) {
                if (made[place] && last[place] == unit) {
                    places.add(place);
                }
            }
            dying[unit] = places.stream().mapToInt(Integer::intValue).toArray();
        }
        return dying;
    }

    /** Returns the graph whose inputs and outputs are the program's. */
    Graph graph() {
        return graph;
    }

    /** Prepares what can be without inputs; checks the operators of all bodies. */
    void warmUp() {
        units.forEach(Unit::warmUp);
    }

    /** Prepares what can be for inputs of the given shapes. */
    void warmUp(Map<String, Shape> shapes) {
        units.forEach(unit -> unit.warmUp(shapes));
    }

    /**
     * Runs.
     *
     * @param inputs one for each input of the graph; they stay the caller's
     * @return one for each output, of which the caller gets a reference
     */
    Value[] run(Value[] inputs, Session session) {
        Value[] values = template.clone();
        System.arraycopy(inputs, 0, values, 0, inputs.length);
        for (int unit = 0; unit < sources.length; unit++) {
            Value[] read = new Value[sources[unit].length];
            for (int i = 0; i < read.length; i++) {
                read[i] = sources[unit][i] < 0 ? null : values[sources[unit][i]];
            }
            Value[] written = units.get(unit).run(read, session);
            for (int i = 0; i < written.length; i++) {
                if (targets[unit][i] < 0) {
                    session.memory().release(written[i]);
                } else {
                    values[targets[unit][i]] = written[i];
                }
            }
            for (int place : dying[unit]) {
                session.memory().release(values[place]);
            }
        }
        return results(values, session);
    }

    private Value[] results(Value[] values, Session session) {
        Value[] outputs = new Value[results.length];
        boolean[] taken = new boolean[values.length];
        for (int i = 0; i < outputs.length; i++) {
            int place = results[i];
            // The first output takes the value's own reference over.
            outputs[i] = made[place] && !taken[place] ? values[place] : session.memory().retain(values[place]);
            taken[place] = true;
        }
        return outputs;
    }

    /** Returns what ran, bodies included, as far as it is known yet. */
    List<StepInfo> steps() {
        return units.stream().flatMap(unit -> unit.steps().stream()).toList();
    }

    /** Returns the activation memory of the engines, of which one runs at a time. */
    long activationBytes() {
        return units.stream().mapToLong(Unit::activationBytes).max().orElse(0);
    }

    @Override
    public void close() {
        units.forEach(Unit::close);
    }
}
