package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ParallelismTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyPartRunsOnce(int threads) {
        try (Parallelism pool = Parallelism.of(threads)) {
            assertEquals(threads, pool.threads());
            for (int parts : new int[] {0, 1, 2, 7, 1000}) {
                AtomicIntegerArray runs = new AtomicIntegerArray(Math.max(1, parts));
                pool.run(parts, part -> runs.incrementAndGet((int) part));
                for (int i = 0; i < parts; i++) {
                    assertEquals(1, runs.get(i), "part " + i + " of " + parts);
                }
            }
        }
    }

    @Test
    void workersTakePartInTheWork() {
        try (Parallelism pool = Parallelism.of(3)) {
            Set<Thread> seen = Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
            CountDownLatch together = new CountDownLatch(3);
            // Each part waits for the two others, so that three threads must be at work at once.
            pool.run(3, _ -> {
                seen.add(Thread.currentThread());
                together.countDown();
                await(together);
            });
            assertEquals(3, seen.size());
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void manyCallersShareOnePool() throws Exception {
        try (Parallelism pool = Parallelism.of(3); ExecutorService callers = Executors.newFixedThreadPool(8)) {
            AtomicLong sum = new AtomicLong();
            List<Future<?>> done = new ArrayList<>();
            for (int caller = 0; caller < 8; caller++) {
                done.add(callers.submit(() -> {
                    for (int run = 0; run < 200; run++) {
                        pool.run(16, sum::addAndGet);
                    }
                }));
            }
            for (Future<?> future : done) {
                future.get();
            }
            assertEquals(8 * 200 * 120, sum.get());
        }
    }

    @Test
    void resultsOfThePartsAreSeenByTheCaller() {
        try (Parallelism pool = Parallelism.of(3)) {
            int[] plain = new int[64];
            for (int run = 1; run <= 2000; run++) {
                int value = run;
                pool.run(plain.length, part -> plain[(int) part] = value);
                for (int element : plain) {
                    assertEquals(run, element);
                }
            }
        }
    }

    @Test
    void aNestedRunWorksAlone() {
        try (Parallelism pool = Parallelism.of(2)) {
            AtomicLong runs = new AtomicLong();
            pool.run(4, _ -> pool.run(4, _ -> runs.incrementAndGet()));
            assertEquals(16, runs.get());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void anExceptionOfAPartComesOut(int threads) {
        try (Parallelism pool = Parallelism.of(threads)) {
            IllegalStateException failure = new IllegalStateException("part 5");
            for (int run = 0; run < 50; run++) {
                assertSame(failure, assertThrows(IllegalStateException.class, () -> pool.run(9, part -> {
                    if (part == 5) {
                        throw failure;
                    }
                })));
            }
            AtomicLong sum = new AtomicLong();
            pool.run(9, sum::addAndGet);
            assertEquals(36, sum.get());
            assertThrows(StackOverflowError.class, () -> pool.run(3, _ -> {
                throw new StackOverflowError();
            }));
        }
    }

    @Test
    void aClosedPoolWorksOnTheCaller() {
        Parallelism pool = Parallelism.of(3);
        pool.run(8, _ -> {});
        pool.close();
        pool.close();
        Thread caller = Thread.currentThread();
        pool.run(8, _ -> assertSame(caller, Thread.currentThread()));
    }

    @Test
    void closingEndsTheWorkers() {
        Set<Thread> workers = Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
        try (Parallelism pool = Parallelism.of(3)) {
            CountDownLatch together = new CountDownLatch(3);
            pool.run(3, _ -> {
                workers.add(Thread.currentThread());
                together.countDown();
                await(together);
            });
        }
        workers.remove(Thread.currentThread());
        assertEquals(2, workers.size());
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            for (Thread worker : workers) {
                assertTrue(worker.isDaemon());
                worker.join();
            }
        });
    }

    @Test
    void idleWorkersWakeUp() throws InterruptedException {
        try (Parallelism pool = Parallelism.of(3)) {
            for (int run = 0; run < 5; run++) {
                Thread.sleep(30);
                CountDownLatch together = new CountDownLatch(3);
                pool.run(3, _ -> {
                    together.countDown();
                    await(together);
                });
            }
        }
    }

    @Test
    void oneThreadIsTheCaller() {
        assertSame(Parallelism.SINGLE, Parallelism.of(1));
        assertThrows(OperandException.class, () -> Parallelism.of(0));
        assertEquals("1 thread", Parallelism.SINGLE.toString());
    }

    @Test
    void sharedRunsAllocateNothing() {
        com.sun.management.ThreadMXBean threads =(com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        LongAdder done = new LongAdder();
        Parallelism.Part part = _ -> done.increment();
        int runs = 2000;
        try (Parallelism pool = Parallelism.of(2)) {
            long least = Long.MAX_VALUE;
            for (int attempt = 0; attempt < 5; attempt++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int run = 0; run < runs; run++) {
                    pool.run(4, part);
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertEquals(5L * runs * 4, done.sum());
            assertTrue(least < runs, "bytes allocated by " + runs + " runs: " + least);
        }
    }
}
