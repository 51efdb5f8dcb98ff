package io.tersor.backend.libtersor;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Residual;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * An {@link Epilogue} as libtersor takes it.
 *
 * @param multiplier f32 [n], NULL where the destination needs none
 * @param offset f32 [n], NULL without an f32 bias
 * @param dstType the value of tersor_type
 */
record NativeEpilogue(MemorySegment multiplier, MemorySegment offset, float lo, float hi, int dstType,
        int dstZeroPoint) {
    /** tersor_epilogue. */
    private static final StructLayout STRUCT = MemoryLayout.structLayout(ADDRESS.withName("multiplier"),
            ADDRESS.withName("offset"), JAVA_FLOAT.withName("lo"), JAVA_FLOAT.withName("hi"),
            JAVA_INT.withName("dst_type"), JAVA_INT.withName("dst_zero_point"), JAVA_INT.withName("function"),
            JAVA_FLOAT.withName("output_scale"), JAVA_INT.withName("residual_type"),
            JAVA_INT.withName("residual_zero_point"), JAVA_FLOAT.withName("residual_multiplier"),
            JAVA_INT.withName("reserved"));

    /** Returns the epilogue with its arrays in the arena. */
    static NativeEpilogue of(Epilogue epilogue, Arena arena) {
        return new NativeEpilogue(floats(epilogue.multipliers(), arena), floats(epilogue.offsets(), arena),
                epilogue.lo(), epilogue.hi(), Libtersor.typeCode(epilogue.dst()), epilogue.zeroPoint());
    }

    /** Returns a tersor_epilogue in the arena, with its arrays. */
    static MemorySegment struct(Epilogue epilogue, Arena arena) {
        NativeEpilogue flat = of(epilogue, arena);
        MemorySegment struct = arena.allocate(STRUCT);
        struct.set(ADDRESS, offset("multiplier"), flat.multiplier);
        struct.set(ADDRESS, offset("offset"), flat.offset);
        struct.set(JAVA_FLOAT, offset("lo"), flat.lo);
        struct.set(JAVA_FLOAT, offset("hi"), flat.hi);
        struct.set(JAVA_INT, offset("dst_type"), flat.dstType);
        struct.set(JAVA_INT, offset("dst_zero_point"), flat.dstZeroPoint);
        struct.set(JAVA_INT, offset("function"), code(epilogue.function()));
        struct.set(JAVA_FLOAT, offset("output_scale"), epilogue.outputScale());
        if (epilogue.residual().isPresent()) {
            Residual residual = epilogue.residual().get();
            struct.set(JAVA_INT, offset("residual_type"), Libtersor.typeCode(residual.type()));
            struct.set(JAVA_INT, offset("residual_zero_point"), residual.params().zeroPoint());
            struct.set(JAVA_FLOAT, offset("residual_multiplier"), epilogue.residualMultiplier());
        }
        return struct;
    }

    private static long offset(String field) {
        return STRUCT.byteOffset(groupElement(field));
    }

    /** Returns the value of tersor_function. */
    private static int code(ActivationFunction function) {
        return switch (function) {
            case IDENTITY -> 0;
            case GELU -> 1;
            case GELU_TANH -> 2;
            case SILU -> 3;
            case HARD_SWISH -> 4;
        };
    }

    private static MemorySegment floats(float[] values, Arena arena) {
        return values.length == 0 ? MemorySegment.NULL : arena.allocateFrom(JAVA_FLOAT, values);
    }
}
