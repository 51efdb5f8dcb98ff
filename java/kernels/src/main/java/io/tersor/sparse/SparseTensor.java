package io.tersor.sparse;

import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Weights of which only the entries that may differ from zero are stored. Every index is proven when the tensor is
 * made, so that kernels need not check any; what it is made from is copied, and its own bytes nobody can write.
 * Immutable; safe from many threads while its arena is open.
 */
public sealed interface SparseTensor permits CsrTensor, BlockSparseTensor, BitmaskTensor, NmSparseTensor {
    /**
     * Returns the units of a dense tensor that are not all zeros (of either sign).
     *
     * @param dense f32, bf16, or s8 of scale 1: [outputs, inputs], or [oc, ic / groups, kh, kw] for a convolution, any
     *     strides
     * @throws io.tersor.OperandException if type or shape do not fit, or the zeros do not fit an N:M format
     */
    static SparseTensor fromDense(SparseFormat format, Tensor dense, Arena arena) {
        return fromDense(format, dense, QuantParams.IDENTITY, arena);
    }

    /** Returns the same of quantized s8: symmetric, per tensor or along axis 0. */
    static SparseTensor fromDense(SparseFormat format, QuantizedTensor dense, Arena arena) {
        return fromDense(format, dense.values(), dense.params(), arena);
    }

    private static SparseTensor fromDense(SparseFormat format, Tensor dense, QuantParams params, Arena arena) {
        return switch (format) {
            case SparseFormat.Csr _ -> CsrTensor.fromDense(dense, params, arena);
            case SparseFormat.Bitmask _ -> BitmaskTensor.fromDense(dense, params, arena);
            case SparseFormat.Block block -> BlockSparseTensor.fromDense(dense, params, block, arena);
            case SparseFormat.NOfM pattern -> NmSparseTensor.fromDense(dense, params, pattern, arena);
        };
    }

    /**
     * Returns the tensor that {@link #serialize} wrote. Takes no more memory than the bytes; what {@link #toDense}
     * takes, the shape tells before.
     *
     * @param bytes all bytes of one tensor, on the heap or not; copied first, so that it does not matter who else
     *     writes
     * @throws io.tersor.OperandException if they are none, naming what is wrong
     */
    static SparseTensor deserialize(MemorySegment bytes, Arena arena) {
        return Serialization.read(bytes, arena);
    }

    /** Returns how the kept entries are arranged. */
    SparseFormat format();

    /** Returns the type of the values: f32, bf16 or s8. */
    DataType type();

    /** Returns the dense shape: [outputs, inputs], or OIHW for a convolution. */
    Shape shape();

    /** Returns what the values mean: {@link QuantParams#IDENTITY} for floats; symmetric, per tensor or along axis 0. */
    QuantParams params();

    /** Returns how many entries of the shape are stored, zeros among them included. */
    long storedEntries();

    /** Returns indices and values, read-only, laid out as the class of the format tells. */
    MemorySegment data();

    /** Returns the exact number of bytes of the format: {@link #data}, and 4 for each scale of s8 values. */
    long byteSize();

    /** Returns the dense tensor of this shape, contiguous, with zeros where nothing is stored. */
    Tensor toDense(Arena arena);

    /**
     * Returns the tensor as bytes, little-endian:
     *
     * <table>
     * <caption>Layout</caption>
     * <tr><th>at byte</th><th>what</th></tr>
     * <tr><td>0</td><td>the letters TSPT</td></tr>
     * <tr><td>4</td><td>version, 16 bits: 1</td></tr>
     * <tr><td>6</td><td>format, 8 bits: 0 csr, 1 bitmask, 2 blocks, 3 N:M</td></tr>
     * <tr><td>7</td><td>type, 8 bits: 0 f32, 1 bf16, 2 s8</td></tr>
     * <tr><td>8</td><td>rows and columns of a block, or N and M, 16 bits each; else 0</td></tr>
     * <tr><td>12</td><td>rank, 16 bits: 2 or 4</td></tr>
     * <tr><td>14</td><td>scales, 16 bits: 0 none (floats), 1 per tensor, 2 along axis 0</td></tr>
     * <tr><td>16</td><td>four extents of the shape, 64 bits each, the last ones 0 where the rank is 2</td></tr>
     * <tr><td>48</td><td>the scales, f32</td></tr>
     * <tr><td>behind them</td><td>{@link #data}, up to the end</td></tr>
     * </table>
     */
    MemorySegment serialize(Arena arena);
}
