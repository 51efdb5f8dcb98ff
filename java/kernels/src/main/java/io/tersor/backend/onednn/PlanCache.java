package io.tersor.backend.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The plans of one kernel, one for each shape it was run on. The first {@value #CAPACITY} shapes are kept until the
 * kernel is closed and found without a lock; for any further shape a plan is made for each run, which oneDNN's own
 * cache of primitives keeps cheap. Thread-safe.
 */
final class PlanCache {
    private static final int CAPACITY = 64;

    /** Makes the plan of a shape. */
    @FunctionalInterface
    interface Factory {
        /** Returns a plan owned by the given arena; up to five numbers describe the shape. */
        Plan create(Arena arena, long a, long b, long c, long d, long e);
    }

    private record Entry(long a, long b, long c, long d, long e, Plan plan) {
        boolean isFor(long otherA, long otherB, long otherC, long otherD, long otherE) {
            return a == otherA && b == otherB && c == otherC && d == otherD && e == otherE;
        }
    }

    private final Arena arena;
    private final MemorySegment guard;
    private final int threads;
    private final Factory factory;
    private volatile Entry[] entries = {};

    /**
     * @param arena the kernel's shared arena
     * @param threads the threads that an execution may use
     */
    PlanCache(Arena arena, int threads, Factory factory) {
        this.arena = arena;
        this.guard = arena.allocate(1);
        this.threads = threads;
        this.factory = factory;
    }

    /** Runs the plan of a shape on the given memory. */
    void run(long a, long b, long c, long d, MemorySegment src, MemorySegment dst) {
        run(a, b, c, d, 0, src, src, dst);
    }

    /** Runs the plan of a shape on the given memory, for a primitive with a second operand that is read. */
    void run(long a, long b, long c, long d, long e, MemorySegment src, MemorySegment second, MemorySegment dst) {
        Entry[] known = entries;
        for (Entry entry : known) {
            if (entry.isFor(a, b, c, d, e)) {
                entry.plan.run(src, second, dst, guard);
                return;
            }
        }
        if (known.length < CAPACITY) {
            add(a, b, c, d, e).run(src, second, dst, guard);
        } else {
            try (Arena temporary = Arena.ofConfined()) {
                create(temporary, a, b, c, d, e).run(src, second, dst, guard);
            }
        }
    }

    private synchronized Plan add(long a, long b, long c, long d, long e) {
        for (Entry entry : entries) {
            if (entry.isFor(a, b, c, d, e)) {
                return entry.plan;
            }
        }
        Plan plan = create(arena, a, b, c, d, e);
        Entry[] more = Arrays.copyOf(entries, entries.length + 1);
        more[entries.length] = new Entry(a, b, c, d, e, plan);
        entries = more;
        return plan;
    }

    private Plan create(Arena owner, long a, long b, long c, long d, long e) {
        // oneDNN shares out the work when it creates a primitive.
        Onednn.setThreads(threads);
        return factory.create(owner, a, b, c, d, e);
    }
}
