package io.tersor.sparse;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Reconstruction;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/** What is known of sparse weights before any of them. */
record SparseHeader(SparseFormat format, DataType type, Shape shape, QuantParams params) {
    /** Checks that type, shape and quantization are of those that weights have. */
    SparseHeader {
        OperandException.check(type == DataType.F32 || type == DataType.BF16 || type == DataType.S8, "values",
                "f32, bf16 or s8", type);
        MatrixView.of(shape);
        OperandException.check(params.isSymmetric(), "params", "symmetric", params);
        OperandException.check(params.reconstruction() == Reconstruction.LEVEL, "params",
                "reconstruction at the level", params);
        OperandException.check(params.isPerTensor() || params.isPerChannel() && params.axis() == 0, "params",
                "per tensor or along axis 0", params);
        OperandException.check(type == DataType.S8 || params.equals(QuantParams.IDENTITY), "params",
                "scale 1 for " + type, params);
        params.check("params", type, shape);
    }

    MatrixView matrix() {
        return MatrixView.of(shape);
    }

    /** Returns the bytes of the scales. */
    long scaleBytes() {
        return type == DataType.S8 ? (long) Float.BYTES * params.count() : 0;
    }
}
