package io.tersor.backend.libtersor;

import io.tersor.kernel.Epilogue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An {@link Epilogue} as libtersor takes it.
 *
 * @param multiplier f32 [n], NULL where the destination needs none
 * @param offset f32 [n], NULL without an f32 bias
 * @param dstType the value of tersor_type
 */
record NativeEpilogue(MemorySegment multiplier, MemorySegment offset, float lo, float hi, int dstType,
        int dstZeroPoint) {
    /** Returns the epilogue with its arrays in the arena. */
    static NativeEpilogue of(Epilogue epilogue, Arena arena) {
        return new NativeEpilogue(floats(epilogue.multipliers(), arena), floats(epilogue.offsets(), arena),
                epilogue.lo(), epilogue.hi(), Libtersor.typeCode(epilogue.dst()), epilogue.zeroPoint());
    }

    private static MemorySegment floats(float[] values, Arena arena) {
        return values.length == 0 ? MemorySegment.NULL : arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
    }
}
