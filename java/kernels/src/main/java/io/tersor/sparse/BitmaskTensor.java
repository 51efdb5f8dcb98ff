package io.tersor.sparse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Single entries, one bit of each row's entries telling which are kept. The bytes of {@link #data}, little-endian, e
 * entries in all, C columns of a row (all taps together), W = C / 8 rounded up:
 *
 * <table>
 * <caption>Layout</caption>
 * <tr><th>at byte</th><th>what</th></tr>
 * <tr><td>0</td><td>outputs + 1 offsets, 32 bits each: row r has the values offset[r] to offset[r + 1] - 1; the first
 * is 0, the last e</td></tr>
 * <tr><td>4 * (outputs + 1)</td><td>W bytes for each row: column c is kept where bit c % 8 of byte c / 8 is set; the
 * columns of a convolution count tap by tap, [kh, kw, ic / groups]; bits from C on are clear</td></tr>
 * <tr><td>the next multiple of the values' width</td><td>e values in the order of the bits: f32, bf16 or s8</td></tr>
 * </table>
 */
public final class BitmaskTensor extends StoredTensor implements SparseTensor {
    private final long stored;

    /** Proves offsets and bits. */
    BitmaskTensor(SparseHeader header, MemorySegment data) {
        int rows = header.matrix().outputs();
        int count = RowOffsets.count(rows, data);
        super(header, data, indexBytes(header), count);
        this.stored = count;
        RowOffsets.check(rows, data);
        for (int row = 0; row < rows; row++) {
            checkMask(row);
        }
    }

    private void checkMask(int row) {
        int columns = header().matrix().columns();
        int bits = 0;
        for (long at = maskAt(header(), row); at < maskAt(header(), row + 1); at++) {
            bits += Integer.bitCount(Byte.toUnsignedInt(data().get(JAVA_BYTE, at)));
        }
        int entries = RowOffsets.get(data(), row + 1) - RowOffsets.get(data(), row);
        OperandException.check(bits == entries, "mask of row " + row, entries + " bits", bits);
        if (columns % Byte.SIZE != 0) {
            int last = Byte.toUnsignedInt(data().get(JAVA_BYTE, maskAt(header(), row + 1) - 1));
            OperandException.check(last >> columns % Byte.SIZE == 0, "mask of row " + row,
                    "no bits from " + columns + " on", Integer.toBinaryString(last));
        }
    }

    private static long maskBytes(SparseHeader header) {
        return Math.ceilDiv(header.matrix().columns(), Byte.SIZE);
    }

    private static long maskAt(SparseHeader header, int row) {
        return RowOffsets.bytes(header.matrix().outputs()) + row * maskBytes(header);
    }

    private static long indexBytes(SparseHeader header) {
        return maskAt(header, header.matrix().outputs());
    }

    /**
     * Returns the tensor of given offsets, bits and values, which are copied.
     *
     * @param shape [outputs, inputs] or OIHW
     * @param rowOffsets outputs + 1, see above
     * @param mask W bytes for each output
     * @param values [e] of f32, bf16 or s8
     * @throws OperandException if an offset or the mask does not fit, naming it
     */
    public static BitmaskTensor of(Shape shape, QuantParams params, int[] rowOffsets, byte[] mask, Tensor values,
            Arena arena) {
        SparseHeader header = new SparseHeader(SparseFormat.BITMASK, values.type(), shape, params);
        int rows = header.matrix().outputs();
        RowOffsets.checkLength(rows, rowOffsets);
        long maskBytes = indexBytes(header) - maskAt(header, 0);
        OperandException.check(mask.length == maskBytes, "mask", maskBytes + " bytes", mask.length);
        long slots = values.shape().elements();
        MemorySegment data = allocate(arena, header, indexBytes(header), slots);
        RowOffsets.put(data, rowOffsets);
        MemorySegment.copy(mask, 0, data, JAVA_BYTE, maskAt(header, 0), mask.length);
        putValues(header, data, indexBytes(header), slots, values);
        return new BitmaskTensor(header, data);
    }

    /** Returns the entries of a tensor of floats, or of s8 of scale 1, that are not zero. */
    public static BitmaskTensor fromDense(Tensor dense, Arena arena) {
        return fromDense(dense, QuantParams.IDENTITY, arena);
    }

    /** Returns the entries of a quantized tensor that are not zero. */
    public static BitmaskTensor fromDense(QuantizedTensor dense, Arena arena) {
        return fromDense(dense.values(), dense.params(), arena);
    }

    static BitmaskTensor fromDense(Tensor tensor, QuantParams params, Arena arena) {
        SparseHeader header = new SparseHeader(SparseFormat.BITMASK, tensor.type(), tensor.shape(), params);
        DenseMatrix dense = new DenseMatrix(tensor);
        int rows = header.matrix().outputs();
        int columns = header.matrix().columns();
        long count = 0;
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                count += dense.isZero(row, column) ? 0 : 1;
            }
        }
        MemorySegment data = allocate(arena, header, indexBytes(header), RowOffsets.checkCount(count));
        int slot = 0;
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                if (!dense.isZero(row, column)) {
                    long at = maskAt(header, row) + column / Byte.SIZE;
                    data.set(JAVA_BYTE, at, (byte) (data.get(JAVA_BYTE, at) | 1 << column % Byte.SIZE));
                    putValue(header, data, indexBytes(header), slot++, dense.bits(row, column));
                }
            }
            RowOffsets.put(data, row + 1, slot);
        }
        return new BitmaskTensor(header, data);
    }

    @Override
    void visit(Visitor visitor) {
        int slot = 0;
        for (int row = 0; row < header().matrix().outputs(); row++) {
            long mask = maskAt(header(), row);
            for (int column = 0; column < header().matrix().columns(); column++) {
                if ((data().get(JAVA_BYTE, mask + column / Byte.SIZE) >> column % Byte.SIZE & 1) != 0) {
                    visitor.entry(row, column, slot++);
                }
            }
        }
    }

    @Override
    public long storedEntries() {
        return stored;
    }
}
