package io.tersor.model.exec;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.KernelRegistry;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.StepTime;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.model.ValueObserver;
import io.tersor.model.ops.Operators;
import io.tersor.model.ops.TensorType;
import io.tersor.model.ops.ValueUnknownException;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/** Runs a graph: keeps a few plans, one for each combination of input shapes, and the kernels that they share. */
public final class Engine implements Execution {
    private static final System.Logger LOGGER = System.getLogger("io.tersor");
    private static final int MAX_PLANS = 8;

    private final Graph graph;
    private final Kernels kernels;
    private final Thread stranger = Thread.ofPlatform().unstarted(() -> { });
    private final boolean manyThreads;
    // Runs hold the read lock, so that closing and dropping plans wait for nobody and free nothing in use.
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final List<Plan> plans = new ArrayList<>();
    private final List<Plan> retired = new ArrayList<>();
    private boolean closed;

    /**
     * @param graph what to run, as the passes left it
     * @throws UnsupportedOperatorException if an operator is not implemented
     */
    public Engine(Graph graph, NetworkOptions options) {
        this(graph, options, KernelRegistry.standard());
    }

    /** @param registry where the kernels come from */
    Engine(Graph graph, NetworkOptions options, KernelRegistry registry) {
        this.graph = graph;
        this.kernels = new Kernels(graph, options, registry);
        this.manyThreads = options.parallelism().threads() > 1;
        checkOperators(graph);
    }

    /**
     * Checks that there is an implementation of every operator.
     *
     * @throws UnsupportedOperatorException if there is none
     */
    public static void checkOperators(Graph graph) {
        for (Node node : graph.nodes()) {
            if (Operators.find(node).isEmpty()) {
                throw new UnsupportedOperatorException(node, graph.opset(node), "not implemented");
            }
        }
    }

    @Override
    public void warmUp() {
        Map<String, Shape> shapes = new HashMap<>();
        boolean open = false;
        for (ValueInfo input : graph.inputs()) {
            if (input.dims().isEmpty()) {
                return;
            }
            long[] extents = new long[input.dims().get().size()];
            for (int axis = 0; axis < extents.length; axis++) {
                boolean known = input.dims().get().get(axis) instanceof Dim.Known;
                extents[axis] = input.dims().get().get(axis) instanceof Dim.Known(long extent) ? extent : 1;
                open |= !known;
            }
            shapes.put(input.name(), Shape.of(extents));
        }
        try {
            plan(shapes);
        } catch (ValueUnknownException e) {
            LOGGER.log(System.Logger.Level.DEBUG, "{0}: prepared at the first run: {1}", graph.name(), e.getMessage());
        } catch (UnsupportedOperatorException | UnsupportedKernelException e) {
            throw e;
        } catch (TersorException e) {
            if (!open) {
                throw e;
            }
            LOGGER.log(System.Logger.Level.DEBUG, "{0}: prepared at the first run: {1}", graph.name(), e.getMessage());
        }
    }

    /** Returns the plan for inputs of the given shapes whose elements do not matter. */
    Plan plan(Map<String, Shape> shapes) {
        Map<String, TensorType> types = new LinkedHashMap<>();
        for (ValueInfo input : graph.inputs()) {
            Shape shape = shapes.get(input.name());
            if (shape == null || !input.accepts(shape)) {
                throw new OperandException("input " + input.name(), input.describe(),
                        Optional.ofNullable(shape).map(Shape::toString).orElse("none"));
            }
            types.put(input.name(), new TensorType(input.type(), shape));
        }
        synchronized (plans) {
            checkOpen();
            Plan plan = new Lowering(graph, types, Map.of(), kernels, false).plan();
            keep(plan);
            return plan;
        }
    }

    @Override
    public List<StepInfo> steps() {
        return latest().steps();
    }

    @Override
    public List<StepInfo> steps(Map<String, Shape> shapes) {
        return plan(shapes).steps();
    }

    @Override
    public long activationBytes() {
        return latest().activationBytes();
    }

    /** Returns whether there is a plan yet. */
    public boolean planned() {
        synchronized (plans) {
            return !plans.isEmpty();
        }
    }

    Plan latest() {
        synchronized (plans) {
            checkOpen();
            if (plans.isEmpty()) {
                throw new IllegalStateException("nothing has run yet, and the inputs' shapes are open");
            }
            return plans.getFirst();
        }
    }

    private Plan planFor(Map<String, Tensor> inputs, boolean observing) {
        synchronized (plans) {
            checkOpen();
            for (int i = 0; i < plans.size(); i++) {
                Plan plan = plans.get(i);
                if (plan.serves(inputs) && plan.observed().isEmpty() != observing) {
                    plans.remove(i);
                    plans.addFirst(plan);
                    return plan;
                }
            }
            Map<String, TensorType> types = new LinkedHashMap<>();
            graph.inputs().forEach(input -> types.put(input.name(),
                    new TensorType(input.type(), inputs.get(input.name()).shape())));
            Plan plan = new Lowering(graph, types, inputs, kernels, observing).plan();
            keep(plan);
            return plan;
        }
    }

    /** Keeps a plan; the least recently used one beyond the limit is freed as soon as nothing runs. */
    private void keep(Plan plan) {
        plans.addFirst(plan);
        while (plans.size() > MAX_PLANS) {
            retired.add(plans.removeLast());
        }
    }

    private void freeRetired() {
        if (!retired.isEmpty() && lock.writeLock().tryLock()) {
            try {
                synchronized (plans) {
                    retired.forEach(Plan::close);
                    retired.clear();
                }
            } finally {
                lock.writeLock().unlock();
            }
        }
    }

    private interface Use<T> {
        T apply(Plan plan, Frame frame, Map<String, Tensor> outputs);
    }

    /** Runs into the tensors that {@code results} gives for the outputs' types, and returns them. */
    public Map<String, Tensor> run(Map<String, Tensor> inputs,
            Function<Map<String, TensorType>, Map<String, Tensor>> results) {
        return use(inputs, results, false, (_, frame, outputs) -> {
            frame.run();
            return outputs;
        });
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> inputs, Arena arena) {
        return run(inputs, types -> allocate(types, arena));
    }

    @Override
    public void run(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
        run(inputs, types -> checked(types, outputs));
    }

    @Override
    public Map<String, Value> evaluate(Map<String, Value> inputs, Arena arena) {
        return Values.of(run(Values.tensors(inputs), arena));
    }

    @Override
    public List<StepTime> profile(Map<String, Tensor> inputs) {
        try (Arena arena = Arena.ofShared()) {
            return profile(inputs, types -> allocate(types, arena));
        }
    }

    /** Runs into the tensors that {@code results} gives, and returns the time of each step. */
    public List<StepTime> profile(Map<String, Tensor> inputs,
            Function<Map<String, TensorType>, Map<String, Tensor>> results) {
        return use(inputs, results, false, (_, frame, _) -> frame.profile());
    }

    @Override
    public void observe(Map<String, Tensor> inputs, ValueObserver observer) {
        try (Arena arena = Arena.ofShared()) {
            observe(inputs, types -> allocate(types, arena), observer);
        }
    }

    /** Runs into the tensors that {@code results} gives, shows every value to the observer, and returns the outputs. */
    public Map<String, Tensor> observe(Map<String, Tensor> inputs,
            Function<Map<String, TensorType>, Map<String, Tensor>> results, ValueObserver observer) {
        return use(inputs, results, true, (_, frame, outputs) -> {
            frame.run();
            frame.show(observer);
            return outputs;
        });
    }

    private static Map<String, Tensor> allocate(Map<String, TensorType> types, Arena arena) {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        types.forEach((name, type) -> outputs.put(name, Tensor.allocate(arena, type.type(), type.shape())));
        return outputs;
    }

    private static Map<String, Tensor> checked(Map<String, TensorType> types, Map<String, Tensor> outputs) {
        types.forEach((name, type) -> Values.checkOutput(name, type, outputs.get(name)));
        Values.checkNames("output", outputs.keySet(), types.keySet());
        return outputs;
    }

    private <T> T use(Map<String, Tensor> inputs, Function<Map<String, TensorType>, Map<String, Tensor>> results,
            boolean observing, Use<T> use) {
        lock.readLock().lock();
        try (Staging staging = new Staging()) {
            Map<String, Tensor> usable = staging.inputs(inputs);
            Plan plan = planFor(usable, observing);
            Map<String, Tensor> outputs = results.apply(plan.outputs());
            Frame frame = plan.borrow();
            try {
                frame.bind(usable, staging.outputs(outputs));
                T result = use.apply(plan, frame, outputs);
                staging.finish();
                return result;
            } finally {
                plan.giveBack(frame);
            }
        } finally {
            lock.readLock().unlock();
            freeRetired();
        }
    }

    /** Copies of tensors that the workers of a pool must not touch, or that are not contiguous. */
    private final class Staging implements AutoCloseable {
        private Optional<Arena> arena = Optional.empty();
        private final Map<Tensor, Tensor> back = new LinkedHashMap<>();

        private Arena arena() {
            if (arena.isEmpty()) {
                arena = Optional.of(Arena.ofShared());
            }
            return arena.get();
        }

        private boolean usable(Tensor tensor) {
            return tensor.isContiguous() && (!manyThreads || tensor.data().isAccessibleBy(stranger));
        }

        private Map<String, Tensor> inputs(Map<String, Tensor> given) {
            if (given.values().stream().allMatch(this::usable)) {
                return given;
            }
            Map<String, Tensor> staged = new HashMap<>();
            given.forEach((name, tensor) -> staged.put(name, usable(tensor) ? tensor : tensor.copy(arena())));
            return staged;
        }

        private Map<String, Tensor> outputs(Map<String, Tensor> given) {
            if (given.values().stream().allMatch(this::usable)) {
                return given;
            }
            Map<String, Tensor> staged = new HashMap<>();
            given.forEach((name, tensor) -> {
                Tensor used = usable(tensor) ? tensor : Tensor.allocate(arena(), tensor.type(), tensor.shape());
                staged.put(name, used);
                if (used != tensor) {
                    back.put(used, tensor);
                }
            });
            return staged;
        }

        private void finish() {
            back.forEach((from, to) -> to.copyFrom(from));
        }

        @Override
        public void close() {
            arena.ifPresent(Arena::close);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("Already closed: network " + graph.name());
        }
    }

    @Override
    public void close() {
        if (!lock.writeLock().tryLock()) {
            throw new IllegalStateException("network " + graph.name() + " is running in another thread");
        }
        try {
            synchronized (plans) {
                checkOpen();
                closed = true;
                plans.forEach(Plan::close);
                retired.forEach(Plan::close);
                kernels.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

}
