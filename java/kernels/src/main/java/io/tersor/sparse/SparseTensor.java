package io.tersor.sparse;

import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * Weights of which only the entries that may differ from zero are stored. Every index is proven when the tensor is made,
 * so that kernels need not check any. Immutable; safe from many threads while its arena is open.
 */
public interface SparseTensor {
    /** Returns how the kept entries are arranged. */
    SparseFormat format();

    /** Returns the type of the values: f32, bf16 or s8. */
    DataType type();

    /** Returns the dense shape: [outputs, inputs], or OIHW for a convolution. */
    Shape shape();

    /** Returns what the values mean: {@link QuantParams#IDENTITY} for floats; symmetric, per tensor or along axis 0. */
    QuantParams params();

    /** Returns how many entries are stored, zeros among them included. */
    long storedEntries();

    /** Returns the exact number of bytes of the format: values, indices, scales. */
    long byteSize();

    /** Returns the dense tensor of this shape, contiguous, with zeros where nothing is stored. */
    Tensor toDense(Arena arena);
}
