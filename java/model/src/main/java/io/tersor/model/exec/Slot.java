package io.tersor.model.exec;

import io.tersor.model.ops.TensorType;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/**
 * A place for a tensor in a plan.
 *
 * @param id index in the plan
 * @param kind where its memory comes from
 * @param root the slot whose memory a view shares, otherwise {@code id}
 * @param name of the graph's input or output
 * @param constant the elements of a constant
 */
record Slot(int id, TensorType type, Kind kind, int root, String name, Optional<Tensor> constant) {
    /** Where memory comes from. */
    enum Kind { PLANNED, INPUT, OUTPUT, CONSTANT, VIEW }

    Slot asOutput(String output) {
        return new Slot(id, type, Kind.OUTPUT, root, output, constant);
    }
}
