package io.tersor.backend.libtersor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;

/**
 * What every kernel of the backend shares: the library, the tier it runs at, and the scratch memory.
 */
record NativeContext(Libtersor library, Tier tier, ScratchPool scratch, WeightMemory weights) {
    int isa() {
        return tier.bit();
    }

    LibtersorProducts products() {
        return library.products();
    }

    LibtersorElements elements() {
        return library.elements();
    }

    /** Returns a kernel built in a shared arena of its own, which is closed if the building fails. */
    static <K> K building(Function<Arena, K> builder) {
        Arena arena = Arena.ofShared();
        try {
            return builder.apply(arena);
        } catch (RuntimeException | Error failure) {
            arena.close();
            throw failure;
        }
    }

    /** Returns the memory from a byte on; itself for the first one, where a slice would be allocated. */
    static MemorySegment from(MemorySegment memory, long at) {
        return at == 0 ? memory : memory.asSlice(at);
    }

    /** Returns the values in native memory, or NULL if all are 0, which libtersor takes as absent. */
    static MemorySegment intsOrNull(int[] values, Arena arena) {
        return Arrays.stream(values).allMatch(value -> value == 0) ? MemorySegment.NULL
                : arena.allocateFrom(ValueLayout.JAVA_INT, values);
    }

    static int[] ints(int count, IntUnaryOperator value) {
        int[] values = new int[count];
        Arrays.setAll(values, value);
        return values;
    }
}
