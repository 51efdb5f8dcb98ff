package io.tersor.sparse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Bytes of the formats, written down by hand from their documentation. */
class SparseLayoutTest {
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        arena.close();
    }

    private Tensor bytes(Shape shape, int... values) {
        Tensor tensor = Tensor.allocate(arena, DataType.S8, shape);
        for (int i = 0; i < values.length; i++) {
            tensor.setLong(i, values[i]);
        }
        return tensor;
    }

    private static void assertData(SparseTensor sparse, int... expected) {
        byte[] narrow = new byte[expected.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (byte) expected[i];
        }
        assertArrayEquals(narrow, sparse.data().toArray(JAVA_BYTE));
    }

    @Test
    void csr() {
        SparseTensor sparse = CsrTensor.fromDense(bytes(Shape.of(3, 4), 0, 5, 0, 6, 0, 0, 0, 0, -1, 0, 0, 0), arena);
        assertData(sparse, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 5, 6, -1);
        assertEquals(3, sparse.storedEntries());
        assertEquals(4 + 25, sparse.byteSize());
    }

    @Test
    void valuesAreAligned() {
        // 3 offsets, one 16-bit column, 2 bytes of padding, one float 1.5 = 0x3FC00000.
        SparseTensor floats = CsrTensor.fromDense(Tensor.ofFloats(arena, Shape.of(2, 2), 0, 0, 1.5f, 0), arena);
        assertData(floats, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0x3F);
        assertEquals(20, floats.byteSize());
    }

    @Test
    void wideRowsHaveWideColumns() {
        Tensor dense = Tensor.allocate(arena, DataType.S8, Shape.of(1, 65537));
        dense.setLong(65536, 9);
        assertData(CsrTensor.fromDense(dense, arena), 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 9);
        Tensor narrower = Tensor.allocate(arena, DataType.S8, Shape.of(1, 65536));
        narrower.setLong(65535, 9);
        assertData(CsrTensor.fromDense(narrower, arena), 0, 0, 0, 0, 1, 0, 0, 0, 0xFF, 0xFF, 9);
    }

    @Test
    void columnsOfAConvolutionCountTapByTap() {
        // [1, 2, 1, 3]: input 1, tap 2 is column 2 * 2 + 1.
        assertData(CsrTensor.fromDense(bytes(Shape.of(1, 2, 1, 3), 0, 0, 0, 0, 0, 8), arena),
                0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 8);
    }

    @Test
    void blocks() {
        // Blocks of 2 x 2 in 3 x 3: the last row and column of blocks are cut off.
        SparseTensor sparse = BlockSparseTensor.fromDense(bytes(Shape.of(3, 3), 0, 0, 1, 0, 0, 2, 0, 0, 3), 2, 2,
                arena);
        assertData(sparse, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 1, 0, 2, 0, 3, 0, 0, 0);
        assertEquals(3, sparse.storedEntries());
        assertEquals(4 + 24, sparse.byteSize());
    }

    @Test
    void blocksDoNotStraddleTaps() {
        // [1, 3, 1, 2] in 1 x 2: two places for each tap; input 0, tap 1 is the first of the second tap's.
        SparseTensor sparse = BlockSparseTensor.fromDense(bytes(Shape.of(1, 3, 1, 2), 0, 7, 0, 0, 0, 0), 1, 2, arena);
        assertData(sparse, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7, 0);
    }

    @Test
    void bitmask() {
        SparseTensor sparse = BitmaskTensor.fromDense(
                bytes(Shape.of(2, 9), 4, 0, 0, 0, 0, 0, 0, 5, 6, 0, 7, 0, 0, 0, 0, 0, 0, 0), arena);
        assertData(sparse, 0, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0x81, 1, 2, 0, 4, 5, 6, 7);
        assertEquals(4 + 20, sparse.byteSize());
    }

    @Test
    void twoOfFour() {
        // Positions 1, 3 and, of a group of one entry, its own and the first other: 2 bits each.
        SparseTensor sparse = NmSparseTensor.fromDense(bytes(Shape.of(1, 8), 0, 1, 0, 2, 0, 0, 3, 0), 2, 4, arena);
        assertData(sparse, 1 | 3 << 2 | 0 << 4 | 2 << 6, 1, 2, 0, 3);
        assertEquals(4 + 5, sparse.byteSize());
        assertEquals(4, sparse.storedEntries());
    }

    @Test
    void groupsAreCutOff() {
        // Five inputs in groups of three, 2 bits a position: the second group lacks one.
        SparseTensor sparse = NmSparseTensor.fromDense(bytes(Shape.of(1, 5), 0, 0, 4, 0, 5), 1, 3, arena);
        assertData(sparse, 2 | 1 << 2, 4, 5);
        // 3 bits a position cross the bytes: 1, 4, 0, 1, then one cut off by two.
        SparseTensor wide = NmSparseTensor.fromDense(bytes(Shape.of(1, 6), 0, 1, 0, 0, 2, 3), 2, 5, arena);
        assertData(wide, 1 | 4 << 3 | 0 << 6, 1 << 1, 1, 2, 3, 0);
        assertEquals(3, wide.storedEntries());
    }

    @Test
    void scalesCount() {
        Tensor values = bytes(Shape.of(3, 4), 0, 5, 0, 6, 0, 0, 0, 0, -1, 0, 0, 0);
        QuantizedTensor perChannel = new QuantizedTensor(values, QuantParams.perChannel(0, 1f, 2f, 3f));
        assertEquals(12 + 25, CsrTensor.fromDense(perChannel, arena).byteSize());
        assertEquals(12 + 16 + 3 + 3, BitmaskTensor.fromDense(perChannel, arena).byteSize());
        assertEquals(12 + 16 + 2 * 2 + 2 * 4, BlockSparseTensor.fromDense(perChannel, 1, 4, arena).byteSize());
        assertEquals(12 + 2 + 6, NmSparseTensor.fromDense(perChannel, 2, 4, arena).byteSize());
    }

    @Test
    void serializedHeader() {
        SparseTensor sparse = BlockSparseTensor.fromDense(
                new QuantizedTensor(bytes(Shape.of(1, 2), 0, 3), QuantParams.perTensor(1.5f, 0)), 1, 2, arena);
        byte[] bytes = sparse.serialize(arena).toArray(JAVA_BYTE);
        assertArrayEquals(new byte[] {'T', 'S', 'P', 'T', 1, 0, 2, 2, 1, 0, 2, 0, 2, 0, 1, 0,
            1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, (byte) 0xC0, 0x3F, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3}, bytes);
    }

    @Test
    void bytesAreReadOnly() {
        SparseTensor sparse = CsrTensor.fromDense(bytes(Shape.of(1, 1), 1), arena);
        assertThrows(IllegalArgumentException.class, () -> sparse.data().set(JAVA_BYTE, 0, (byte) 1));
    }
}
