package io.tersor.sparse;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** A dense tensor of weights that is read as the matrix of a {@link MatrixView}. */
final class DenseMatrix {
    private final MemorySegment data;
    private final DataType type;
    private final MatrixView matrix;
    private final int kw;
    private final long rowStride;
    private final long inputStride;
    private final long tapRowStride;
    private final long tapStride;

    /** @param tensor [outputs, inputs] or OIHW, any strides */
    DenseMatrix(Tensor tensor) {
        Shape shape = tensor.shape();
        this.matrix = MatrixView.of(shape);
        this.data = tensor.data();
        this.type = tensor.type();
        boolean image = shape.rank() == 4;
        this.kw = image ? (int) shape.dim(3) : 1;
        this.rowStride = tensor.stride(0);
        this.inputStride = tensor.stride(1);
        this.tapRowStride = image ? tensor.stride(2) : 0;
        this.tapStride = image ? tensor.stride(3) : 0;
    }

    /** Returns the bits of one element. */
    int bits(int row, int column) {
        int tap = column / matrix.inputs();
        int input = column % matrix.inputs();
        return ElementBits.NATIVE.get(data, type, 0, row * rowStride + input * inputStride + tap / kw * tapRowStride
                + tap % kw * tapStride);
    }

    boolean isZero(int row, int column) {
        return ElementBits.isZero(type, bits(row, column));
    }
}
