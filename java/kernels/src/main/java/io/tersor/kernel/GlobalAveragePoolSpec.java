package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Mean over all pixels of NHWC images: [n, h, w, c] to [n, 1, 1, c], with {@link Pool2dSpec}'s arithmetic for average
 * pooling. An empty image gives zero.
 */
public record GlobalAveragePoolSpec(DataType type, QuantParams srcParams, QuantParams dstParams)
        implements UnarySpec {
    /** Checks the combination. */
    public GlobalAveragePoolSpec {
        SpecChecks.byteOrF32("type", type);
        SpecChecks.perTensor("srcParams", type, srcParams);
        SpecChecks.perTensor("dstParams", type, dstParams);
    }

    /** Returns an f32 pooling. */
    public static GlobalAveragePoolSpec f32() {
        return new GlobalAveragePoolSpec(DataType.F32, QuantParams.IDENTITY, QuantParams.IDENTITY);
    }

    /** Returns the factor from src to dst: srcScale / dstScale. */
    public float multiplier() {
        return (float) ((double) srcParams.scale() / dstParams.scale());
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
        OperandException.check(src.rank() == 4, "src", "shape [n, h, w, c]", src);
        return Shape.of(src.dim(0), 1, 1, src.dim(3));
    }

    @Override
    public String name() {
        return "globalavgpool_" + type;
    }
}
