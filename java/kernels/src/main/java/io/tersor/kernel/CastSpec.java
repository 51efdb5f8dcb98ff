package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;

/**
 * Elements as another type. Numbers become f32, f16 and bf16 rounded half to even, infinite where they are too large;
 * f32 becomes an integer by truncation, saturated, 0 of NaN. Integers keep their low bits. bool is whether an element
 * is not 0.
 *
 * @param srcType f32, or what {@link #covers} says
 * @param dstType likewise
 */
public record CastSpec(DataType srcType, DataType dstType) implements UnarySpec {
    /** Checks the combination. */
    public CastSpec {
        OperandException.check(covers(srcType, dstType), "types",
                "f32 and f16 or bf16, or two of f32, s32, s64, u8, s8, bool", srcType + " " + dstType);
    }

    /**
     * Returns whether there is such a spec: of f32 and any, or of two integers or bool, of those that are listed above.
     */
    public static boolean covers(DataType srcType, DataType dstType) {
        boolean halves = isHalf(srcType) && dstType == DataType.F32 || srcType == DataType.F32 && isHalf(dstType);
        return halves || srcType != dstType && isUsual(srcType) && isUsual(dstType);
    }

    private static boolean isHalf(DataType type) {
        return type == DataType.F16 || type == DataType.BF16;
    }

    private static boolean isUsual(DataType type) {
        return switch (type) {
            case F32, S32, S64, U8, S8, BOOL -> true;
            default -> false;
        };
    }

    @Override
    public String name() {
        return "cast_" + srcType + "_" + dstType;
    }
}
