package io.tersor.model.exec;

import io.tersor.TersorException;
import io.tersor.model.StepTime;
import io.tersor.model.ValueObserver;
import io.tersor.model.ops.Computation;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The memory of one run of a plan, with every tensor that the steps use. Used by one thread at a time. */
public final class Frame implements AutoCloseable {
    private final Plan plan;
    private final Arena arena = Arena.ofShared();
    private final Tensor[] tensors;
    private final Tensor[][] stepInputs;
    private final Tensor[][] stepOutputs;

    Frame(Plan plan) {
        this.plan = plan;
        List<Slot> slots = plan.slots();
        this.tensors = new Tensor[slots.size()];
        MemorySegment block = allocate(plan.memory().bytes());
        for (Slot slot : slots) {
            TensorType type = slot.type();
            switch (slot.kind()) {
                case PLANNED -> {
                    long offset = plan.memory().offsets()[slot.id()];
                    if (offset >= 0) {
                        long bytes = type.type().bytes(type.shape().elements());
                        tensors[slot.id()] = Tensor.wrap(block.asSlice(offset, bytes), type.type(), type.shape());
                    }
                }
                case CONSTANT -> tensors[slot.id()] = slot.constant().orElseThrow();
                case VIEW -> bindView(slot);
                case INPUT, OUTPUT -> { }
            }
        }
        int steps = plan.stepList().size();
        this.stepInputs = new Tensor[steps][];
        this.stepOutputs = new Tensor[steps][];
        for (int s = 0; s < steps; s++) {
            stepInputs[s] = new Tensor[plan.stepList().get(s).inputs().length];
            stepOutputs[s] = new Tensor[plan.stepList().get(s).outputs().length];
        }
    }

    private MemorySegment allocate(long bytes) {
        try {
            return Memory.allocate(arena, bytes);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private void bindView(Slot slot) {
        Tensor root = tensors[slot.root()];
        if (root != null) {
            tensors[slot.id()] = Tensor.wrap(root.data(), slot.type().type(), slot.type().shape());
        }
    }

    /** Sets the tensors that come from outside. */
    void bind(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
        for (Slot slot : plan.slots()) {
            if (slot.kind() == Slot.Kind.INPUT) {
                tensors[slot.id()] = inputs.get(slot.name());
            } else if (slot.kind() == Slot.Kind.OUTPUT) {
                Tensor output = outputs.get(slot.name());
                tensors[slot.id()] = Tensor.wrap(output.data(), slot.type().type(), slot.type().shape());
            } else if (slot.kind() == Slot.Kind.VIEW && plan.slots().get(slot.root()).kind() != Slot.Kind.PLANNED) {
                bindView(slot);
            }
        }
        for (int s = 0; s < stepInputs.length; s++) {
            Step step = plan.stepList().get(s);
            fill(stepInputs[s], step.inputs());
            fill(stepOutputs[s], step.outputs());
        }
    }

    private void fill(Tensor[] into, int[] slots) {
        for (int i = 0; i < slots.length; i++) {
            into[i] = slots[i] < 0 ? null : tensors[slots[i]];
        }
    }

    void run() {
        for (int s = 0; s < stepInputs.length; s++) {
            run(s);
        }
    }

    private void run(int index) {
        Step step = plan.stepList().get(index);
        run(step.info().node(), step.info().operator(), step.body(), stepInputs[index], stepOutputs[index]);
    }

    /**
     * Computes a node's outputs from its inputs.
     *
     * @throws TersorException if the node's own checks did not find what is wrong before
     */
    public static void run(String node, String operator, Computation.Body body, Tensor[] inputs, Tensor[] outputs) {
        try {
            body.run(inputs, outputs);
        } catch (ArithmeticException e) {
            throw new TersorException("node " + node + " (" + operator
                    + "): tensors of 2^31 elements or more are not supported here", e);
        } catch (IndexOutOfBoundsException e) {
            // An operator whose own checks are incomplete; the memory's checks caught it.
            throw new TersorException("node " + node + " (" + operator + "): elements outside its operands: "
                    + e.getMessage(), e);
        }
    }

    List<StepTime> profile() {
        List<StepTime> times = new ArrayList<>();
        List<Step> steps = plan.stepList();
        for (int s = 0; s < stepInputs.length; s++) {
            long start = System.nanoTime();
            run(s);
            times.add(new StepTime(steps.get(s).info(), System.nanoTime() - start));
        }
        return times;
    }

    void show(ValueObserver observer) {
        plan.observed().forEach((value, slot) -> observer.observe(value, tensors[slot]));
    }

    @Override
    public void close() {
        arena.close();
    }
}
