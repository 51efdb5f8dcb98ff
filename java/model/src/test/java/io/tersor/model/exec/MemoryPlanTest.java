package io.tersor.model.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.model.StepInfo;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
    private static Slot planned(int id, long elements) {
        return planned(id, DataType.U8, elements);
    }

    private static Slot planned(int id, DataType type, long elements) {
        return new Slot(id, new TensorType(type, Shape.of(elements)), Slot.Kind.PLANNED, id, "", Optional.empty());
    }

    private static Step step(int inPlace, int out, int... in) {
        StepInfo info = new StepInfo("n", "Op", "java/op", DataType.U8, Shape.of());
        return new Step(info, in, new int[] {out}, inPlace, (_, _) -> { });
    }

    private static void assertDisjoint(MemoryPlan plan) {
        List<MemoryPlan.Buffer> buffers = plan.buffers();
        for (int i = 0; i < buffers.size(); i++) {
            MemoryPlan.Buffer a = buffers.get(i);
            assertTrue(a.offset() >= 0 && a.offset() % 64 == 0 && a.offset() + a.bytes() <= plan.bytes());
            for (int k = 0; k < i; k++) {
                MemoryPlan.Buffer b = buffers.get(k);
                boolean together = a.first() <= b.last() && b.first() <= a.last();
                boolean overlap = a.offset() < b.offset() + b.bytes() && b.offset() < a.offset() + a.bytes();
                assertFalse(together && overlap, () -> a + " and " + b);
            }
        }
    }

    @Test
    void aChainNeedsTheTwoLargestNeighbours() {
        List<Slot> slots = List.of(planned(0, 640), planned(1, 1280), planned(2, 64), planned(3, 640));
        MemoryPlan plan = MemoryPlan.of(slots, List.of(step(-1, 0), step(-1, 1, 0), step(-1, 2, 1), step(-1, 3, 2)),
                false);
        assertEquals(640 + 1280, plan.bytes());
        assertDisjoint(plan);
    }

    @Test
    void aStepInPlaceTakesItsInputsMemoryOver() {
        List<Slot> slots = List.of(planned(0, 640), planned(1, 640));
        MemoryPlan plan = MemoryPlan.of(slots, List.of(step(-1, 0), step(0, 1, 0)), false);
        assertEquals(640, plan.bytes());
        assertEquals(plan.offsets()[0], plan.offsets()[1]);
    }

    /** Eight elements of either type take one cache line. */
    @Test
    void notWhereTheOutputsElementsAreWider() {
        List<Slot> widening = List.of(planned(0, DataType.F16, 8), planned(1, DataType.F32, 8));
        assertEquals(128, MemoryPlan.of(widening, List.of(step(-1, 0), step(0, 1, 0)), false).bytes());
        List<Slot> narrowing = List.of(planned(0, DataType.F32, 8), planned(1, DataType.F16, 8));
        assertEquals(64, MemoryPlan.of(narrowing, List.of(step(-1, 0), step(0, 1, 0)), false).bytes());
    }

    @Test
    void notWhereTheInputIsReadLater() {
        List<Slot> slots = List.of(planned(0, 640), planned(1, 640), planned(2, 640));
        MemoryPlan plan = MemoryPlan.of(slots, List.of(step(-1, 0), step(0, 1, 0), step(-1, 2, 0, 1)), false);
        assertEquals(3 * 640, plan.bytes());
        assertDisjoint(plan);
    }

    @RepeatedTest(50)
    void randomGraphsNeverOverlap(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        List<Slot> slots = new ArrayList<>();
        List<Step> steps = new ArrayList<>();
        for (int id = 0; id < 40; id++) {
            slots.add(planned(id, random.nextInt(4) == 0 ? 640 : random.nextInt(3000)));
            int[] inputs = random.ints(id == 0 ? 0 : random.nextInt(3), 0, Math.max(1, id)).toArray();
            steps.add(step(inputs.length > 0 && random.nextBoolean() ? 0 : -1, id, inputs));
        }
        MemoryPlan plan = MemoryPlan.of(slots, steps, false);
        assertDisjoint(plan);
        // Every read sees what was written: replay which slot owns each byte range.
        int[] owner = new int[(int) plan.bytes() + 1];
        java.util.Arrays.fill(owner, -1);
        for (Step step : steps) {
            for (int input : step.inputs()) {
                long at = plan.offsets()[input];
                assertTrue(slots.get(input).type().shape().elements() == 0 || owner[(int) at] == input,
                        () -> "slot " + input + " was overwritten");
            }
            int out = step.outputs()[0];
            for (long i = 0; i < slots.get(out).type().shape().elements(); i++) {
                owner[(int) (plan.offsets()[out] + i)] = out;
            }
        }
    }
}
