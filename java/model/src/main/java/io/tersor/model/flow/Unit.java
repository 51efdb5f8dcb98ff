package io.tersor.model.flow;

import io.tersor.model.StepInfo;
import io.tersor.model.Value;
import io.tersor.tensor.Shape;
import java.util.List;
import java.util.Map;

/** A part of a program that runs at once. Thread-safe, but for closing. */
interface Unit extends AutoCloseable {
    /** Returns the names of the values that it reads; an empty one is an input left out. */
    List<String> inputs();

    /** Returns the names of the values that it makes; an empty one is an output that nobody wants. */
    List<String> outputs();

    /**
     * Prepares what can be without inputs.
     *
     * @throws io.tersor.model.UnsupportedOperatorException if an operator is not implemented
     */
    void warmUp();

    /** Prepares what can be for the network's inputs of the given shapes. */
    void warmUp(Map<String, Shape> shapes);

    /**
     * Runs.
     *
     * @param inputs one for each name, null where it is left out; they stay the caller's
     * @return one for each of the outputs' names, of which the caller gets a reference
     */
    Value[] run(Value[] inputs, Session session);

    /** Returns what ran, as far as it is known yet. */
    List<StepInfo> steps();

    /** Returns the bytes of activation memory that one run uses inside. */
    long activationBytes();

    @Override
    void close();
}
