package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Where's runs choose single elements, whatever the condition has besides 0 and 1. */
class SelectionTest {
    private static final byte[] CONDITIONS = {0, 0, 0, 1, -1, 2, 127, -128};

    private static Tensor random(DataType type, int count) {
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), type, Shape.of(count));
        byte[] bytes = new byte[(int) tensor.data().byteSize()];
        new Random(count).nextBytes(bytes);
        tensor.data().copyFrom(MemorySegment.ofArray(bytes));
        return tensor;
    }

    @Test
    void runsChooseSingleElements() {
        for (DataType type : new DataType[] {DataType.U8, DataType.BF16, DataType.F32, DataType.S64}) {
            for (int count : new int[] {1, 2, 63, 1023, 1024, 1025, 5000}) {
                for (long[] step : new long[][] {{1, 1, 1}, {1, 0, 1}, {1, 1, 0}, {1, 0, 0}, {0, 1, 0}}) {
                    compare(type, count, step);
                }
            }
        }
    }

    private static void compare(DataType type, int count, long[] step) {
        int bytes = type.bits() / 8;
        Tensor condition = Tensor.allocate(Arena.ofAuto(), DataType.BOOL, Shape.of(count + 1));
        Random random = new Random(7);
        for (int i = 0; i <= count; i++) {
            condition.data().set(ValueLayout.JAVA_BYTE, i, CONDITIONS[random.nextInt(CONDITIONS.length)]);
        }
        Tensor[] in = {condition, random(type, count + 2), random(type, count + 3)};
        long[] from = {1, 2, 3};
        Tensor out = Tensor.allocate(Arena.ofAuto(), type, Shape.of(count + 5));
        Selection.run(bytes, in, from, step, out.data(), 4, count);
        for (int i = 0; i < count; i++) {
            int chosen = condition.data().get(ValueLayout.JAVA_BYTE, from[0] + i * step[0]) != 0 ? 1 : 2;
            MemorySegment expected = in[chosen].data().asSlice((from[chosen] + i * step[chosen]) * bytes, bytes);
            assertEquals(-1, expected.mismatch(out.data().asSlice((4L + i) * bytes, bytes)),
                    type + " " + count + " element " + i);
        }
        assertEquals(0, out.data().get(ValueLayout.JAVA_BYTE, 4L * bytes - 1));
        assertEquals(0, out.data().get(ValueLayout.JAVA_BYTE, (4L + count) * bytes));
    }
}
