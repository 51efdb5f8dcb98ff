package io.tersor.model.exec;

import io.tersor.model.StepInfo;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * The steps and the memory of a network for inputs of fixed shapes (and, where elements of inputs decide about shapes,
 * of fixed elements). Thread-safe: each run borrows a {@link Frame} of its own.
 */
public final class Plan {
    private final List<Slot> slots;
    private final List<Step> steps;
    private final MemoryPlan memory;
    private final Map<String, TensorType> outputs;
    private final Map<String, Integer> observed;
    private final Map<String, Shape> shapes = new LinkedHashMap<>();
    private final Map<String, Tensor> key;
    private final List<Pending<?>> owned;
    private final ConcurrentLinkedDeque<Frame> idle = new ConcurrentLinkedDeque<>();

    Plan(List<Slot> slots, List<Step> steps, MemoryPlan memory, Map<String, TensorType> outputs,
            Map<String, Integer> observed, Set<String> keyInputs, Map<String, Tensor> key, List<Pending<?>> owned) {
        this.slots = slots;
        this.steps = steps;
        this.memory = memory;
        this.outputs = outputs;
        this.observed = observed;
        this.owned = owned;
        this.key = new LinkedHashMap<>();
        keyInputs.forEach(name -> this.key.put(name, key.get(name)));
        slots.stream().filter(slot -> slot.kind() == Slot.Kind.INPUT)
                .forEach(slot -> shapes.put(slot.name(), slot.type().shape()));
    }

    /** Returns the outputs' types in their order. */
    public Map<String, TensorType> outputs() {
        return outputs;
    }

    /** Returns the steps in the order in which they run. */
    public List<StepInfo> steps() {
        return steps.stream().map(Step::info).toList();
    }

    /** Returns the bytes of activation memory of one run. */
    public long activationBytes() {
        return memory.bytes();
    }

    /** Returns whether the plan was made for such inputs. */
    boolean serves(Map<String, Tensor> inputs) {
        for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
            if (!inputs.get(entry.getKey()).shape().equals(entry.getValue())) {
                return false;
            }
        }
        for (Map.Entry<String, Tensor> entry : key.entrySet()) {
            Tensor actual = inputs.get(entry.getKey());
            if (!actual.isContiguous() || actual.data().mismatch(entry.getValue().data()) != -1) {
                return false;
            }
        }
        return true;
    }

    List<Slot> slots() {
        return slots;
    }

    List<Step> stepList() {
        return steps;
    }

    MemoryPlan memory() {
        return memory;
    }

    Map<String, Integer> observed() {
        return observed;
    }

    Frame borrow() {
        Frame frame = idle.poll();
        return frame == null ? new Frame(this) : frame;
    }

    void giveBack(Frame frame) {
        idle.push(frame);
    }

    /** Frees pooled memory and the kernels made for this plan alone; no run may be in progress. */
    void close() {
        for (Frame frame = idle.poll(); frame != null; frame = idle.poll()) {
            frame.close();
        }
        owned.forEach(Pending::close);
    }
}
