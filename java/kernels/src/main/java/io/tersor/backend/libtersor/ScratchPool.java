package io.tersor.backend.libtersor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Scratch memory shared by all kernels of the backend. A thread looks first where it left its memory the last time,
 * which is likely still in its cache. Neither taking nor giving back blocks; memory is allocated only when no piece is
 * large enough, and freed by the garbage collector once the pool forgets it. Thread-safe.
 */
final class ScratchPool {
    private static final int SLOTS = 64;

    private final AtomicReferenceArray<MemorySegment> slots = new AtomicReferenceArray<>(SLOTS);

    /** Returns at least the given bytes, aligned for libtersor, to be given back. */
    MemorySegment take(long bytes) {
        int home = home();
        for (int i = 0; i < SLOTS; i++) {
            int slot = (home + i) % SLOTS;
            if (slots.getPlain(slot) != null) {
                MemorySegment scratch = slots.getAndSet(slot, null);
                if (scratch != null) {
                    // One too small is dropped: the next to come needs the larger one too.
                    return scratch.byteSize() >= bytes ? scratch : allocate(bytes);
                }
            }
        }
        return allocate(bytes);
    }

    void give(MemorySegment scratch) {
        int home = home();
        for (int i = 0; i < SLOTS; i++) {
            if (slots.compareAndSet((home + i) % SLOTS, null, scratch)) {
                return;
            }
        }
    }

    private static MemorySegment allocate(long bytes) {
        return Arena.ofAuto().allocate(Math.max(bytes, 1), Libtersor.ALIGNMENT_BYTES);
    }

    private static int home() {
        return (int) (Thread.currentThread().threadId() % SLOTS);
    }
}
