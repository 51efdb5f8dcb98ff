package io.tersor.kernel;

import io.tersor.OperandException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads that kernels may use: the calling thread, plus daemon workers that wait for work. One pool can serve many
 * kernels and callers; while one caller uses the workers, another simply does its own work alone, so callers never wait
 * for each other and never deadlock. Closing stops the workers; later work runs on the calling thread.
 */
public final class Parallelism implements AutoCloseable {
    /** The calling thread alone. */
    public static final Parallelism SINGLE = new Parallelism(1);

    private static final int SPINS = 20_000;
    private static final long RANGES_PER_THREAD = 4;
    private static final Part IDLE = _ -> { };

    private final Worker[] workers;
    private final AtomicBoolean taken = new AtomicBoolean();
    private final AtomicLong nextPart = new AtomicLong();
    private final AtomicLong running = new AtomicLong();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    // The current job, published to the workers by the next generation; it stays until all of them are done with it.
    private Part work = IDLE;
    private long parts;
    private volatile long generation;
    private volatile boolean closed;

    /** A part of a kernel's work. */
    @FunctionalInterface
    public interface Part {
        /** Does the part of the given index. Parts run concurrently, each exactly once. */
        void run(long part);
    }

    /** Some of a kernel's work. */
    @FunctionalInterface
    public interface Range {
        /** Does what belongs to the indices from {@code first} to before {@code end}. Ranges run concurrently. */
        void run(long first, long end);
    }

    private Parallelism(int threads) {
        this.workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker("tersor-worker-" + (i + 1));
            workers[i].start();
        }
    }

    /**
     * Returns a pool of the given size; the calling thread of each run counts as one.
     *
     * @param threads at least 1
     */
    public static Parallelism of(int threads) {
        OperandException.check(threads >= 1, "threads", "at least 1", threads);
        return threads == 1 ? SINGLE : new Parallelism(threads);
    }

    /** Returns the number of threads that a run uses at most. */
    public int threads() {
        return workers.length + 1;
    }

    /**
     * Runs ranges that together are 0 to {@code count} - 1, a few for each thread and as many for all; a single one, even
     * if it is empty, where there is one thread or no work for more.
     *
     * @param most how many are worth it
     */
    public void ranges(long count, long most, Range work) {
        int threads = threads();
        long ranges = threads == 1 ? 1 : Math.min(count, Math.min(RANGES_PER_THREAD * threads, most));
        if (ranges <= 1) {
            work.run(0, count);
            return;
        }
        long length = Math.ceilDiv(count, ranges > threads ? ranges - ranges % threads : ranges);
        run(Math.ceilDiv(count, length), part -> work.run(part * length, Math.min(count, (part + 1) * length)));
    }

    /**
     * Runs parts 0 to {@code parts} - 1, some of them on the workers, and returns when all are done. A part's exception
     * is thrown here once the others have ended.
     */
    public void run(long parts, Part work) {
        if (parts <= 1 || workers.length == 0 || !taken.compareAndSet(false, true)) {
            for (long part = 0; part < parts; part++) {
                work.run(part);
            }
            return;
        }
        try {
            this.work = work;
            this.parts = parts;
            nextPart.set(0);
            running.set(workers.length);
            generation = generation + 1;
            for (Worker worker : workers) {
                LockSupport.unpark(worker);
            }
            takeParts();
            for (int spin = 0; running.get() != 0; spin++) {
                if (spin < SPINS) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
            rethrow(failure.getAndSet(null));
        } finally {
            this.work = IDLE;
            taken.set(false);
        }
    }

    private void takeParts() {
        for (long part = nextPart.getAndIncrement(); part < parts; part = nextPart.getAndIncrement()) {
            try {
                work.run(part);
            } catch (RuntimeException | Error thrown) {
                failure.compareAndSet(null, thrown);
            }
        }
    }

    private static void rethrow(Throwable failure) {
        if (failure instanceof RuntimeException exception) {
            throw exception;
        }
        if (failure instanceof Error error) {
            throw error;
        }
    }

    /** Stops the workers once no run uses them; must not be called from inside a run. Closing again does nothing. */
    @Override
    public void close() {
        // Taken for good: no later run can hand work to the stopped workers.
        while (!closed && !taken.compareAndSet(false, true)) {
            Thread.onSpinWait();
        }
        closed = true;
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
        }
    }

    /** Waits for a job that it has not seen, spinning briefly before it parks. */
    private final class Worker extends Thread {
        private long seen;

        private Worker(String name) {
            super(name);
            setDaemon(true);
        }

        @Override
        public void run() {
            while (!closed) {
                for (int spin = 0; spin < SPINS && generation == seen; spin++) {
                    Thread.onSpinWait();
                }
                if (generation == seen) {
                    LockSupport.park(Parallelism.this);
                } else {
                    seen++;
                    takeParts();
                    running.decrementAndGet();
                }
            }
        }
    }

    @Override
    public String toString() {
        return threads() + (threads() == 1 ? " thread" : " threads");
    }
}
