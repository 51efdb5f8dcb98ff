package io.tersor.model.exec;

import io.tersor.model.StepInfo;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Collects slots and steps, then drops what no output needs. */
final class PlanBuilder {
    private final List<Slot> slots = new ArrayList<>();
    // Complete once the kernels are prepared.
    private final List<Supplier<Step>> drafts = new ArrayList<>();
    private final Map<String, TensorType> outputs = new LinkedHashMap<>();

    int planned(TensorType type) {
        return add(new Slot(slots.size(), type, Slot.Kind.PLANNED, slots.size(), "", Optional.empty()));
    }

    int input(String name, TensorType type) {
        return add(new Slot(slots.size(), type, Slot.Kind.INPUT, slots.size(), name, Optional.empty()));
    }

    int constant(Tensor tensor) {
        return add(new Slot(slots.size(), new TensorType(tensor.type(), tensor.shape()), Slot.Kind.CONSTANT,
                slots.size(), "", Optional.of(tensor)));
    }

    /** Returns a slot that shares the memory of another under other extents. */
    int view(int of, TensorType type) {
        Slot slot = slots.get(of);
        if (slot.type().equals(type)) {
            return of;
        }
        if (slot.constant().isPresent()) {
            return constant(Tensor.wrap(slot.constant().get().data(), type.type(), type.shape()));
        }
        return add(new Slot(slots.size(), type, Slot.Kind.VIEW, slot.root(), "", Optional.empty()));
    }

    Slot slot(int id) {
        return slots.get(id);
    }

    void step(Step step) {
        drafts.add(() -> step);
    }

    void step(Supplier<Step> draft) {
        drafts.add(draft);
    }

    /** Makes a slot's contents an output: in place where its memory is the plan's own, otherwise by a copy. */
    void output(String name, int id) {
        Slot slot = slots.get(id);
        Slot root = slots.get(slot.root());
        outputs.put(name, slot.type());
        if (root.kind() == Slot.Kind.PLANNED) {
            slots.set(root.id(), root.asOutput(name));
            return;
        }
        int target = planned(slot.type());
        slots.set(target, slots.get(target).asOutput(name));
        StepInfo info = new StepInfo(name, "Identity", "java/copy", slot.type().type(), slot.type().shape());
        step(new Step(info, new int[] {id}, new int[] {target}, -1, (in, out) -> out[0].data().copyFrom(in[0].data())));
    }

    private int add(Slot slot) {
        slots.add(slot);
        return slot.id();
    }

    /**
     * Returns the plan of the steps that lead to outputs, or of all if every value is to be seen.
     *
     * @throws io.tersor.TersorException if a kernel could not be prepared, the first one in the order of the steps
     */
    Plan build(boolean keepAll, Map<String, Integer> observed, Set<String> keyInputs, Map<String, Tensor> key,
            List<Pending<?>> owned) {
        List<Step> steps = drafts.stream().map(Supplier::get).toList();
        Set<Integer> wanted = new HashSet<>();
        slots.stream().filter(slot -> slot.kind() == Slot.Kind.OUTPUT).forEach(slot -> wanted.add(slot.id()));
        List<Step> kept = new ArrayList<>();
        for (Step step : steps.reversed()) {
            boolean needed = keepAll;
            for (int output : step.outputs()) {
                needed |= output >= 0 && wanted.contains(slots.get(output).root());
            }
            if (needed) {
                kept.addFirst(step);
                for (int input : step.inputs()) {
                    if (input >= 0) {
                        wanted.add(slots.get(input).root());
                    }
                }
            }
        }
        MemoryPlan memory = MemoryPlan.of(slots, kept, keepAll);
        return new Plan(List.copyOf(slots), List.copyOf(kept), memory, outputs, observed, keyInputs, key, owned);
    }
}
