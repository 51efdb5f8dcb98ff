package io.tersor.model.onnx;

import io.tersor.model.UnsupportedOperatorException;
import io.tersor.tensor.DataType;
import java.util.Map;

/** ONNX's numbers for element types (TensorProto.DataType) and ours. */
public final class OnnxTypes {
    private static final Map<Integer, String> NAMES = Map.of(8, "STRING", 14, "COMPLEX64", 15, "COMPLEX128");

    private OnnxTypes() {}

    /**
     * Returns our type for ONNX's number.
     *
     * @param where what has the type, for the message
     * @throws UnsupportedOperatorException if there is none
     */
    public static DataType dataType(long onnx, String where) {
        return switch ((int) onnx) {
            case 1 -> DataType.F32;
            case 2 -> DataType.U8;
            case 3 -> DataType.S8;
            case 4 -> DataType.U16;
            case 5 -> DataType.S16;
            case 6 -> DataType.S32;
            case 7 -> DataType.S64;
            case 9 -> DataType.BOOL;
            case 10 -> DataType.F16;
            case 11 -> DataType.F64;
            case 12 -> DataType.U32;
            case 13 -> DataType.U64;
            case 16 -> DataType.BF16;
            case 17 -> DataType.F8E4M3FN;
            case 18 -> DataType.F8E4M3FNUZ;
            case 19 -> DataType.F8E5M2;
            case 20 -> DataType.F8E5M2FNUZ;
            case 21 -> DataType.U4;
            case 22 -> DataType.S4;
            case 23 -> DataType.F4E2M1;
            case 24 -> DataType.F8E8M0;
            case 25 -> DataType.U2;
            case 26 -> DataType.S2;
            case 27 -> DataType.F6E2M3;
            case 28 -> DataType.F6E3M2;
            default -> throw new UnsupportedOperatorException(
                    "element type " + NAMES.getOrDefault((int) onnx, Long.toString(onnx)), where);
        };
    }

    /** Returns ONNX's number for our type. */
    public static int onnx(DataType type) {
        return switch (type) {
            case F32 -> 1;
            case U8 -> 2;
            case S8 -> 3;
            case U16 -> 4;
            case S16 -> 5;
            case S32 -> 6;
            case S64 -> 7;
            case BOOL -> 9;
            case F16 -> 10;
            case F64 -> 11;
            case U32 -> 12;
            case U64 -> 13;
            case BF16 -> 16;
            case F8E4M3FN -> 17;
            case F8E4M3FNUZ -> 18;
            case F8E5M2 -> 19;
            case F8E5M2FNUZ -> 20;
            case U4 -> 21;
            case S4 -> 22;
            case F4E2M1 -> 23;
            case F8E8M0 -> 24;
            case U2 -> 25;
            case S2 -> 26;
            case F6E2M3 -> 27;
            case F6E3M2 -> 28;
        };
    }
}
