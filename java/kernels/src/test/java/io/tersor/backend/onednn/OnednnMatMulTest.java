package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.tersor.UnsupportedKernelException;
import io.tersor.backend.scalar.ScalarBackend;
import io.tersor.kernel.Activation;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Bias;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Residual;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One kernel run again and again: on other memory, other strides, other threads, in the residual's memory. */
class OnednnMatMulTest {
    private static final int K = 19;
    private static final int N = 23;
    /** Beyond the slots that the pool of executions has. */
    private static final int THREADS = 12;

    private final OnednnBackend backend = new OnednnBackend();

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(Onednn.find().isPresent(), Onednn.missing());
    }

    private static MatMulSpec spec(Optional<Residual> residual, Activation activation) {
        return spec(DataType.F32, DataType.F32, DataType.F32, Bias.NONE, residual, activation);
    }

    private static MatMulSpec spec(DataType src, DataType weights, DataType dst, Bias bias, Optional<Residual> residual,
            Activation activation) {
        return new MatMulSpec(src, weights, dst, K, N, QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY,
                bias, residual, activation, 1);
    }

    private MatMul prepare(Arena arena, MatMulSpec spec, long rows) {
        assertEquals(Optional.empty(), backend.refusal(spec));
        return backend.prepare(spec, filled(Tensor.allocate(arena, DataType.F32, Shape.of(K, N)), 1), Optional.empty(),
                PrepareOptions.DEFAULT.rows(rows));
    }

    private static Tensor filled(Tensor tensor, int seed) {
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, (i + seed) * 7 % 23 - 11);
        }
        return tensor;
    }

    private static Tensor matrix(Arena arena, int rows, int columns, int stride) {
        return Tensor.wrap(arena.allocate((long) rows * stride * Float.BYTES, 64), DataType.F32,
                Shape.of(rows, columns), stride, 1);
    }

    private static Tensor transposed(Arena arena, int rows, int columns) {
        return Tensor.allocate(arena, DataType.F32, Shape.of(columns, rows)).permute(1, 0);
    }

    /** Small integers, so that every order of the additions gives the same. */
    private static float[] product(Tensor src, Optional<Tensor> residual) {
        int m = (int) src.shape().dim(0);
        float[] expected = new float[m * N];
        for (int i = 0; i < expected.length; i++) {
            double sum = residual.isPresent() ? residual.get().get(i) : 0;
            for (int k = 0; k < K; k++) {
                sum += src.get((long) (i / N) * K + k) * ((k * N + i % N + 1) * 7 % 23 - 11);
            }
            expected[i] = (float) sum;
        }
        return expected;
    }

    @Test
    void addressesAndStridesMayChangeFromRunToRun() {
        try (Arena arena = Arena.ofConfined();
                MatMul kernel = prepare(arena, spec(Optional.empty(), Activation.NONE), 64)) {
            for (int run = 0; run < 60; run++) {
                int m = 1 + run % 3;
                Tensor src = run % 5 == 4 ? transposed(arena, m, K) : matrix(arena, m, K, K + run % 4);
                Tensor dst = matrix(arena, m, N, N + run / 3 % 3);
                filled(src, run);
                kernel.run(src, dst);
                assertArrayEquals(product(src, Optional.empty()), dst.toFloats(), "run " + run);
                // The same memory with other values, and back to it after another.
                filled(src, run + 1);
                kernel.run(src, dst);
                assertArrayEquals(product(src, Optional.empty()), dst.toFloats(), "run " + run + " again");
            }
        }
    }

    @Test
    void residualsLieApartOrInDst() {
        try (Arena arena = Arena.ofConfined();
                MatMul kernel = prepare(arena, spec(Optional.of(Residual.F32), Activation.NONE), 64)) {
            for (int run = 0; run < 24; run++) {
                int m = 1 + run % 4;
                Tensor src = filled(matrix(arena, m, K, K), run);
                Tensor dst = matrix(arena, m, N, N + run % 3);
                boolean inPlace = run % 2 == 1;
                Tensor residual = filled(inPlace ? dst : matrix(arena, m, N, N + run % 5), run + 3);
                float[] expected = product(src, Optional.of(residual));
                kernel.run(src, residual, dst);
                assertArrayEquals(expected, dst.toFloats(), "run " + run);
            }
        }
    }

    /** oneDNN gathers the parts of a long f32 sum in dst, which must not cost the residual that lies there. */
    @Test
    void aResidualInDstOutlastsALongSum() {
        int k = 5000;
        MatMulSpec spec = new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, k, N, QuantParams.IDENTITY,
                QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Optional.of(Residual.F32), Activation.NONE, 1);
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.allocate(arena, DataType.F32, Shape.of(k, N));
            for (long i = 0; i < k * (long) N; i++) {
                weights.set(i, 1);
            }
            for (int m : new int[] {1, 3, 40}) {
                Tensor src = Tensor.allocate(arena, DataType.F32, Shape.of(m, k));
                for (long i = 0; i < m * (long) k; i++) {
                    src.set(i, 1);
                }
                Tensor dst = filled(Tensor.allocate(arena, DataType.F32, Shape.of(m, N)), m);
                float[] expected = dst.toFloats();
                for (int i = 0; i < expected.length; i++) {
                    expected[i] += k;
                }
                try (MatMul kernel = backend.prepare(spec, weights, Optional.empty(), PrepareOptions.DEFAULT)) {
                    kernel.run(src, dst, dst);
                }
                assertArrayEquals(expected, dst.toFloats(), "m = " + m);
            }
        }
    }

    @Test
    void everyPackingServesEveryNumberOfRows() {
        for (long rows : new long[] {1, 2, 64, 1000}) {
            try (Arena arena = Arena.ofConfined();
                    MatMul kernel = prepare(arena, spec(Optional.empty(), Activation.NONE), rows)) {
                for (int m : new int[] {1, 2, 7, 64, 129}) {
                    Tensor src = filled(matrix(arena, m, K, K), m);
                    Tensor dst = matrix(arena, m, N, N);
                    kernel.run(src, dst);
                    assertArrayEquals(product(src, Optional.empty()), dst.toFloats(), rows + " rows, m = " + m);
                }
            }
        }
    }

    @Test
    void moreThreadsThanSlotsGetTheirOwnResults() throws Exception {
        try (Arena shared = Arena.ofShared();
                MatMul kernel = prepare(shared, spec(Optional.empty(), Activation.NONE), 64);
                ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            CyclicBarrier together = new CyclicBarrier(THREADS);
            List<Future<Integer>> wrong = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                int thread = t;
                wrong.add(threads.submit(() -> {
                    int differences = 0;
                    try (Arena arena = Arena.ofConfined()) {
                        Tensor src = filled(matrix(arena, 5, K, K), thread);
                        Tensor dst = matrix(arena, 5, N, N);
                        float[] expected = product(src, Optional.empty());
                        together.await();
                        for (int run = 0; run < 300; run++) {
                            dst.set(run % expected.length, -1);
                            kernel.run(src, dst);
                            differences += Arrays.equals(expected, dst.toFloats()) ? 0 : 1;
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
    void runsAllocateNothingOnTheHeap() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Arena arena = Arena.ofConfined();
                MatMul kernel = prepare(arena, spec(Optional.of(Residual.F32), Activation.RELU), 64)) {
            Tensor src = filled(matrix(arena, 3, K, K), 1);
            Tensor dst = matrix(arena, 3, N, N + 1);
            Tensor gathered = filled(matrix(arena, 3, N, N), 2);
            Tensor other = filled(matrix(arena, 3, N, N + 1), 2);
            for (int run = 0; run < 60_000; run++) {
                kernel.run(src, run % 3 == 0 ? gathered : run % 3 == 1 ? other : dst, dst);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int run = 0; run < 3000; run++) {
                kernel.run(src, run % 3 == 0 ? gathered : run % 3 == 1 ? other : dst, dst);
            }
            long bytes = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(bytes < 3000, bytes + " bytes in 3000 runs");
        }
    }

    @Test
    void refusesWithAReason() {
        Optional<Residual> none = Optional.empty();
        Residual shifted = new Residual(DataType.U8, QuantParams.perTensor(0.5f, 3));
        assertRefused("at run time", spec(DataType.F32, DataType.S8, DataType.F32, Bias.NONE, none, Activation.NONE));
        assertRefused("zero point", spec(DataType.U8, DataType.S8, DataType.F32, Bias.NONE, Optional.of(shifted),
                Activation.NONE));
        Residual bytes = new Residual(DataType.U8, QuantParams.perTensor(0.5f, 0));
        assertRefused("units of a residual", spec(Optional.of(bytes), Activation.NONE));
        assertRefused("infinity", spec(none, Activation.GELU));
        assertRefused("infinity", spec(DataType.U8, DataType.S8, DataType.F32, Bias.NONE, Optional.of(Residual.F32),
                Activation.SILU));
    }

    private void assertRefused(String reason, MatMulSpec spec) {
        Optional<String> refusal = backend.refusal(spec);
        // Without VNNI that is the first reason to refuse bytes.
        String first = spec.src() == DataType.U8 && !Onednn.get().sumsBytesExactly() ? "only with VNNI" : reason;
        assertTrue(refusal.isPresent() && refusal.get().contains(first), spec + ": " + refusal);
    }

    @Test
    void takesAFunctionUnlessTheBiasIsInfinite() {
        MatMulSpec spec = spec(DataType.U8, DataType.S8, DataType.F32, Bias.F32, Optional.empty(), Activation.SILU);
        assumeTrue(backend.refusal(spec).isEmpty(), "no VNNI");
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.allocate(arena, DataType.S8, Shape.of(K, N));
            Tensor bias = filled(Tensor.allocate(arena, DataType.F32, Shape.of(N)), 4);
            Tensor src = Tensor.allocate(arena, DataType.U8, Shape.of(1, K));
            Tensor dst = Tensor.allocate(arena, DataType.F32, Shape.of(1, N));
            try (MatMul kernel = backend.prepare(spec, weights, Optional.of(bias), PrepareOptions.DEFAULT)) {
                kernel.run(src, dst);
                for (int n = 0; n < N; n++) {
                    double x = bias.get(n);
                    assertEquals(x / (1 + Math.exp(-x)), dst.get(n), 1e-5);
                }
                assertFalse(kernel.describe().contains("ref"), kernel.describe());
            }
            bias.set(1, Float.NEGATIVE_INFINITY);
            KernelRegistry registry = new KernelRegistry(List.of(backend, new ScalarBackend()));
            assertThrows(UnsupportedKernelException.class, () -> registry.prepare(spec, weights, Optional.of(bias),
                    PrepareOptions.DEFAULT.on(Backend.ONEDNN)));
            try (MatMul other = registry.prepare(spec, weights, Optional.of(bias), PrepareOptions.DEFAULT)) {
                assertEquals(Backend.SCALAR, other.backend());
            }
        }
    }
}
