package io.tersor.backend.vector;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Scratch shared by all kernels of the backend. A thread looks first where it left its scratch the last time, which is
 * likely still in its cache. Neither taking nor giving back allocates or blocks; beyond the slots, scratch is created
 * and dropped.
 */
final class ScratchPool {
    private static final int SLOTS = 64;

    private final AtomicReferenceArray<Scratch> slots = new AtomicReferenceArray<>(SLOTS);

    Scratch take() {
        int home = home();
        for (int i = 0; i < SLOTS; i++) {
            int slot = (home + i) % SLOTS;
            if (slots.getPlain(slot) != null) {
                Scratch scratch = slots.getAndSet(slot, null);
                if (scratch != null) {
                    return scratch;
                }
            }
        }
        return new Scratch();
    }

    void give(Scratch scratch) {
        // The pool must not keep a caller's memory reachable.
        scratch.unbind();
        int home = home();
        for (int i = 0; i < SLOTS; i++) {
            if (slots.compareAndSet((home + i) % SLOTS, null, scratch)) {
                return;
            }
        }
    }

    private static int home() {
        return (int) (Thread.currentThread().threadId() % SLOTS);
    }
}
