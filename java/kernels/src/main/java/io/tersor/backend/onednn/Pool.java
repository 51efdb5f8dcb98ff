package io.tersor.backend.onednn;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;

/**
 * Idle objects that serve one thread at a time, as many as there ever were threads that had one at once. A thread
 * mostly gets the one that it gave back last. Thread-safe.
 *
 * @param <T> what is kept
 */
final class Pool<T> {
    /** Threads whose numbers differ by a multiple of it share a place. */
    static final int SLOTS = 8;
    /** References in a cache line, so that threads do not disturb each other. */
    private static final int SPACING = 16;

    private final Supplier<T> factory;
    private final AtomicReferenceArray<T> slots = new AtomicReferenceArray<>(SLOTS * SPACING);
    private final ArrayDeque<T> surplus = new ArrayDeque<>();

    /**
     * @param factory makes a further object
     */
    Pool(Supplier<T> factory) {
        this.factory = factory;
    }

    /** Returns an object that nobody else has until it is given back. */
    T take() {
        int home = home();
        for (int i = 0; i < SLOTS; i++) {
            int slot = (home + i) % SLOTS * SPACING;
            T idle = slots.getOpaque(slot);
            if (idle != null && slots.compareAndSet(slot, idle, null)) {
                return idle;
            }
        }
        Optional<T> left;
        synchronized (surplus) {
            left = Optional.ofNullable(surplus.poll());
        }
        return left.orElseGet(factory);
    }

    /** Takes an object back. */
    void giveBack(T used) {
        int home = home();
        for (int i = 0; i < SLOTS; i++) {
            int slot = (home + i) % SLOTS * SPACING;
            if (slots.getOpaque(slot) == null && slots.compareAndSet(slot, null, used)) {
                return;
            }
        }
        synchronized (surplus) {
            surplus.add(used);
        }
    }

    private static int home() {
        return (int) (Thread.currentThread().threadId() % SLOTS);
    }
}
