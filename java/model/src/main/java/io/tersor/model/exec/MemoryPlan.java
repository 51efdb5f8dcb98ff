package io.tersor.model.exec;

import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Where in one block of memory each planned slot lies. Slots that are never alive at the same step may share bytes:
 * buffers are placed largest first, each at the best-fitting gap between those that live at the same time.
 *
 * @param offsets byte offset of each slot, -1 for slots without memory of their own
 * @param bytes size of the block
 * @param buffers what was placed
 */
record MemoryPlan(long[] offsets, long bytes, List<Buffer> buffers) {
    /**
     * Bytes that one slot, or several that take over from each other, need from one step to another.
     *
     * @param first the step that first writes it
     * @param last the last step that reads it
     */
    record Buffer(long offset, long bytes, int first, int last) {}

    private static final class Draft {
        private final long bytes;
        private final int first;
        private int last;
        private long offset = -1;

        private Draft(long bytes, int first) {
            this.bytes = bytes;
            this.first = first;
            this.last = first;
        }
    }

    static MemoryPlan of(List<Slot> slots, List<Step> steps, boolean keepAll) {
        int[] lastUse = new int[slots.size()];
        Arrays.fill(lastUse, -1);
        for (int s = 0; s < steps.size(); s++) {
            for (int input : steps.get(s).inputs()) {
                if (input >= 0) {
                    lastUse[slots.get(input).root()] = s;
                }
            }
        }
        Draft[] drafts = new Draft[slots.size()];
        List<Draft> all = new ArrayList<>();
        for (int s = 0; s < steps.size(); s++) {
            for (int output : steps.get(s).outputs()) {
                if (output < 0 || slots.get(output).kind() != Slot.Kind.PLANNED) {
                    continue;
                }
                Slot slot = slots.get(output);
                int taken = keepAll ? -1 : takenOver(slots, steps.get(s), output, drafts, lastUse, s);
                if (taken >= 0) {
                    drafts[output] = drafts[taken];
                } else {
                    drafts[output] = new Draft(align(slot.type().type().bytes(slot.type().shape().elements())), s);
                    all.add(drafts[output]);
                }
                drafts[output].last = keepAll ? steps.size() : Math.max(drafts[output].last, lastUse[output]);
            }
        }
        long bytes = place(all);
        long[] offsets = new long[slots.size()];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = drafts[i] == null ? -1 : drafts[i].offset;
        }
        return new MemoryPlan(offsets, bytes, all.stream()
                .map(draft -> new Buffer(draft.offset, draft.bytes, draft.first, draft.last)).toList());
    }

    /** Returns the slot whose buffer the step's output may take over, or -1. */
    private static int takenOver(List<Slot> slots, Step step, int output, Draft[] drafts, int[] lastUse, int s) {
        if (step.inPlace() < 0 || step.outputs()[0] != output) {
            return -1;
        }
        int root = slots.get(step.inputs()[step.inPlace()]).root();
        int users = 0;
        for (int input : step.inputs()) {
            users += input >= 0 && slots.get(input).root() == root ? 1 : 0;
        }
        long bytes = slots.get(output).type().type().bytes(slots.get(output).type().shape().elements());
        // Wider elements would be written over inputs still to be read, though both round up to the same bytes.
        boolean wider = slots.get(output).type().type().bits()
                > slots.get(step.inputs()[step.inPlace()]).type().type().bits();
        boolean fits = drafts[root] != null && lastUse[root] == s && drafts[root].last == s && users == 1
                && align(bytes) == drafts[root].bytes && !wider;
        return fits ? root : -1;
    }

    private static long align(long bytes) {
        return Math.ceilDiv(bytes, Tensor.ALIGNMENT_BYTES) * Tensor.ALIGNMENT_BYTES;
    }

    private static long place(List<Draft> drafts) {
        List<Draft> order = new ArrayList<>(drafts);
        order.sort(Comparator.comparingLong((Draft draft) -> -draft.bytes).thenComparingInt(draft -> draft.first));
        List<Draft> placed = new ArrayList<>();
        long total = 0;
        for (Draft draft : order) {
            List<Draft> alive = placed.stream().filter(other -> other.first <= draft.last && draft.first <= other.last)
                    .sorted(Comparator.comparingLong(other -> other.offset)).toList();
            draft.offset = bestGap(alive, draft.bytes);
            placed.add(draft);
            total = Math.max(total, Math.addExact(draft.offset, draft.bytes));
        }
        return total;
    }

    private static long bestGap(List<Draft> alive, long bytes) {
        long end = 0;
        long best = -1;
        long bestRoom = Long.MAX_VALUE;
        for (Draft other : alive) {
            long room = other.offset - end;
            if (room >= bytes && room < bestRoom) {
                best = end;
                bestRoom = room;
            }
            end = Math.max(end, other.offset + other.bytes);
        }
        return best >= 0 ? best : end;
    }
}
