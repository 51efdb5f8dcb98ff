package io.tersor.model.flow;

import io.tersor.TersorException;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.StepInfo;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.model.contrib.RankUnknownException;
import io.tersor.model.exec.Engine;
import io.tersor.model.exec.Values;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Nodes from tensors to tensors, which an {@link Engine} runs. The types of inputs that come out of branches and loops
 * are known only when it runs: there is an engine for each combination of types and ranks that came.
 */
final class Segment implements Unit {
    private static final System.Logger LOGGER = System.getLogger("io.tersor");
    // Ranks that change without end would otherwise fill the memory with engines.
    private static final int MAX_ENGINES = 16;

    private final Graph graph;
    private final Preparation preparation;
    private final List<String> inputs;
    private final List<String> outputs;
    private final Map<List<Key>, Engine> engines = new LinkedHashMap<>();
    private boolean closed;

    private record Key(DataType type, int rank) {
        private static Key of(ValueInfo info) {
            return new Key(info.type(), info.dims().map(List::size).orElse(-1));
        }
    }

    Segment(Graph graph, Preparation preparation) {
        this.graph = graph;
        this.preparation = preparation;
        this.inputs = graph.inputs().stream().map(ValueInfo::name).toList();
        this.outputs = graph.outputs().stream().map(ValueInfo::name).toList();
    }

    /** Prepares if the inputs' types are known; checks the operators in any case. */
    @Override
    public void warmUp() {
        if (isTyped()) {
            engine(graph.inputs().stream().map(Key::of).toList()).warmUp();
        } else {
            try {
                Engine.checkOperators(preparation.part().apply(graph));
            } catch (RankUnknownException e) {
                LOGGER.log(System.Logger.Level.DEBUG, "{0}: prepared when it runs: {1}", graph.name(), e.getMessage());
            }
        }
    }

    /** Prepares if the inputs' types are known and the shapes of all of them given. */
    @Override
    public void warmUp(Map<String, Shape> shapes) {
        if (isTyped() && shapes.keySet().containsAll(inputs)) {
            engine(graph.inputs().stream().map(Key::of).toList()).steps(shapes);
        }
    }

    private boolean isTyped() {
        return graph.inputs().stream().allMatch(info -> info.isTensor() && info.dims().isPresent());
    }

    @Override
    public List<String> inputs() {
        return inputs;
    }

    @Override
    public List<String> outputs() {
        return outputs;
    }

    @Override
    public Value[] run(Value[] values, Session session) {
        Map<String, Tensor> tensors = new HashMap<>();
        Key[] keys = new Key[values.length];
        for (int i = 0; i < values.length; i++) {
            Tensor tensor = Values.tensor("value " + inputs.get(i), values[i]);
            tensors.put(inputs.get(i), tensor);
            keys[i] = new Key(tensor.type(), tensor.shape().rank());
        }
        Map<String, Tensor> results = run(engine(List.of(keys)), tensors, session);
        Value[] made = new Value[outputs.size()];
        for (int i = 0; i < made.length; i++) {
            made[i] = Value.of(results.get(outputs.get(i)));
        }
        return made;
    }

    private static Map<String, Tensor> run(Engine engine, Map<String, Tensor> tensors, Session session) {
        if (session.observer().isPresent()) {
            return engine.observe(tensors, types -> allocate(types, session), session.observer().get());
        }
        if (session.times().isEmpty()) {
            return engine.run(tensors, types -> allocate(types, session));
        }
        Map<String, Tensor> results = new HashMap<>();
        engine.profile(tensors, types -> {
            results.putAll(allocate(types, session));
            return results;
        }).forEach(step -> session.times().get().add(step.step(), step.nanos()));
        return results;
    }

    private static Map<String, Tensor> allocate(Map<String, TensorType> types, Session session) {
        Map<String, Tensor> tensors = new HashMap<>();
        types.forEach((name, type) -> tensors.put(name, session.memory().allocate(type.type(), type.shape())));
        return tensors;
    }

    private Engine engine(List<Key> keys) {
        synchronized (engines) {
            if (closed) {
                throw new IllegalStateException("Already closed: network " + graph.name());
            }
            Engine engine = engines.get(keys);
            if (engine == null) {
                if (engines.size() == MAX_ENGINES) {
                    throw new TersorException("graph " + graph.name() + ": more than " + MAX_ENGINES
                            + " combinations of types and ranks of the values " + inputs);
                }
                engine = new Engine(preparation.part().apply(typed(keys)), preparation.options());
                engines.put(keys, engine);
            }
            return engine;
        }
    }

    private Graph typed(List<Key> keys) {
        GraphBuilder builder = graph.toBuilder();
        for (int i = 0; i < keys.size(); i++) {
            ValueInfo info = graph.inputs().get(i);
            Key key = keys.get(i);
            if (!info.isTensor() || !Key.of(info).equals(key)) {
                builder.replace(new ValueInfo(info.name(), key.type(),
                        Optional.of(Collections.nCopies(key.rank(), Dim.UNKNOWN))));
            }
        }
        return builder.build();
    }

    @Override
    public List<StepInfo> steps() {
        synchronized (engines) {
            return engines.values().stream().filter(Engine::planned).flatMap(engine -> engine.steps().stream())
                    .toList();
        }
    }

    @Override
    public long activationBytes() {
        synchronized (engines) {
            return engines.values().stream().filter(Engine::planned).mapToLong(Engine::activationBytes).max()
                    .orElse(0);
        }
    }

    @Override
    public void close() {
        synchronized (engines) {
            closed = true;
            engines.values().forEach(Engine::close);
        }
    }
}
