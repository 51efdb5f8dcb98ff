package io.tersor.model.flow;

import io.tersor.model.Graph;
import io.tersor.model.StepInfo;
import io.tersor.model.StepTime;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.model.ValueObserver;
import io.tersor.model.exec.Execution;
import io.tersor.model.exec.MemoryLimit;
import io.tersor.model.exec.Values;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/** A whole network that is a program: each run has a workspace of its own. */
public final class ProgramExecution implements Execution {
    private final Graph graph;
    private final Program program;
    private final boolean shared;
    private final List<TensorType> constants = new ArrayList<>();
    // Runs hold the read lock, so that closing waits for nobody and frees nothing in use.
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    /**
     * @param graph what to run, as {@link Preparation#whole} leaves it
     * @throws io.tersor.model.UnsupportedOperatorException if an operator is not implemented
     */
    public ProgramExecution(Graph graph, Preparation preparation) {
        this.graph = graph;
        this.program = new Program(graph, preparation);
        this.shared = preparation.options().parallelism().threads() > 1;
        addConstants(graph);
    }

    private void addConstants(Graph one) {
        one.initializers().values().forEach(tensor -> constants.add(new TensorType(tensor.type(), tensor.shape())));
        one.nodes().forEach(node ->
                node.attributes().bodies().values().forEach(body -> addConstants(body.graph())));
    }

    @Override
    public void warmUp() {
        program.warmUp();
    }

    private <T> T use(Map<String, Value> inputs, Optional<Session.Times> times, Optional<ValueObserver> observer,
            Function<Value[], T> use) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("Already closed: network " + graph.name());
            }
            Value[] values = graph.inputs().stream().map(info -> inputs.get(info.name())).toArray(Value[]::new);
            try (Workspace workspace = new Workspace(shared, limit(values))) {
                return use.apply(program.run(values, new Session(workspace, times, observer)));
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    private long limit(Value[] inputs) {
        List<TensorType> given = new ArrayList<>(constants);
        for (Value input : inputs) {
            addTypes(input, given);
        }
        return MemoryLimit.bytes(given);
    }

    private static void addTypes(Value value, List<TensorType> into) {
        switch (value) {
            case Value.TensorValue(Tensor tensor) -> into.add(new TensorType(tensor.type(), tensor.shape()));
            case Value.SequenceValue(DataType _, var tensors) ->
                    tensors.forEach(tensor -> into.add(new TensorType(tensor.type(), tensor.shape())));
            case Value.OptionalValue(var inner) -> inner.ifPresent(some -> addTypes(some, into));
        }
    }

    @Override
    public Map<String, Value> evaluate(Map<String, Value> inputs, Arena arena) {
        return use(inputs, Optional.empty(), Optional.empty(), results -> {
            Map<String, Value> outputs = new LinkedHashMap<>();
            for (int i = 0; i < results.length; i++) {
                ValueInfo info = graph.outputs().get(i);
                Values.check("output " + info.name(), info, results[i]);
                outputs.put(info.name(), copy(results[i], arena));
            }
            return outputs;
        });
    }

    private static Value copy(Value value, Arena arena) {
        return switch (value) {
            case Value.TensorValue(Tensor tensor) -> Value.of(tensor.copy(arena));
            case Value.SequenceValue(DataType type, var tensors) ->
                    Value.of(type, tensors.stream().map(tensor -> tensor.copy(arena)).toList());
            case Value.OptionalValue(var inner) ->
                    new Value.OptionalValue(inner.map(some -> copy(some, arena)));
        };
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> inputs, Arena arena) {
        return use(Values.of(inputs), Optional.empty(), Optional.empty(), results -> {
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            tensors(results).forEach((name, tensor) -> outputs.put(name, tensor.copy(arena)));
            return outputs;
        });
    }

    @Override
    public void run(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
        use(Values.of(inputs), Optional.empty(), Optional.empty(), results -> {
            Map<String, Tensor> tensors = tensors(results);
            tensors.forEach((name, tensor) ->
                    Values.checkOutput(name, new TensorType(tensor.type(), tensor.shape()), outputs.get(name)));
            Values.checkNames("output", outputs.keySet(), tensors.keySet());
            tensors.forEach((name, tensor) -> outputs.get(name).copyFrom(tensor));
            return outputs;
        });
    }

    private Map<String, Tensor> tensors(Value[] results) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (int i = 0; i < results.length; i++) {
            String name = graph.outputs().get(i).name();
            tensors.put(name, Values.tensor("output " + name, results[i]));
        }
        return tensors;
    }

    @Override
    public List<StepTime> profile(Map<String, Tensor> inputs) {
        Session.Times times = new Session.Times();
        return use(Values.of(inputs), Optional.of(times), Optional.empty(), _ -> times.list());
    }

    @Override
    public void observe(Map<String, Tensor> inputs, ValueObserver observer) {
        use(Values.of(inputs), Optional.empty(), Optional.of(observer), results -> results);
    }

    @Override
    public List<StepInfo> steps() {
        List<StepInfo> steps = program.steps();
        if (steps.isEmpty()) {
            throw new IllegalStateException("nothing has run yet");
        }
        return steps;
    }

    @Override
    public List<StepInfo> steps(Map<String, Shape> shapes) {
        program.warmUp(shapes);
        return program.steps();
    }

    /** {@inheritDoc} That of the engines, of which one runs at a time, and not that of the values between them. */
    @Override
    public long activationBytes() {
        return program.activationBytes();
    }

    @Override
    public void close() {
        if (!lock.writeLock().tryLock()) {
            throw new IllegalStateException("network " + graph.name() + " is running in another thread");
        }
        try {
            if (closed) {
                throw new IllegalStateException("Already closed: network " + graph.name());
            }
            closed = true;
            program.close();
        } finally {
            lock.writeLock().unlock();
        }
    }
}
