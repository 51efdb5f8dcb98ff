package io.tersor.backend.onednn;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;

/**
 * The idle executions of a plan, as many as there ever were threads inside the plan at once. A thread mostly gets the
 * one that it gave back last, which knows the addresses that it works on. Thread-safe.
 */
final class ExecutionPool {
    private static final int SLOTS = 8;
    /** References in a cache line, so that threads do not disturb each other. */
    private static final int SPACING = 16;

    private final Supplier<Execution> factory;
    private final AtomicReferenceArray<Execution> slots = new AtomicReferenceArray<>(SLOTS * SPACING);
    private final ArrayDeque<Execution> surplus = new ArrayDeque<>();

    /**
     * @param factory makes a further execution
     */
    ExecutionPool(Supplier<Execution> factory) {
        this.factory = factory;
    }

    /** Returns an execution that nobody else has until it is given back. */
    Execution take() {
        int home = home();
        for (int i = 0; i < SLOTS; i++) {
            int slot = (home + i) % SLOTS * SPACING;
            Execution idle = slots.getOpaque(slot);
            if (idle != null && slots.compareAndSet(slot, idle, null)) {
                return idle;
            }
        }
        Optional<Execution> left;
        synchronized (surplus) {
            left = Optional.ofNullable(surplus.poll());
        }
        return left.orElseGet(factory);
    }

    /** Takes an execution back. */
    void giveBack(Execution execution) {
        int home = home();
        for (int i = 0; i < SLOTS; i++) {
            int slot = (home + i) % SLOTS * SPACING;
            if (slots.getOpaque(slot) == null && slots.compareAndSet(slot, null, execution)) {
                return;
            }
        }
        synchronized (surplus) {
            surplus.add(execution);
        }
    }

    private static int home() {
        return (int) (Thread.currentThread().threadId() % SLOTS);
    }
}
