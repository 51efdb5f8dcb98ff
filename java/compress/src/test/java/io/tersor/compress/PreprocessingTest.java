package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

class PreprocessingTest {
    @Test
    void scalesShiftsAndDividesByChannel() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor images = Tensor.ofBytes(arena, DataType.U8, Shape.of(2, 2, 1, 2),
                    (byte) 0, (byte) 255, (byte) 10, (byte) 20, (byte) 1, (byte) 2, (byte) 3, (byte) 200);
            Tensor input = new Preprocessing(0.5f, List.of(1f, 2f), List.of(2f, 4f)).apply(arena, images);
            assertEquals("f32 2x2x1x2", input.toString());
            assertArrayEquals(new float[] {-0.5f, 63.25f, 0.75f, 2f, -0.25f, 0f, -0.125f, 24.5f}, input.toFloats());
        }
    }

    @Test
    void oneNumberServesAllChannels() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor images = Tensor.ofFloats(arena, Shape.of(1, 3, 1), 1, 2, 3);
            assertArrayEquals(new float[] {0, 0.5f, 1},
                    new Preprocessing(1f, List.of(1f), List.of(2f)).apply(arena, images).toFloats());
        }
    }

    @Test
    void leavesInputsAlone() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor images = Tensor.ofFloats(arena, Shape.of(3), 1, 2, 3);
            assertSame(images, Preprocessing.NONE.apply(arena, images));
            Tensor bytes = Tensor.ofBytes(arena, DataType.U8, Shape.of(2), (byte) 200, (byte) 1);
            assertArrayEquals(new float[] {200, 1}, Preprocessing.NONE.apply(arena, bytes).toFloats());
            Tensor empty = Tensor.allocate(arena, DataType.U8, Shape.of(0, 3, 4, 4));
            assertEquals("f32 0x3x4x4", Preprocessing.NONE.apply(arena, empty).toString());
        }
    }

    @Test
    void refusesWrongNumbers() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor images = Tensor.ofFloats(arena, Shape.of(1, 3, 1), 1, 2, 3);
            Preprocessing two = new Preprocessing(1f, List.of(1f, 2f), List.of(1f));
            assertEquals("mean: expected 1 or 3 numbers, one for each channel, got 2",
                    assertThrows(CompressException.class, () -> two.apply(arena, images)).getMessage());
        }
        assertThrows(CompressException.class, () -> new Preprocessing(0f, List.of(0f), List.of(1f)));
        assertThrows(CompressException.class, () -> new Preprocessing(1f, List.of(), List.of(1f)));
        assertThrows(CompressException.class, () -> new Preprocessing(1f, List.of(0f), List.of(0f)));
    }
}
