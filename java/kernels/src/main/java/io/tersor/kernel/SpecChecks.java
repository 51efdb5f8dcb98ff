package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Reconstruction;
import io.tersor.tensor.DataType;

/** Checks that several specs share. */
final class SpecChecks {
    private SpecChecks() {}

    /** The types and parameters of the two multiplied operands and the result, for MatMul and Conv2d. */
    static void product(DataType src, DataType weights, DataType dst, long outputs, QuantParams srcParams,
            QuantParams weightsParams, QuantParams dstParams, Bias bias, Activation activation) {
        if (src == DataType.F32) {
            OperandException.check(weights == DataType.F32, "weights", "f32 for f32 src", weights);
            OperandException.check(dst == DataType.F32, "dst", "f32 for f32 src", dst);
            OperandException.check(bias != Bias.S32, "bias", "f32 or none for f32 src", "s32");
        } else {
            OperandException.check(src == DataType.U8 || src == DataType.S8, "src", "f32, u8 or s8", src);
            OperandException.check(weights == DataType.S8, "weights", "s8 for " + src + " src", weights);
            OperandException.check(dst == DataType.S32 || dst == DataType.F32 || isByte(dst), "dst",
                    "s32, f32, u8 or s8", dst);
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
}
