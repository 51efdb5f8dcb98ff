package io.tersor.sparse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Indices and bytes that prove nothing: each is refused by a typed exception that names it. */
class HostileSparseTest {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final Shape SHAPE = Shape.of(2, 5);

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        arena.close();
    }

    private Tensor values(int count) {
        Tensor values = Tensor.allocate(arena, DataType.F32, Shape.of(count));
        for (int i = 0; i < count; i++) {
            values.set(i, i + 1);
        }
        return values;
    }

    private static void refused(String operand, Executable making) {
        assertEquals(operand, assertThrows(OperandException.class, making).operand());
    }

    private CsrTensor csr(int[] offsets, int... columns) {
        return CsrTensor.of(SHAPE, QuantParams.IDENTITY, offsets, columns, values(columns.length), arena);
    }

    private static int[] ints(int... values) {
        return values;
    }

    @Test
    void csrTakesWhatIsValid() {
        assertArrayEquals(new float[] {0, 1, 0, 0, 2, 3, 0, 0, 0, 0}, csr(ints(0, 2, 3), 1, 4, 0).toDense(arena)
                .toFloats());
        assertEquals(0, csr(ints(0, 0, 0)).storedEntries());
    }

    @Test
    void csrRefusesOffsets() {
        refused("rowOffsets", () -> csr(ints(0, 2), 1, 4));
        refused("rowOffsets", () -> csr(ints(0, 1, 2, 2), 1, 4));
        refused("rowOffsets", () -> csr(ints()));
        refused("rowOffsets[0]", () -> csr(ints(1, 2, 2), 1, 4));
        refused("rowOffsets[0]", () -> csr(ints(-1, 0, 2), 1, 4));
        refused("rowOffsets[1]", () -> csr(ints(0, 3, 2), 1, 4));
        refused("rowOffsets[1]", () -> csr(ints(0, -1, 2), 1, 4));
        refused("rowOffsets[1]", () -> csr(ints(0, Integer.MIN_VALUE, 2), 1, 4));
        refused("rowOffsets[1]", () -> csr(ints(0, Integer.MAX_VALUE, 2), 1, 4));
        refused("rowOffsets[2]", () -> csr(ints(0, 1, -2), 1, 4));
        refused("data", () -> csr(ints(0, 1, 1), 1, 4));
        refused("data", () -> csr(ints(0, 1, 3), 1, 4));
        refused("data", () -> csr(ints(0, 1, Integer.MAX_VALUE), 1, 4));
    }

    @Test
    void csrRefusesColumns() {
        refused("indices[1]", () -> csr(ints(0, 2, 2), 4, 1));
        refused("indices[1]", () -> csr(ints(0, 2, 2), 4, 4));
        refused("indices[1]", () -> csr(ints(0, 2, 2), 4, 5));
        refused("indices[0]", () -> csr(ints(0, 1, 1), -1));
        // Cut to 16 bits these would be columns 1 and 0.
        refused("indices[0]", () -> csr(ints(0, 1, 1), 65537));
        refused("indices[1]", () -> csr(ints(0, 2, 2), 1, Integer.MIN_VALUE));
        refused("indices[0]", () -> CsrTensor.of(Shape.of(1, 0), QuantParams.IDENTITY, ints(0, 1), ints(0), values(1),
                arena));
    }

    @Test
    void valuesMustMatch() {
        refused("values", () -> CsrTensor.of(SHAPE, QuantParams.IDENTITY, ints(0, 1, 2), ints(1, 4), values(3), arena));
        refused("values", () -> CsrTensor.of(SHAPE, QuantParams.IDENTITY, ints(0, 1, 2), ints(1, 4),
                values(2).reshape(Shape.of(2, 1)), arena));
        refused("params", () -> CsrTensor.of(SHAPE, QuantParams.perTensor(2f, 0), ints(0, 1, 2), ints(1, 4), values(2),
                arena));
    }

    @Test
    void inputsAreCopied() {
        int[] offsets = {0, 1, 2};
        int[] columns = {1, 4};
        Tensor values = values(2);
        CsrTensor sparse = CsrTensor.of(SHAPE, QuantParams.IDENTITY, offsets, columns, values, arena);
        offsets[1] = 77;
        columns[0] = 99;
        values.set(0, 55);
        assertArrayEquals(new float[] {0, 1, 0, 0, 0, 0, 0, 0, 0, 2}, sparse.toDense(arena).toFloats());
        MemorySegment bytes = sparse.serialize(arena);
        SparseTensor read = SparseTensor.deserialize(bytes, arena);
        bytes.fill((byte) -1);
        assertArrayEquals(new float[] {0, 1, 0, 0, 0, 0, 0, 0, 0, 2}, read.toDense(arena).toFloats());
    }

    private BlockSparseTensor blocks(int[] offsets, int[] places, Tensor values) {
        // 2 x 3 blocks, the last two inputs of each tap's second block are missing: [2, 4, 1, 2].
        return BlockSparseTensor.of(Shape.of(3, 4, 1, 2), new SparseFormat.Block(2, 3), QuantParams.IDENTITY, offsets,
                places, values, arena);
    }

    @Test
    void blocksAreChecked() {
        Tensor block = Tensor.ofFloats(arena, Shape.of(6), 1, 0, 0, 2, 0, 0);
        SparseTensor valid = blocks(ints(0, 1, 1), ints(3), block);
        assertEquals(2, valid.storedEntries());
        // Output 0 and 1, input 3, tap 1.
        Tensor dense = valid.toDense(arena);
        assertEquals(1, dense.get(7));
        assertEquals(2, dense.get(15));
        refused("indices[0]", () -> blocks(ints(0, 1, 1), ints(4), block));
        refused("indices[1]", () -> blocks(ints(0, 2, 2), ints(1, 1), values(12)));
        refused("rowOffsets", () -> blocks(ints(0, 1), ints(1), block));
        refused("values", () -> blocks(ints(0, 1, 1), ints(3), values(5)));
        // Beyond the end of the tap, and below the last output.
        refused("values[1]", () -> blocks(ints(0, 1, 1), ints(3),
                Tensor.ofFloats(arena, Shape.of(6), 1, 3, 0, 2, 0, 0)));
        refused("values[3]", () -> blocks(ints(0, 0, 1), ints(0), values(6)));
        refused("block", () -> new SparseFormat.Block(0, 4));
    }

    private BitmaskTensor bitmask(int[] offsets, int... mask) {
        byte[] bytes = new byte[mask.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) mask[i];
        }
        return BitmaskTensor.of(SHAPE, QuantParams.IDENTITY, offsets, bytes, values(3), arena);
    }

    @Test
    void bitmasksAreChecked() {
        assertArrayEquals(new float[] {1, 0, 0, 0, 2, 0, 3, 0, 0, 0}, bitmask(ints(0, 2, 3), 0b10001, 0b10)
                .toDense(arena).toFloats());
        refused("mask of row 0", () -> bitmask(ints(0, 1, 3), 0b10001, 0b10));
        refused("mask of row 1", () -> bitmask(ints(0, 2, 3), 0b10001, 0));
        refused("mask of row 1", () -> bitmask(ints(0, 2, 3), 0b10001, 0b100000));
        refused("mask", () -> bitmask(ints(0, 2, 3), 0b10001));
        refused("mask", () -> bitmask(ints(0, 2, 3), 0b10001, 2, 0));
        refused("rowOffsets", () -> bitmask(ints(0, 3), 0b10001, 0b10));
        refused("rowOffsets[1]", () -> bitmask(ints(0, 4, 3), 0b10001, 0b10));
        refused("data", () -> bitmask(ints(0, 2, 4), 0b10001, 0b10));
    }

    private NmSparseTensor twoOfFour(Tensor values, int... positions) {
        byte[] bytes = new byte[positions.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) positions[i];
        }
        return NmSparseTensor.of(Shape.of(1, 5), new SparseFormat.NOfM(2, 4), QuantParams.IDENTITY, bytes, values,
                arena);
    }

    @Test
    void positionsAreChecked() {
        Tensor values = Tensor.ofFloats(arena, Shape.of(4), 1, 2, 3, 0);
        assertArrayEquals(new float[] {0, 1, 0, 2, 3}, twoOfFour(values, 1, 3, 0, 2).toDense(arena).toFloats());
        assertEquals(3, twoOfFour(values, 1, 3, 0, 2).storedEntries());
        refused("positions[1]", () -> twoOfFour(values, 1, 1, 0, 2));
        refused("positions[1]", () -> twoOfFour(values, 3, 1, 0, 2));
        refused("positions[1]", () -> twoOfFour(values, 1, 4, 0, 2));
        refused("positions[0]", () -> twoOfFour(values, 255, 3, 0, 2));
        refused("positions", () -> twoOfFour(values, 1, 3, 0));
        refused("positions", () -> twoOfFour(values, 1, 3, 0, 2, 0));
        refused("values", () -> twoOfFour(values(5), 1, 3, 0, 2));
        refused("values[3]", () -> twoOfFour(values(4), 1, 3, 0, 2));
        refused("n:m", () -> new SparseFormat.NOfM(3, 2));
        // 3-bit positions hold more than M.
        MemorySegment bytes = NmSparseTensor.fromDense(values.reshape(Shape.of(1, 4)), 3, 5, arena).serialize(arena);
        bytes.set(JAVA_BYTE, 48, (byte) 0b10_111_000);
        refused("positions[1]", () -> SparseTensor.deserialize(bytes, arena));
    }

    @Test
    void overflowingCountsAreRefused() {
        SparseFormat.NOfM all = new SparseFormat.NOfM(256, 256);
        int most = Integer.MAX_VALUE - 1;
        refused("positions", () -> NmSparseTensor.of(Shape.of(1, 1, most, 1), all, QuantParams.IDENTITY, new byte[1],
                values(1), arena));
        refused("values", () -> NmSparseTensor.of(Shape.of(most, 1, most, 1), all, QuantParams.IDENTITY, new byte[1],
                values(1), arena));
        refused("shape", () -> CsrTensor.of(Shape.of(1, 1L << 40), QuantParams.IDENTITY, ints(0, 0), ints(), values(0),
                arena));
        refused("shape", () -> CsrTensor.of(Shape.of(1, 1 << 20, 1 << 10, 4), QuantParams.IDENTITY, ints(0, 0), ints(),
                values(0), arena));
        refused("rowOffsets", () -> CsrTensor.of(Shape.of(most, 1), QuantParams.IDENTITY, ints(0, 0), ints(), values(0),
                arena));
        refused("mask", () -> BitmaskTensor.of(Shape.of(1, most), QuantParams.IDENTITY, ints(0, 0), new byte[1],
                values(0), arena));
    }

    @Test
    void headersAreChecked() {
        MemorySegment good = CsrTensor.fromDense(Tensor.ofBytes(arena, DataType.S8, SHAPE,
                new byte[] {0, 1, 0, 2, 0, 3, 0, 4, 5, 6}), arena).serialize(arena);
        refused("bytes", () -> SparseTensor.deserialize(good.asSlice(0, 47), arena));
        refused("bytes", () -> SparseTensor.deserialize(MemorySegment.NULL, arena));
        refused("bytes", () -> SparseTensor.deserialize(good.asSlice(0, 50), arena));
        refused("data", () -> SparseTensor.deserialize(good.asSlice(0, 52), arena));
        refused("data", () -> SparseTensor.deserialize(good.asSlice(0, good.byteSize() - 1), arena));
        MemorySegment longer = arena.allocate(good.byteSize() + 1).copyFrom(good);
        refused("data", () -> SparseTensor.deserialize(longer, arena));
        refused("magic", () -> SparseTensor.deserialize(changed(good, 0, 'X'), arena));
        refused("version", () -> SparseTensor.deserialize(changed(good, 4, 2), arena));
        refused("format", () -> SparseTensor.deserialize(changed(good, 6, 4), arena));
        refused("format", () -> SparseTensor.deserialize(changed(good, 6, -1), arena));
        refused("block", () -> SparseTensor.deserialize(changed(good, 6, 2), arena));
        refused("n:m", () -> SparseTensor.deserialize(changed(good, 6, 3), arena));
        refused("type", () -> SparseTensor.deserialize(changed(good, 7, 3), arena));
        refused("scales", () -> SparseTensor.deserialize(changed(good, 7, 0), arena));
        refused("format", () -> SparseTensor.deserialize(changed(good, 8, 1), arena));
        refused("rank", () -> SparseTensor.deserialize(changed(good, 12, 3), arena));
        refused("scales", () -> SparseTensor.deserialize(changed(good, 14, 3), arena));
        refused("extent 2", () -> SparseTensor.deserialize(changed(good, 32, 1), arena));
        refused("scale[0]", () -> SparseTensor.deserialize(changed(good, 51, 0x80), arena));
        MemorySegment huge = arena.allocate(good.byteSize()).copyFrom(good);
        huge.set(LONG, 16, Long.MAX_VALUE);
        refused("extent 0", () -> SparseTensor.deserialize(huge, arena));
        huge.set(LONG, 16, -1);
        refused("extent 0", () -> SparseTensor.deserialize(huge, arena));
        huge.set(LONG, 16, Integer.MAX_VALUE - 1);
        refused("data", () -> SparseTensor.deserialize(huge, arena));
        // A scale for each of two billion outputs.
        huge.set(JAVA_BYTE, 14, (byte) 2);
        refused("bytes", () -> SparseTensor.deserialize(huge, arena));
        MemorySegment counts = arena.allocate(good.byteSize()).copyFrom(good);
        counts.set(INT, 52 + 8, Integer.MAX_VALUE);
        refused("data", () -> SparseTensor.deserialize(counts, arena));
        counts.set(INT, 52 + 8, -1);
        refused("rowOffsets[2]", () -> SparseTensor.deserialize(counts, arena));
        // The last of row 1's columns, which are 0, 2, 3 and 4.
        refused("indices[5]", () -> SparseTensor.deserialize(changed(good, 52 + 12 + 10, 5), arena));
        refused("indices[5]", () -> SparseTensor.deserialize(changed(good, 52 + 12 + 11, 0x80), arena));
        assertArrayEquals(new long[] {0, 1, 0, 2, 0, 3, 0, 4, 5, 6},
                SparseTensor.deserialize(MemorySegment.ofArray(good.toArray(JAVA_BYTE)), arena).toDense(arena)
                        .toLongs());
    }

    private MemorySegment changed(MemorySegment bytes, long at, int value) {
        MemorySegment copy = arena.allocate(bytes.byteSize()).copyFrom(bytes);
        copy.set(JAVA_BYTE, at, (byte) value);
        return copy;
    }

    /** Random bytes changed in every format: either a typed exception, or a tensor whose entries all lie inside. */
    @Test
    void changedBytesAreRefusedOrHarmless() {
        Random random = new Random(7);
        int refused = 0;
        for (SparseFormat format : Patterns.FORMATS) {
            try (Arena local = Arena.ofConfined()) {
                MemorySegment good = SparseTensor.fromDense(format,
                        Patterns.random(format, DataType.S8, Shape.of(5, 6, 2, 1), 0.5, 3, local), local)
                        .serialize(local);
                for (int i = 0; i < 400; i++) {
                    MemorySegment bad = local.allocate(good.byteSize()).copyFrom(good);
                    for (int changes = random.nextInt(3); changes >= 0; changes--) {
                        bad.set(JAVA_BYTE, random.nextLong(bad.byteSize()), (byte) random.nextInt());
                    }
                    try {
                        SparseTensor read = SparseTensor.deserialize(bad, local);
                        assertTrue(read.storedEntries() <= read.shape().elements(), read.toString());
                        if (read.shape().elements() <= 1 << 20) {
                            read.toDense(local);
                        }
                    } catch (TersorException typed) {
                        refused++;
                    }
                }
            }
        }
        assertTrue(refused > 1000, refused + " refused");
    }
}
