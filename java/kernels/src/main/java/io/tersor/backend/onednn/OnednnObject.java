package io.tersor.backend.onednn;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.ToIntFunction;

/**
 * Ties oneDNN's objects to arenas: a handle is a segment of the arena, so calls with it fail once the arena is closed,
 * keep it open while they last, and closing it destroys the object.
 */
final class OnednnObject {
    private OnednnObject() {
    }

    /**
     * Creates an object that lives as long as the arena.
     *
     * @param call the name of the function, for the error
     * @param create stores the handle where its argument points and returns the status
     * @param destroy destroys the object; its status is of no use any more
     */
    static MemorySegment create(Arena arena, String call, ToIntFunction<MemorySegment> create,
            ToIntFunction<MemorySegment> destroy) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment out = local.allocate(ADDRESS);
            OnednnException.check(call, create.applyAsInt(out));
            return out.get(ADDRESS, 0).reinterpret(0, arena, destroy::applyAsInt);
        }
    }
}
