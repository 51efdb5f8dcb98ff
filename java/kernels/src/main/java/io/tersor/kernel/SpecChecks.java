package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Reconstruction;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import java.util.Optional;

/** Checks that several specs share. */
final class SpecChecks {
    private SpecChecks() {}

    static void matMulTypes(DataType src, DataType weights, DataType dst) {
        switch (src) {
            case F32 -> OperandException.check(weights == DataType.F32 || weights == DataType.S8, "weights",
                    "f32 or s8 for f32 src", weights);
            case BF16 -> OperandException.check(weights == DataType.BF16, "weights", "bf16 for bf16 src", weights);
            case U8, S8 -> OperandException.check(weights == DataType.S8, "weights", "s8 for " + src + " src", weights);
            default -> throw new OperandException("src", "f32, bf16, u8 or s8", src);
        }
        boolean floating = dst == DataType.F32 || dst == DataType.BF16;
        if (src.isFloating()) {
            OperandException.check(floating, "dst", "f32 or bf16 for " + src + " src", dst);
        } else {
            OperandException.check(floating || dst == DataType.S32 || isByte(dst), "dst", "s32, f32, bf16, u8 or s8",
                    dst);
        }
    }

    static void conv2dTypes(DataType src, DataType weights, DataType dst) {
        if (src == DataType.F32) {
            OperandException.check(weights == DataType.F32, "weights", "f32 for f32 src", weights);
            OperandException.check(dst == DataType.F32, "dst", "f32 for f32 src", dst);
        } else {
            OperandException.check(isByte(src), "src", "f32, u8 or s8", src);
            OperandException.check(weights == DataType.S8, "weights", "s8 for " + src + " src", weights);
            OperandException.check(dst == DataType.S32 || dst == DataType.F32 || isByte(dst), "dst",
                    "s32, f32, u8 or s8", dst);
        }
    }

    /** The parameters of the two multiplied operands and the result, for MatMul and Conv2d. */
    static void product(DataType src, DataType weights, DataType dst, long outputs, QuantParams srcParams,
            QuantParams weightsParams, QuantParams dstParams, Bias bias, Activation activation) {
        if (src.isFloating()) {
            OperandException.check(bias != Bias.S32, "bias", "f32 or none for " + src + " src", "s32");
        }
        if (dst == DataType.S32) {
            OperandException.check(bias != Bias.F32, "bias", "s32 or none for s32 dst", "f32");
            OperandException.check(activation.isNone(), "activation", "none for s32 dst", activation);
        }
        perTensor("srcParams", src, srcParams);
        perTensor("dstParams", dst, dstParams);
        level("weightsParams", weightsParams);
        if (!weightsParams.isPerTensor()) {
            OperandException.check(weightsParams.isPerChannel(), "weightsParams", "per tensor or per output channel",
                    weightsParams);
            OperandException.check(weightsParams.count() == outputs, "weightsParams", outputs + " scales",
                    weightsParams.count());
        }
        weightsParams.checkZeroPoints("weightsParams", weights);
        if (!weights.isQuantized()) {
            OperandException.check(weightsParams.equals(QuantParams.IDENTITY), "weightsParams",
                    "scale 1, zeroPoint 0 for " + weights, weightsParams);
        }
    }

    /** Skipped weights must mean zero. */
    static void sparsity(Optional<SparseFormat> sparsity, QuantParams weightsParams) {
        OperandException.check(sparsity.isEmpty() || weightsParams.isSymmetric(), "weightsParams",
                "symmetric where weights are sparse", weightsParams);
    }

    /** Parameters of a whole tensor, identity where its type is not quantized. */
    static void perTensor(String operand, DataType type, QuantParams params) {
        OperandException.check(params.isPerTensor(), operand, "per-tensor parameters", params);
        level(operand, params);
        params.checkZeroPoints(operand, type);
        if (!type.isQuantized()) {
            OperandException.check(params.equals(QuantParams.IDENTITY), operand, "scale 1, zeroPoint 0 for " + type,
                    params);
        }
    }

    static void level(String operand, QuantParams params) {
        OperandException.check(params.reconstruction() == Reconstruction.LEVEL, operand,
                "reconstruction at the level", params);
    }

    static boolean isByte(DataType type) {
        return type == DataType.U8 || type == DataType.S8;
    }

    static void byteOrF32(String operand, DataType type) {
        OperandException.check(isByte(type) || type == DataType.F32, operand, "f32, u8 or s8", type);
    }

    static void clip(Activation activation) {
        OperandException.check(activation.isClip(), "activation", "bounds without a function", activation);
    }
}
