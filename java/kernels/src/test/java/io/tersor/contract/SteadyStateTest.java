package io.tersor.contract;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.tersor.kernel.Activation;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Residual;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Warm multiplications allocate nothing on the Java heap, on the calling thread nor on the workers, whatever the
 * operands; {@link KernelLifetimeTest} has the other kernels. One instruction set of each backend: the others run the
 * same Java code.
 */
@Tag("isa-tiers")
class SteadyStateTest {
    private static final long WARM_UP_NANOS = 20_000_000_000L;
    private static final int RUNS = 30;

    /** Large enough to be shared among threads. */
    private static final int M = 16;
    private static final int K = 200;
    private static final int N = 160;

    private static final List<TypeCombo> TYPES = List.of(new TypeCombo(F32, F32, F32), new TypeCombo(BF16, BF16, F32),
            new TypeCombo(F32, S8, BF16), new TypeCombo(U8, S8, U8));

    /** What the runs of a test have in common. */
    private record Subject(Candidate candidate, TypeCombo types, boolean added, boolean transposed, int threads) {
        private MatMulSpec spec() {
            QuantParams weights = types.sumsIntegers() ? QuantParams.perTensor(0.01f, 0) : QuantParams.IDENTITY;
            return new MatMulSpec(types.src(), types.weights(), types.dst(), K, N, QuantParams.IDENTITY, weights,
                    QuantParams.IDENTITY, Bias.NONE, added ? Optional.of(Residual.F32) : Optional.empty(),
                    added ? Activation.SILU : Activation.RELU, 1);
        }

        @Override
        public String toString() {
            return candidate + " " + types + (added ? " residual" : "") + (transposed ? " transposed" : "") + " "
                    + threads + " threads";
        }
    }

    private static List<Subject> subjects() {
        List<Subject> subjects = new ArrayList<>();
        Set<Backend> seen = EnumSet.noneOf(Backend.class);
        for (Candidate candidate : Candidate.all()) {
            if (!seen.add(candidate.backend())) {
                continue;
            }
            for (TypeCombo types : TYPES) {
                for (int threads : new int[] {1, 2}) {
                    subjects.add(new Subject(candidate, types, false, true, threads));
                    subjects.add(new Subject(candidate, types, true, false, threads));
                }
            }
        }
        return subjects;
    }

    @TestFactory
    Stream<DynamicTest> warmMultiplicationsAllocateNothing() {
        return subjects().stream()
                .filter(one -> one.candidate.registry().refusal(one.candidate.backend(), one.spec()).isEmpty())
                .map(one -> DynamicTest.dynamicTest(one.toString(), () -> check(one)));
    }

    private static void check(Subject one) {
        MatMulSpec spec = one.spec();
        try (Arena arena = Arena.ofShared(); Parallelism pool = Parallelism.of(one.threads)) {
            Tensor weights = filled(arena, spec.weights(), Shape.of(K, N));
            Tensor src = one.transposed ? filled(arena, spec.src(), Shape.of(K, M)).permute(1, 0)
                    : filled(arena, spec.src(), Shape.of(M, K));
            Tensor residual = filled(arena, F32, Shape.of(M, N));
            Tensor dst = Tensor.allocate(arena, spec.dst(), Shape.of(M, N));
            try (MatMul kernel = one.candidate.registry().prepare(spec, weights, Optional.empty(),
                    one.candidate.options(pool))) {
                Runnable run = one.added ? () -> kernel.run(src, residual, dst) : () -> kernel.run(src, dst);
                assertEquals(0, leastAllocation(run, WARM_UP_NANOS),
                        () -> "bytes in " + RUNS + " runs of " + kernel.describe());
            }
        }
    }

    private static Tensor filled(Arena arena, DataType type, Shape shape) {
        Tensor tensor = Tensor.allocate(arena, type, shape);
        GuardedArena.fill(tensor, new Draw("steady").values(type, shape.elements()));
        return tensor;
    }

    /** Returns the bytes that a series of runs allocates once the compiler is done, which takes some thousand runs. */
    private static long leastAllocation(Runnable run, long warmUpNanos) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] workers = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("tersor-worker-")).mapToLong(Thread::threadId).toArray();
        long least = Long.MAX_VALUE;
        long end = System.nanoTime() + warmUpNanos;
        while (least > 0 && System.nanoTime() < end) {
            long before = allocated(threads, workers);
            for (int i = 0; i < RUNS; i++) {
                run.run();
            }
            least = Math.min(least, allocated(threads, workers) - before);
        }
        return least;
    }

    private static long allocated(ThreadMXBean threads, long[] workers) {
        long sum = threads.getCurrentThreadAllocatedBytes();
        for (long worker : workers) {
            // -1 for a thread that has ended.
            sum += Math.max(0, threads.getThreadAllocatedBytes(worker));
        }
        return sum;
    }

    @Test
    void whatWorkersAllocateIsSeen() {
        Thread caller = Thread.currentThread();
        AtomicInteger arrived = new AtomicInteger();
        byte[][] kept = new byte[1][];
        try (Parallelism pool = Parallelism.of(2)) {
            Parallelism.Part part = _ -> {
                // Both parts wait for each other, so that one of them runs on the worker.
                int together = (arrived.getAndIncrement() / 2 + 1) * 2;
                while (arrived.get() < together) {
                    Thread.onSpinWait();
                }
                if (Thread.currentThread() != caller) {
                    kept[0] = new byte[4096];
                }
            };
            assertTrue(leastAllocation(() -> pool.run(2, part), 100_000_000) >= RUNS * 4096L);
        }
        assertEquals(4096, kept[0].length);
    }
}
