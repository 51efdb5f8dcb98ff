package io.tersor.model;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.model.exec.Engine;
import io.tersor.model.exec.Plan;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A network that runs. Weights are packed once; for every combination of input shapes a plan of steps and memory is
 * made at its first run and kept for later ones. Activation memory is pooled: {@code run} allocates nothing but its
 * results.
 *
 * <p>Thread-safe: many threads may run at once and get bit-equal results. Closing while one runs, running after closing
 * and closing twice fail with {@link IllegalStateException}.
 */
public final class PreparedNetwork implements AutoCloseable {
    private final Graph original;
    private final Engine engine;

    PreparedNetwork(Graph original, Graph lowered, NetworkOptions options) {
        this.original = original;
        this.engine = new Engine(lowered, options);
        try {
            engine.warmUp();
        } catch (TersorException e) {
            engine.close();
            throw e;
        }
    }

    /** Returns the inputs. */
    public List<ValueInfo> inputs() {
        return original.inputs();
    }

    /** Returns the outputs. */
    public List<ValueInfo> outputs() {
        return original.outputs();
    }

    /**
     * Runs once and returns the outputs in their order, allocated in the given arena.
     *
     * @param inputs a tensor for every input, of its type and of extents that fit it; copied first unless contiguous
     * @throws OperandException if an input is missing, unknown, or does not fit
     */
    public Map<String, Tensor> run(Map<String, Tensor> inputs, Arena arena) {
        check(inputs);
        return engine.run(inputs, plan -> allocate(plan, arena));
    }

    /**
     * Runs a network of one input and one output.
     *
     * @throws OperandException if it has more
     */
    public Tensor run(Tensor input, Arena arena) {
        OperandException.check(inputs().size() == 1, "inputs", "tensors for " + inputs(), "one tensor");
        OperandException.check(outputs().size() == 1, "outputs", "one output", outputs());
        return run(Map.of(inputs().getFirst().name(), input), arena).values().iterator().next();
    }

    /**
     * Runs once into the caller's tensors.
     *
     * @param outputs a contiguous tensor for every output, of the type and shape that the inputs lead to; must not
     *     overlap the inputs or each other
     * @throws OperandException if a tensor is missing, unknown, or does not fit
     */
    public void run(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
        check(inputs);
        engine.run(inputs, plan -> checked(plan, outputs));
    }

    /** Runs once and returns the time that each step took. */
    public List<StepTime> profile(Map<String, Tensor> inputs) {
        check(inputs);
        try (Arena arena = Arena.ofShared()) {
            return engine.profile(inputs, plan -> allocate(plan, arena));
        }
    }

    /**
     * Returns what runs, step by step, for the shapes of the latest run. Before the first run these are the inputs' own
     * shapes, with 1 for every extent that is left open.
     *
     * @throws IllegalStateException if nothing has run and the open extents cannot be 1
     */
    public List<StepInfo> kernels() {
        return engine.latest().steps();
    }

    /** Returns what runs, step by step, for inputs of the given shapes, and prepares it. */
    public List<StepInfo> kernels(Map<String, Shape> shapes) {
        return engine.plan(shapes).steps();
    }

    /** Returns the bytes of activation memory that one run uses, inputs and outputs not counted. */
    public long activationBytes() {
        return engine.latest().activationBytes();
    }

    void observe(Map<String, Tensor> inputs, ValueObserver observer) {
        check(inputs);
        try (Arena arena = Arena.ofShared()) {
            engine.observe(inputs, plan -> allocate(plan, arena), observer);
        }
    }

    private void check(Map<String, Tensor> inputs) {
        for (ValueInfo info : original.inputs()) {
            Tensor tensor = inputs.get(info.name());
            if (tensor == null) {
                throw new OperandException("input " + info.name(), info.describe(), "none");
            }
            if (tensor.type() != info.type() || !info.accepts(tensor.shape())) {
                throw new OperandException("input " + info.name(), info.describe(), tensor);
            }
        }
        if (inputs.size() > original.inputs().size()) {
            List<String> known = original.inputs().stream().map(ValueInfo::name).toList();
            inputs.keySet().forEach(name -> OperandException.check(known.contains(name), "input " + name,
                    "one of " + known, "an unknown name"));
        }
        checkSymbols(inputs);
    }

    private void checkSymbols(Map<String, Tensor> inputs) {
        Map<String, Long> symbols = new LinkedHashMap<>();
        for (ValueInfo info : original.inputs()) {
            List<Dim> dims = info.dims().orElse(List.of());
            for (int axis = 0; axis < dims.size(); axis++) {
                if (dims.get(axis) instanceof Dim.Symbol(String name)) {
                    long extent = inputs.get(info.name()).shape().dim(axis);
                    Long other = symbols.putIfAbsent(name, extent);
                    OperandException.check(other == null || other == extent, "input " + info.name(),
                            info.describe() + " with " + name + " = " + other, inputs.get(info.name()));
                }
            }
        }
    }

    private Map<String, Tensor> allocate(Plan plan, Arena arena) {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        plan.outputs().forEach((name, type) -> outputs.put(name, Tensor.allocate(arena, type.type(), type.shape())));
        return outputs;
    }

    private Map<String, Tensor> checked(Plan plan, Map<String, Tensor> outputs) {
        List<String> names = new ArrayList<>();
        plan.outputs().forEach((name, type) -> {
            names.add(name);
            Tensor tensor = outputs.get(name);
            if (tensor == null || tensor.type() != type.type() || !tensor.shape().equals(type.shape())
                    || !tensor.isContiguous()) {
                throw new OperandException("output " + name, type + ", contiguous", tensor == null ? "none" : tensor);
            }
        });
        outputs.keySet().forEach(name -> OperandException.check(names.contains(name), "output " + name,
                "one of " + names, "an unknown name"));
        return outputs;
    }

    /** Frees kernels and activation memory. */
    @Override
    public void close() {
        engine.close();
    }
}
