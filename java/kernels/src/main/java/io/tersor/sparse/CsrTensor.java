package io.tersor.sparse;

import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Single entries, row by row: compressed sparse rows. The bytes of {@link #data}, little-endian, e entries in all, C
 * columns of a row (all taps together):
 *
 * <table>
 * <caption>Layout</caption>
 * <tr><th>at byte</th><th>what</th></tr>
 * <tr><td>0</td><td>outputs + 1 offsets, 32 bits each: row r has the entries offset[r] to offset[r + 1] - 1; the first
 * is 0, the last e</td></tr>
 * <tr><td>4 * (outputs + 1)</td><td>e columns, ascending in each row, 16 bits each where C is at most 65536, else 32;
 * those of a convolution count tap by tap, [kh, kw, ic / groups]</td></tr>
 * <tr><td>the next multiple of the values' width</td><td>e values: f32, bf16 or s8</td></tr>
 * </table>
 */
public final class CsrTensor extends UnitRows implements SparseTensor {
    CsrTensor(SparseHeader header, MemorySegment data) {
        super(header, data);
    }

    /**
     * Returns the tensor of given indices and values, which are copied.
     *
     * @param shape [outputs, inputs] or OIHW
     * @param rowOffsets outputs + 1, see above
     * @param columns one for each value
     * @param values [e] of f32, bf16 or s8
     * @throws io.tersor.OperandException if an index does not fit, naming it
     */
    public static CsrTensor of(Shape shape, QuantParams params, int[] rowOffsets, int[] columns, Tensor values,
            Arena arena) {
        SparseHeader header = new SparseHeader(SparseFormat.CSR, values.type(), shape, params);
        return new CsrTensor(header, pack(header, rowOffsets, columns, values, arena));
    }

    /** Returns the entries of a tensor of floats, or of s8 of scale 1, that are not zero. */
    public static CsrTensor fromDense(Tensor dense, Arena arena) {
        return fromDense(dense, QuantParams.IDENTITY, arena);
    }

    /** Returns the entries of a quantized tensor that are not zero. */
    public static CsrTensor fromDense(QuantizedTensor dense, Arena arena) {
        return fromDense(dense.values(), dense.params(), arena);
    }

    static CsrTensor fromDense(Tensor dense, QuantParams params, Arena arena) {
        SparseHeader header = new SparseHeader(SparseFormat.CSR, dense.type(), dense.shape(), params);
        return new CsrTensor(header, pack(header, dense, arena));
    }
}
