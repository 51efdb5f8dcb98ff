package io.tersor.model;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.model.exec.Engine;
import io.tersor.model.exec.Execution;
import io.tersor.model.exec.Values;
import io.tersor.model.flow.Preparation;
import io.tersor.model.flow.Program;
import io.tersor.model.flow.ProgramExecution;
import io.tersor.model.ops.ValueUnknownException;
import io.tersor.model.pass.GraphPass;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
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
    private static final System.Logger LOGGER = System.getLogger("io.tersor");

    private final Graph original;
    private final Execution execution;

    /**
     * @param whole what is done to a graph that has to be cut into parts, and to the bodies in it
     * @param part what is done to each part, or to a graph that need not be cut
     */
    PreparedNetwork(Graph original, GraphPass whole, GraphPass part, NetworkOptions options) {
        this.original = original;
        // Of branches whose sides are known before any run nothing is left.
        Graph graph = Program.isNeeded(original) ? whole.apply(original) : original;
        this.execution = Program.isNeeded(graph) ? new ProgramExecution(graph, new Preparation(whole, part, options))
                : new Engine(part.apply(graph), options);
        try {
            warmUp(options.shapes());
        } catch (TersorException e) {
            execution.close();
            throw e;
        }
    }

    private void warmUp(List<Map<String, Shape>> shapes) {
        if (shapes.isEmpty()) {
            execution.warmUp();
        }
        for (Map<String, Shape> one : shapes) {
            try {
                execution.steps(one);
            } catch (ValueUnknownException e) {
                LOGGER.log(System.Logger.Level.DEBUG, "prepared at the first run: {0}", e.getMessage());
            }
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
     * @throws OperandException if an input is missing, unknown, or does not fit, or an output is not a tensor
     */
    public Map<String, Tensor> run(Map<String, Tensor> inputs, Arena arena) {
        check(inputs);
        return execution.run(inputs, arena);
    }

    /**
     * Runs once a network whose inputs or outputs may be sequences or optionals, and returns the outputs in their order,
     * allocated in the given arena.
     *
     * @param inputs a value for every input, of its kind and type and of extents that fit it
     * @throws OperandException if an input is missing, unknown, or does not fit
     */
    public Map<String, Value> evaluate(Map<String, Value> inputs, Arena arena) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (ValueInfo info : original.inputs()) {
            Value value = inputs.get(info.name());
            if (info.kind() != ValueInfo.Kind.TENSOR) {
                Values.check("input " + info.name(), info, value);
            } else if (value instanceof Value.TensorValue(Tensor tensor)) {
                tensors.put(info.name(), tensor);
            } else {
                throw new OperandException("input " + info.name(), info.describe(), value == null ? "none" : value);
            }
        }
        checkTensors(tensors);
        Values.checkNames("input", inputs.keySet(), names());
        return execution.evaluate(inputs, arena);
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
        execution.run(inputs, outputs);
    }

    /** Runs once and returns the time that each step took. */
    public List<StepTime> profile(Map<String, Tensor> inputs) {
        check(inputs);
        return execution.profile(inputs);
    }

    /**
     * Returns what runs, step by step, for the shapes of the latest run. Before the first run these are the inputs' own
     * shapes, with 1 for every extent that is left open.
     *
     * @throws IllegalStateException if nothing has run and the open extents cannot be 1
     */
    public List<StepInfo> kernels() {
        return execution.steps();
    }

    /** Returns what runs, step by step, for inputs of the given shapes, and prepares it. */
    public List<StepInfo> kernels(Map<String, Shape> shapes) {
        return execution.steps(shapes);
    }

    /** Returns the bytes of activation memory that one run uses, inputs and outputs not counted. */
    public long activationBytes() {
        return execution.activationBytes();
    }

    void observe(Map<String, Tensor> inputs, ValueObserver observer) {
        check(inputs);
        execution.observe(inputs, observer);
    }

    private void check(Map<String, Tensor> inputs) {
        for (ValueInfo info : original.inputs()) {
            Tensor tensor = inputs.get(info.name());
            if (tensor == null || info.kind() != ValueInfo.Kind.TENSOR) {
                throw new OperandException("input " + info.name(), info.describe(), tensor == null ? "none" : tensor);
            }
        }
        checkTensors(inputs);
        if (inputs.size() > original.inputs().size()) {
            Values.checkNames("input", inputs.keySet(), names());
        }
    }

    private List<String> names() {
        return original.inputs().stream().map(ValueInfo::name).toList();
    }

    private void checkTensors(Map<String, Tensor> inputs) {
        for (ValueInfo info : original.inputs()) {
            Tensor tensor = inputs.get(info.name());
            if (tensor != null && (tensor.type() != info.type() || !info.accepts(tensor.shape()))) {
                throw new OperandException("input " + info.name(), info.describe(), tensor);
            }
        }
        checkSymbols(inputs);
    }

    private void checkSymbols(Map<String, Tensor> inputs) {
        Map<String, Long> symbols = new LinkedHashMap<>();
        for (ValueInfo info : original.inputs()) {
            List<Dim> dims = info.dims().orElse(List.of());
            for (int axis = 0; axis < dims.size(); axis++) {
                if (dims.get(axis) instanceof Dim.Symbol(String name) && inputs.containsKey(info.name())) {
                    long extent = inputs.get(info.name()).shape().dim(axis);
                    Long other = symbols.putIfAbsent(name, extent);
                    OperandException.check(other == null || other == extent, "input " + info.name(),
                            info.describe() + " with " + name + " = " + other, inputs.get(info.name()));
                }
            }
        }
    }

    /** Frees kernels and activation memory. */
    @Override
    public void close() {
        execution.close();
    }
}
