package io.tersor.model.exec;

import io.tersor.OperandException;
import io.tersor.model.StepInfo;
import io.tersor.model.StepTime;
import io.tersor.model.Value;
import io.tersor.model.ValueObserver;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/**
 * A graph ready to run, for inputs that were checked against its own. Thread-safe; closing while something runs, running
 * after closing and closing twice fail with {@link IllegalStateException}.
 */
public interface Execution extends AutoCloseable {
    /** Prepares for the inputs' own shapes, open extents taken as 1, as far as these decide what runs. */
    void warmUp();

    /** Runs and returns the outputs, allocated in the given arena. */
    Map<String, Value> evaluate(Map<String, Value> inputs, Arena arena);

    /** Runs and returns the outputs, all of which are tensors, allocated in the given arena. */
    Map<String, Tensor> run(Map<String, Tensor> inputs, Arena arena);

    /**
     * Runs into the caller's tensors.
     *
     * @throws OperandException if a tensor is missing, unknown, or does not fit
     */
    void run(Map<String, Tensor> inputs, Map<String, Tensor> outputs);

    /** Runs and returns the time of each step. */
    List<StepTime> profile(Map<String, Tensor> inputs);

    /** Runs and shows values to the observer. */
    void observe(Map<String, Tensor> inputs, ValueObserver observer);

    /**
     * Returns the steps that ran last, or that {@link #warmUp} prepared.
     *
     * @throws IllegalStateException if there are none yet
     */
    List<StepInfo> steps();

    /** Prepares for inputs of the given shapes and returns the steps. */
    List<StepInfo> steps(Map<String, Shape> shapes);

    /** Returns the bytes of activation memory that one run uses, inputs and outputs not counted. */
    long activationBytes();

    @Override
    void close();
}
