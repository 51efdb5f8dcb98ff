package io.tersor.sparse;

import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Blocks of R outputs x C inputs, kept or zero as a whole, rows of blocks one after the other. The bytes of
 * {@link #data}, little-endian, b blocks in all, B = outputs / R rows of blocks and P = taps * ((inputs of a tap) / C)
 * places in each, both quotients rounded up:
 *
 * <table>
 * <caption>Layout</caption>
 * <tr><th>at byte</th><th>what</th></tr>
 * <tr><td>0</td><td>B + 1 offsets, 32 bits each: row r has the blocks offset[r] to offset[r + 1] - 1; the first is 0,
 * the last b</td></tr>
 * <tr><td>4 * (B + 1)</td><td>b places, ascending in each row, 16 bits each where P is at most 65536, else 32; those of
 * a convolution count tap by tap, [kh, kw, (ic / groups) / C]</td></tr>
 * <tr><td>the next multiple of the values' width</td><td>b blocks of R x C values, output by output: f32, bf16 or s8;
 * what lies beyond the last output or a tap's last input is zero</td></tr>
 * </table>
 */
public final class BlockSparseTensor extends UnitRows implements SparseTensor {
    BlockSparseTensor(SparseHeader header, MemorySegment data) {
        super(header, data);
    }

    /**
     * Returns the tensor of given indices and values, which are copied.
     *
     * @param shape [outputs, inputs] or OIHW
     * @param format R and C
     * @param rowOffsets B + 1, see above
     * @param places one for each block
     * @param values [b * R * C] of f32, bf16 or s8
     * @throws io.tersor.OperandException if an index does not fit, naming it
     */
    public static BlockSparseTensor of(Shape shape, SparseFormat.Block format, QuantParams params, int[] rowOffsets,
            int[] places, Tensor values, Arena arena) {
        SparseHeader header = new SparseHeader(format, values.type(), shape, params);
        return new BlockSparseTensor(header, pack(header, rowOffsets, places, values, arena));
    }

    /** Returns the blocks of a tensor of floats, or of s8 of scale 1, that are not all zeros. */
    public static BlockSparseTensor fromDense(Tensor dense, int rows, int columns, Arena arena) {
        return fromDense(dense, QuantParams.IDENTITY, new SparseFormat.Block(rows, columns), arena);
    }

    /** Returns the blocks of a quantized tensor that are not all zeros. */
    public static BlockSparseTensor fromDense(QuantizedTensor dense, int rows, int columns, Arena arena) {
        return fromDense(dense.values(), dense.params(), new SparseFormat.Block(rows, columns), arena);
    }

    static BlockSparseTensor fromDense(Tensor dense, QuantParams params, SparseFormat.Block format, Arena arena) {
        SparseHeader header = new SparseHeader(format, dense.type(), dense.shape(), params);
        return new BlockSparseTensor(header, pack(header, dense, arena));
    }
}
