package io.tersor.backend.libtersor;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Residual;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** An {@link Epilogue} as libtersor takes it: a tersor_epilogue. */
final class NativeEpilogue {
    private static final StructLayout STRUCT = MemoryLayout.structLayout(ADDRESS.withName("multiplier"),
            ADDRESS.withName("offset"), JAVA_FLOAT.withName("lo"), JAVA_FLOAT.withName("hi"),
            JAVA_INT.withName("dst_type"), JAVA_INT.withName("dst_zero_point"), JAVA_INT.withName("function"),
            JAVA_FLOAT.withName("output_scale"), JAVA_INT.withName("residual_type"),
            JAVA_INT.withName("residual_zero_point"), JAVA_FLOAT.withName("residual_multiplier"),
            JAVA_INT.withName("reserved"));

    private NativeEpilogue() {}

    /** Returns a tersor_epilogue in the arena, with its arrays. */
    static MemorySegment of(Epilogue epilogue, Arena arena) {
        MemorySegment struct = arena.allocate(STRUCT);
        struct.set(ADDRESS, offset("multiplier"), floats(epilogue.multipliers(), arena));
        struct.set(ADDRESS, offset("offset"), floats(epilogue.offsets(), arena));
        struct.set(JAVA_FLOAT, offset("lo"), epilogue.lo());
        struct.set(JAVA_FLOAT, offset("hi"), epilogue.hi());
        struct.set(JAVA_INT, offset("dst_type"), Libtersor.typeCode(epilogue.dst()));
        struct.set(JAVA_INT, offset("dst_zero_point"), epilogue.zeroPoint());
        struct.set(JAVA_INT, offset("function"), code(epilogue));
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
    private static int code(Epilogue epilogue) {
        return switch (epilogue.function()) {
            case IDENTITY -> 0;
            case GELU -> epilogue.isCoarse() ? 5 : 1;
            case GELU_TANH -> 2;
            case SILU -> 3;
            case HARD_SWISH -> 4;
        };
    }

    private static MemorySegment floats(float[] values, Arena arena) {
        return values.length == 0 ? MemorySegment.NULL : arena.allocateFrom(JAVA_FLOAT, values);
    }
}
