package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Transposes matrices: dst[b, c, r] = src[b, r, c], of any bits. NCHW becomes NHWC with r the channels and c the pixels,
 * and the other way round.
 *
 * @param type f32, u8 or s8
 */
public record TransposeSpec(DataType type) implements UnarySpec {
    /** Checks the type. */
    public TransposeSpec {
        SpecChecks.byteOrF32("type", type);
    }

    @Override
    public DataType srcType() {
        return type;
    }

    @Override
    public DataType dstType() {
        return type;
    }

    @Override
    public Shape dstShape(Shape src) {
        OperandException.check(src.rank() == 3, "src", "[matrices, rows, columns]", src);
        return Shape.of(src.dim(0), src.dim(2), src.dim(1));
    }

    @Override
    public String name() {
        return "transpose_" + type;
    }
}
