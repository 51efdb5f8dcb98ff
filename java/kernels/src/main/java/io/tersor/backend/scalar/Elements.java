package io.tersor.backend.scalar;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.kernel.Activation;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Bfloat16;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.lang.foreign.MemorySegment;

/** Access to single elements of the types that kernels use; offsets are in elements. */
final class Elements {
    private Elements() {}

    static float getFloat(MemorySegment data, long offset) {
        return data.getAtIndex(JAVA_FLOAT, offset);
    }

    static void setFloat(MemorySegment data, long offset, float value) {
        data.setAtIndex(JAVA_FLOAT, offset, value);
    }

    /** Reads f32 or bf16. */
    static float getFloat(MemorySegment data, DataType type, long offset) {
        return type == DataType.F32 ? getFloat(data, offset) : Bfloat16.toFloat(data.getAtIndex(JAVA_SHORT, offset));
    }

    /** Writes f32 or bf16. */
    static void setFloat(MemorySegment data, DataType type, long offset, float value) {
        if (type == DataType.F32) {
            setFloat(data, offset, value);
        } else {
            data.setAtIndex(JAVA_SHORT, offset, Bfloat16.fromFloat(value));
        }
    }

    /** Reads u8, s8 or s32. */
    static int getInt(MemorySegment data, DataType type, long offset) {
        return switch (type) {
            case U8 -> Byte.toUnsignedInt(data.get(JAVA_BYTE, offset));
            case S8 -> data.get(JAVA_BYTE, offset);
            default -> data.getAtIndex(JAVA_INT, offset);
        };
    }

    /** Writes u8 or s8. */
    static void setByte(MemorySegment data, long offset, int value) {
        data.set(JAVA_BYTE, offset, (byte) value);
    }

    /** Clips to bounds that may be infinite; NaN becomes {@code lo}. */
    static float clip(float value, float lo, float hi) {
        float raised = value > lo ? value : lo;
        return raised < hi ? raised : hi;
    }

    /** Returns an activation's lower bound in units of a quantized type. */
    static float lo(Activation activation, QuantParams params) {
        return (float) ((double) activation.lo() / params.scale());
    }

    /** Returns an activation's upper bound in units of a quantized type. */
    static float hi(Activation activation, QuantParams params) {
        return (float) ((double) activation.hi() / params.scale());
    }

    /** Returns how many consecutive elements share their parameters; the next run belongs to the next channel. */
    static long run(QuantParams params, Shape shape) {
        if (params.isPerTensor()) {
            return shape.elements();
        }
        long run = 1;
        for (int axis = params.axis() + 1; axis < shape.rank(); axis++) {
            run *= shape.dim(axis);
        }
        return run;
    }
}
