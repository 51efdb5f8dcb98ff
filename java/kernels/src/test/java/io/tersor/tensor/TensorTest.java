package io.tersor.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorTest {
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void free() {
        arena.close();
    }

    private Tensor counting(long... dims) {
        Tensor tensor = Tensor.allocate(arena, DataType.S32, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.setLong(i, i);
        }
        return tensor;
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    void everyTypeStoresItsRange(DataType type) {
        Tensor tensor = Tensor.allocate(arena, type, Shape.of(3, 3));
        // A power of two alone has no zero.
        double low = type == DataType.F8E8M0 ? 2 : 0;
        double[] values = {type.min(), low, 1, low, 1, type.max(), 1, low, 1};
        boolean inexact = type.bits() == 64 && !type.isFloating();
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, values[i]);
        }
        for (int i = 0; i < values.length; i++) {
            assertEquals(values[i], tensor.get(i), inexact ? Math.abs(values[i]) * 0x1p-52 : 0, type + " element " + i);
        }
        assertEquals(0, tensor.data().address() % Tensor.ALIGNMENT_BYTES);
        assertEquals(type.bytes(9), tensor.byteSize());
    }

    @Test
    void allocationIsZeroed() {
        assertArrayEquals(new long[5], Tensor.allocate(arena, DataType.S64, Shape.of(5)).toLongs());
    }

    @Test
    void nibblesArePackedLowFirst() {
        Tensor signed = Tensor.allocate(arena, DataType.S4, Shape.of(5));
        Tensor unsigned = Tensor.allocate(arena, DataType.U4, Shape.of(5));
        long[] values = {-8, 7, -1, 0, 3};
        for (int i = 0; i < 5; i++) {
            signed.setLong(i, values[i]);
            unsigned.setLong(i, values[i] & 15);
        }
        assertEquals(3, signed.byteSize());
        assertArrayEquals(new byte[] {0x78, 0x0F, 0x03}, signed.data().toArray(ValueLayout.JAVA_BYTE));
        assertArrayEquals(values, signed.toLongs());
        assertArrayEquals(new long[] {8, 7, 15, 0, 3}, unsigned.toLongs());
        signed.setLong(1, 2);
        assertArrayEquals(new long[] {-8, 2, -1, 0, 3}, signed.toLongs());
    }

    @Test
    void packedTypesAreContiguous() {
        MemorySegment data = arena.allocate(16, 16);
        assertThrows(OperandException.class, () -> Tensor.wrap(data, DataType.S4, Shape.of(2, 2), 4, 1));
        Tensor tensor = Tensor.wrap(data, DataType.U4, Shape.of(2, 4));
        assertThrows(OperandException.class, () -> tensor.permute(1, 0));
        assertThrows(OperandException.class, () -> tensor.slice(0, 1, 1));
    }

    @Test
    void halfPrecisionRoundsToEven() {
        Tensor f16 = Tensor.allocate(arena, DataType.F16, Shape.of(4));
        Tensor bf16 = Tensor.allocate(arena, DataType.BF16, Shape.of(6));
        f16.set(0, 1 + 0x1p-11);
        f16.set(1, 1 + 0x1.8p-10);
        f16.set(2, 65520);
        f16.set(3, Double.NaN);
        assertArrayEquals(new float[] {1, 1 + 0x1p-9f, Float.POSITIVE_INFINITY, Float.NaN}, f16.toFloats());
        bf16.set(0, 1 + 0x1p-8);
        bf16.set(1, 1 + 0x1.8p-7);
        bf16.set(2, Float.MAX_VALUE);
        bf16.set(3, -Float.MAX_VALUE);
        bf16.set(4, Float.intBitsToFloat(0x7F800001));
        bf16.set(5, Float.intBitsToFloat(0x7FFFFFFF));
        assertArrayEquals(new float[] {1, 1 + 0x1p-6f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN,
            Float.NaN}, bf16.toFloats());
    }

    @Test
    void unsigned64BitIntegersAreNotNegative() {
        Tensor tensor = Tensor.allocate(arena, DataType.U64, Shape.of(2));
        tensor.setLong(0, -1);
        tensor.set(1, 0x1.8p63);
        assertEquals(0x1p64, tensor.get(0));
        assertEquals(0x1.8p63, tensor.get(1));
    }

    @Test
    void stridesFindTheElements() {
        Tensor tensor = counting(4, 6);
        Tensor every = Tensor.wrap(tensor.data(), DataType.S32, Shape.of(2, 3), 12, 2);
        assertFalse(every.isContiguous());
        assertArrayEquals(new long[] {0, 2, 4, 12, 14, 16}, every.toLongs());
        assertEquals((12 + 4 + 1) * 4, every.byteSize());
        Tensor repeated = Tensor.wrap(tensor.data(), DataType.S32, Shape.of(2, 2), 0, 1);
        assertArrayEquals(new long[] {0, 1, 0, 1}, repeated.toLongs());
    }

    @Test
    void stridesOfSingleIndicesDoNotMatter() {
        Tensor tensor = Tensor.wrap(counting(8).data(), DataType.S32, Shape.of(1, 3), 100, 1);
        assertTrue(tensor.isContiguous());
        assertTrue(Tensor.wrap(arena.allocate(4), DataType.S32, Shape.of(0, 3), 7, 7).isContiguous());
    }

    @Test
    void permutesSlicesAndReshapes() {
        Tensor tensor = counting(2, 3, 4);
        Tensor last = tensor.permute(2, 0, 1);
        assertEquals(Shape.of(4, 2, 3), last.shape());
        assertEquals(tensor.getLong(1 * 12 + 2 * 4 + 3), last.getLong(3 * 6 + 1 * 3 + 2));
        assertArrayEquals(new long[] {5, 6, 9, 10, 17, 18, 21, 22}, tensor.slice(1, 1, 2).slice(-1, 1, 2).toLongs());
        assertEquals(0, tensor.slice(0, 2, 0).byteSize());
        assertEquals(Shape.of(6, 4), tensor.reshape(Shape.of(6, 4)).shape());
        assertThrows(OperandException.class, () -> last.reshape(Shape.of(24)));
        assertThrows(OperandException.class, () -> tensor.reshape(Shape.of(23)));
        assertThrows(OperandException.class, () -> tensor.permute(0, 1));
        assertThrows(OperandException.class, () -> tensor.permute(0, 1, 1));
    }

    @Test
    void slicesStayInside() {
        Tensor tensor = counting(4, 5);
        assertThrows(OperandException.class, () -> tensor.slice(0, 3, 2));
        assertThrows(OperandException.class, () -> tensor.slice(0, -1, 1));
        assertThrows(OperandException.class, () -> tensor.slice(1, 2, -1));
        assertThrows(OperandException.class, () -> tensor.slice(0, Long.MAX_VALUE, 2));
    }

    @Test
    void copiesBetweenLayouts() {
        Tensor tensor = counting(3, 4);
        Tensor transposed = tensor.permute(1, 0).copy(arena);
        assertTrue(transposed.isContiguous());
        assertArrayEquals(new long[] {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}, transposed.toLongs());
        assertThrows(OperandException.class, () -> tensor.copyFrom(transposed));
        assertThrows(OperandException.class,
                () -> tensor.copyFrom(Tensor.allocate(arena, DataType.F32, Shape.of(3, 4))));
    }

    @Test
    void copiesKeepNanPayloads() {
        Tensor tensor = Tensor.allocate(arena, DataType.F32, Shape.of(2, 2));
        tensor.data().setAtIndex(ValueLayout.JAVA_INT, 1, 0x7FC12345);
        Tensor transposed = tensor.permute(1, 0).copy(arena);
        assertEquals(0x7FC12345, transposed.data().getAtIndex(ValueLayout.JAVA_INT, 2));
    }

    @Test
    void wrappingProvesTheBounds() {
        MemorySegment data = arena.allocate(64, 64);
        Tensor.wrap(data, DataType.F32, Shape.of(16));
        assertThrows(OperandException.class, () -> Tensor.wrap(data, DataType.F32, Shape.of(17)));
        Tensor.wrap(data, DataType.F32, Shape.of(2, 4), 12, 1);
        assertThrows(OperandException.class, () -> Tensor.wrap(data, DataType.F32, Shape.of(2, 4), 13, 1));
        assertThrows(OperandException.class, () -> Tensor.wrap(data, DataType.F32, Shape.of(2, 4), -4, 1));
        assertThrows(OperandException.class, () -> Tensor.wrap(data, DataType.F32, Shape.of(2, 4), 4));
        assertThrows(OperandException.class,
                () -> Tensor.wrap(data, DataType.F32, Shape.of(3, 4), Long.MAX_VALUE, 1));
        assertThrows(OperandException.class, () -> Tensor.wrap(data.asSlice(1), DataType.F32, Shape.of(2)));
        assertThrows(OperandException.class,
                () -> Tensor.wrap(MemorySegment.ofArray(new float[4]), DataType.F32, Shape.of(4)));
    }

    @Test
    void elementsOutsideAreRefused() {
        Tensor tensor = counting(4);
        assertThrows(IndexOutOfBoundsException.class, () -> tensor.get(4));
        assertThrows(IndexOutOfBoundsException.class, () -> tensor.set(-1, 0));
    }

    @Test
    void aClosedArenaIsRefused() {
        Tensor tensor;
        try (Arena other = Arena.ofConfined()) {
            tensor = Tensor.allocate(other, DataType.F32, Shape.of(4));
        }
        assertThrows(IllegalStateException.class, () -> tensor.get(0));
    }

    @Test
    void literalsMustFillTheShape() {
        assertArrayEquals(new float[] {1, 2}, Tensor.ofFloats(arena, Shape.of(2), 1, 2).toFloats());
        assertArrayEquals(new long[] {255, 1}, Tensor.ofBytes(arena, DataType.U8, Shape.of(2), (byte) -1, (byte) 1)
                .toLongs());
        assertArrayEquals(new long[] {-7}, Tensor.ofInts(arena, Shape.of(), -7).toLongs());
        assertArrayEquals(new long[] {1L << 60}, Tensor.ofLongs(arena, Shape.of(1), 1L << 60).toLongs());
        assertThrows(OperandException.class, () -> Tensor.ofFloats(arena, Shape.of(3), 1, 2));
        assertThrows(OperandException.class, () -> Tensor.ofBytes(arena, DataType.F32, Shape.of(1), (byte) 1));
    }
}
