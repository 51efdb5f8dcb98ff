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
 * At most N of every M neighbouring inputs of one output, such as 2:4. The rows are cut into groups of M inputs, each
 * tap's last group cut off; every group has N values and their positions in it. The bytes of {@link #data},
 * little-endian, G groups of a row, V = outputs * G * N values, b = ceil(log2(M)) bits of a position:
 *
 * <table>
 * <caption>Layout</caption>
 * <tr><th>at byte</th><th>what</th></tr>
 * <tr><td>0</td><td>V positions of b bits each, ascending in each group, in the order of the values: position i takes
 * the bits i * b to i * b + b - 1, of which bit j is bit j % 8 of byte j / 8; the last byte is filled up with
 * zeros</td></tr>
 * <tr><td>the next multiple of the values' width</td><td>V values, group by group and output by output: f32, bf16 or
 * s8; the groups of a convolution count tap by tap. Values of positions beyond a group that is cut off are
 * zero</td></tr>
 * </table>
 *
 * <p>A group with fewer than N entries that are not zero keeps zeros, too.
 */
public final class NmSparseTensor extends StoredTensor implements SparseTensor {
    private final int n;
    private final int m;
    private final long stored;

    /** Proves the positions. */
    NmSparseTensor(SparseHeader header, MemorySegment data) {
        super(header, data, indexBytes(header), slots(header));
        this.n = pattern(header).n();
        this.m = pattern(header).m();
        this.stored = checkPositions();
        int unused = (int) (indexBytes(header) * Byte.SIZE - slots(header) * bits(m));
        if (unused > 0) {
            int last = Byte.toUnsignedInt(data.get(JAVA_BYTE, indexBytes(header) - 1));
            OperandException.check(last >> Byte.SIZE - unused == 0, "positions", "zeros behind the last",
                    Integer.toBinaryString(last));
        }
    }

    private static SparseFormat.NOfM pattern(SparseHeader header) {
        return (SparseFormat.NOfM) header.format();
    }

    private static long slots(SparseHeader header) {
        long groups = (long) header.matrix().outputs() * header.matrix().units(pattern(header).m());
        return product("values", groups, pattern(header).n());
    }

    private static long indexBytes(SparseHeader header) {
        return Math.ceilDiv(product("positions", slots(header), bits(pattern(header).m())), (long) Byte.SIZE);
    }

    private static int bits(int m) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(m - 1);
    }

    private static int position(MemorySegment data, int bits, long slot) {
        long first = slot * bits;
        long at = first / Byte.SIZE;
        int shift = (int) (first % Byte.SIZE);
        int low = Byte.toUnsignedInt(data.get(JAVA_BYTE, at));
        int high = shift + bits > Byte.SIZE ? Byte.toUnsignedInt(data.get(JAVA_BYTE, at + 1)) : 0;
        return (high << Byte.SIZE | low) >> shift & (1 << bits) - 1;
    }

    /** Writes a position where zeros are. */
    private static void putPosition(MemorySegment data, int bits, long slot, int position) {
        long first = slot * bits;
        long at = first / Byte.SIZE;
        int shifted = position << first % Byte.SIZE;
        data.set(JAVA_BYTE, at, (byte) (data.get(JAVA_BYTE, at) | shifted));
        if (first % Byte.SIZE + bits > Byte.SIZE) {
            data.set(JAVA_BYTE, at + 1, (byte) (shifted >> Byte.SIZE));
        }
    }

    /** Returns how many entries of the matrix are stored. */
    private long checkPositions() {
        MatrixView matrix = header().matrix();
        long entries = 0;
        int last = -1;
        for (long slot = 0; slot < slots(header()); slot++) {
            last = slot % n == 0 ? -1 : last;
            int position = position(data(), bits(m), slot);
            if (position <= last || position >= m) {
                throw new OperandException("positions[" + slot + "]",
                        last + 1 + " to " + (m - 1) + ", ascending in its group", position);
            }
            last = position;
            if (position < matrix.length(group(matrix, slot), m)) {
                entries++;
            } else {
                checkPadding(slot);
            }
        }
        return entries;
    }

    /** Returns which group of its row a slot belongs to. */
    private int group(MatrixView matrix, long slot) {
        return (int) (slot / n % matrix.units(m));
    }

    /**
     * Returns the tensor of given positions and values, which are copied.
     *
     * @param shape [outputs, inputs] or OIHW
     * @param format N and M
     * @param positions one for each value, unsigned, below M
     * @param values [V] of f32, bf16 or s8
     * @throws OperandException if a position does not fit, naming it
     */
    public static NmSparseTensor of(Shape shape, SparseFormat.NOfM format, QuantParams params, byte[] positions,
            Tensor values, Arena arena) {
        SparseHeader header = new SparseHeader(format, values.type(), shape, params);
        long slots = slots(header);
        OperandException.check(positions.length == slots, "positions", slots + " values", positions.length);
        MemorySegment data = allocate(arena, header, indexBytes(header), slots);
        for (int slot = 0; slot < positions.length; slot++) {
            int position = Byte.toUnsignedInt(positions[slot]);
            // What is cut to its bits must not become another, valid position.
            OperandException.check(position < format.m(), "positions[" + slot + "]", "0 to " + (format.m() - 1),
                    position);
            putPosition(data, bits(format.m()), slot, position);
        }
        putValues(header, data, indexBytes(header), slots, values);
        return new NmSparseTensor(header, data);
    }

    /**
     * Returns a tensor of floats, or of s8 of scale 1.
     *
     * @throws OperandException if more than n of m neighbouring inputs are not zero, naming the first such group
     */
    public static NmSparseTensor fromDense(Tensor dense, int n, int m, Arena arena) {
        return fromDense(dense, QuantParams.IDENTITY, new SparseFormat.NOfM(n, m), arena);
    }

    /** Returns a quantized tensor, see {@link #fromDense(Tensor, int, int, Arena)}. */
    public static NmSparseTensor fromDense(QuantizedTensor dense, int n, int m, Arena arena) {
        return fromDense(dense.values(), dense.params(), new SparseFormat.NOfM(n, m), arena);
    }

    static NmSparseTensor fromDense(Tensor tensor, QuantParams params, SparseFormat.NOfM format, Arena arena) {
        SparseHeader header = new SparseHeader(format, tensor.type(), tensor.shape(), params);
        DenseMatrix dense = new DenseMatrix(tensor);
        MatrixView matrix = header.matrix();
        MemorySegment data = allocate(arena, header, indexBytes(header), slots(header));
        long slot = 0;
        for (int row = 0; row < matrix.outputs(); row++) {
            for (int group = 0; group < matrix.units(format.m()); group++, slot += format.n()) {
                putGroup(header, data, dense, row, group, slot);
            }
        }
        return new NmSparseTensor(header, data);
    }

    /** Writes one group: its entries that are not zero and as many of the first zeros as there is room for. */
    private static void putGroup(SparseHeader header, MemorySegment data, DenseMatrix dense, int row, int group,
            long first) {
        SparseFormat.NOfM format = pattern(header);
        int column = header.matrix().start(group, format.m());
        int length = header.matrix().length(group, format.m());
        int kept = 0;
        for (int i = 0; i < length; i++) {
            kept += dense.isZero(row, column + i) ? 0 : 1;
        }
        if (kept > format.n()) {
            throw new OperandException("weights", "at most " + format.label() + " neighbouring inputs that are not 0",
                    kept + " of output " + row + " from input " + column + " on");
        }
        int zeros = format.n() - kept;
        long slot = first;
        for (int i = 0; slot < first + format.n(); i++) {
            boolean zero = i >= length || dense.isZero(row, column + i);
            if (!zero || zeros-- > 0) {
                putPosition(data, bits(format.m()), slot, i);
                if (!zero) {
                    putValue(header, data, indexBytes(header), slot, dense.bits(row, column + i));
                }
                slot++;
            }
        }
    }

    @Override
    void visit(Visitor visitor) {
        MatrixView matrix = header().matrix();
        for (long slot = 0; slot < slots(header()); slot++) {
            int group = group(matrix, slot);
            int position = position(data(), bits(m), slot);
            if (position < matrix.length(group, m)) {
                visitor.entry((int) (slot / n / matrix.units(m)), matrix.start(group, m) + position, slot);
            }
        }
    }

    @Override
    public long storedEntries() {
        return stored;
    }
}
