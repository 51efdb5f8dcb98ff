package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Kernels run from many threads, closed while they run, and used after they were closed. */
class OnednnConcurrencyTest {
    private static final int THREADS = 4;

    private final OnednnBackend backend = new OnednnBackend();

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(Onednn.find().isPresent(), Onednn.missing());
    }

    private static Tensor filled(Arena arena, DataType type, long... dims) {
        Tensor tensor = Tensor.allocate(arena, type, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, i * 7 % 23 - 11);
        }
        return tensor;
    }

    private MatMul matMul(Arena arena, int k, int n) {
        MatMulSpec spec = new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, k, n, QuantParams.IDENTITY,
                QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
        return backend.prepare(spec, filled(arena, DataType.F32, k, n), Optional.empty(), PrepareOptions.DEFAULT);
    }

    private static float[] values(Tensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.shape().elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) tensor.get(i);
        }
        return values;
    }

    @Test
    void manyThreadsGetTheirOwnResults() throws Exception {
        try (Arena shared = Arena.ofShared(); MatMul kernel = matMul(shared, 33, 17);
                ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<Integer>> wrong = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                int thread = t;
                wrong.add(threads.submit(() -> {
                    int differences = 0;
                    for (int run = 0; run < 100; run++) {
                        // More shapes than are kept, so that temporary plans are run as well.
                        int m = 1 + (run * THREADS + thread) % 80;
                        try (Arena arena = Arena.ofConfined()) {
                            Tensor src = filled(arena, DataType.F32, m, 33);
                            src.set(0, thread);
                            Tensor dst = Tensor.allocate(arena, DataType.F32, Shape.of(m, 17));
                            kernel.run(src, dst);
                            double expected = 0;
                            for (int i = 0; i < 33; i++) {
                                expected += src.get(i) * ((i * 17L) * 7 % 23 - 11);
                            }
                            differences += dst.get(0) == expected ? 0 : 1;
                        }
                    }
                    return differences;
                }));
            }
            for (Future<Integer> count : wrong) {
                assertEquals(0, count.get());
            }
        }
    }

    @Test
    void closingWhileOthersRunFailsOnOneSideOrTheOther() throws Exception {
        int runners = 2;
        for (int round = 0; round < 5; round++) {
            try (Arena shared = Arena.ofShared(); ExecutorService threads = Executors.newFixedThreadPool(runners)) {
                MatMul kernel = matMul(shared, 64, 64);
                Tensor src = filled(shared, DataType.F32, 64, 64);
                CountDownLatch running = new CountDownLatch(runners);
                AtomicBoolean closed = new AtomicBoolean();
                List<Future<Boolean>> ends = new ArrayList<>();
                for (int t = 0; t < runners; t++) {
                    ends.add(threads.submit(() -> {
                        try (Arena arena = Arena.ofConfined()) {
                            Tensor dst = Tensor.allocate(arena, DataType.F32, Shape.of(64, 64));
                            kernel.run(src, dst);
                            running.countDown();
                            while (!closed.get()) {
                                kernel.run(src, dst);
                                // Leaves closing, which is refused during every run, a chance.
                                LockSupport.parkNanos(50_000);
                            }
                            kernel.run(src, dst);
                            return false;
                        } catch (IllegalStateException e) {
                            return true;
                        }
                    }));
                }
                running.await();
                while (!closed.get()) {
                    try {
                        kernel.close();
                        closed.set(true);
                    } catch (IllegalStateException e) {
                        Thread.yield();
                    }
                }
                for (Future<Boolean> refused : ends) {
                    assertTrue(refused.get(), "a run after close must fail");
                }
                assertThrows(IllegalStateException.class, kernel::close);
            }
        }
    }

    @Test
    void operandsCannotBeFreedDuringARun() throws Exception {
        try (Arena shared = Arena.ofShared(); MatMul kernel = matMul(shared, 512, 512);
                ExecutorService threads = Executors.newFixedThreadPool(1)) {
            Tensor dst = Tensor.allocate(shared, DataType.F32, Shape.of(512, 512));
            boolean refused = false;
            for (int round = 0; round < 200 && !refused; round++) {
                Arena own = Arena.ofShared();
                Tensor src = filled(own, DataType.F32, 512, 512);
                CountDownLatch started = new CountDownLatch(1);
                Future<Boolean> run = threads.submit(() -> {
                    started.countDown();
                    try {
                        kernel.run(src, dst);
                        return true;
                    } catch (IllegalStateException e) {
                        return false;
                    }
                });
                started.await();
                Thread.sleep(0, 200_000);
                try {
                    own.close();
                } catch (IllegalStateException e) {
                    refused = true;
                }
                run.get();
                if (refused) {
                    own.close();
                }
            }
            assertTrue(refused, "the arena of src was never held by a run");
        }
    }

    @Test
    void conv2dRefusesUseAfterCloseAndForeignThreads() {
        Conv2dSpec spec = new Conv2dSpec(DataType.F32, DataType.F32, DataType.F32, 3, 4, Window.of(3, 3), 1,
                QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
        try (Arena arena = Arena.ofConfined(); ExecutorService other = Executors.newSingleThreadExecutor()) {
            Conv2d kernel = backend.prepare(spec, filled(arena, DataType.F32, 4, 3, 3, 3), Optional.empty(),
                    PrepareOptions.DEFAULT);
            Tensor src = filled(arena, DataType.F32, 1, 5, 5, 3);
            Tensor dst = Tensor.allocate(arena, DataType.F32, Shape.of(1, 3, 3, 4));
            kernel.run(src, dst);
            var e = assertThrows(ExecutionException.class,
                    () -> other.submit(() -> kernel.run(src, dst)).get());
            assertEquals(WrongThreadException.class, e.getCause().getClass());
            kernel.close();
            assertThrows(IllegalStateException.class, () -> kernel.run(src, dst));
        }
    }

    @Test
    void moreThreadsGiveTheSameResult() {
        try (Arena arena = Arena.ofShared(); Parallelism two = Parallelism.of(2)) {
            Tensor weights = filled(arena, DataType.F32, 64, 48);
            MatMulSpec spec = new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, 64, 48, QuantParams.IDENTITY,
                    QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Activation.RELU);
            Tensor src = filled(arena, DataType.F32, 300, 64);
            Tensor one = Tensor.allocate(arena, DataType.F32, Shape.of(300, 48));
            Tensor more = Tensor.allocate(arena, DataType.F32, Shape.of(300, 48));
            try (MatMul single = backend.prepare(spec, weights, Optional.empty(), PrepareOptions.DEFAULT);
                    MatMul parallel = backend.prepare(spec, weights, Optional.empty(), PrepareOptions.DEFAULT.with(two))) {
                single.run(src, one);
                parallel.run(src, more);
            }
            assertArrayEquals(values(one), values(more));
        }
    }
}
