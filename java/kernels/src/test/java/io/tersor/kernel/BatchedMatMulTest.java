package io.tersor.kernel;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class BatchedMatMulTest {
    private static final int K = 37;
    private static final int N = 19;

    private final Random random = new Random(20);

    private Tensor random(Arena arena, DataType type, long... dims) {
        Tensor tensor = Tensor.allocate(arena, type, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, type.isFloating() ? random.nextFloat() - 0.5 : random.nextInt((int) type.min(), 128));
        }
        return tensor;
    }

    private static MatMul.Builder builder(DataType src, Tensor weights, Tensor bias) {
        MatMul.Builder builder = MatMul.spec(src, weights.type(), src).bias(bias).relu();
        if (src == F32) {
            return builder.weights(weights);
        }
        float[] scales = new float[N];
        int[] zeroPoints = new int[N];
        for (int n = 0; n < N; n++) {
            scales[n] = 0.001f * (n + 1);
            zeroPoints[n] = n % 3 - 1;
        }
        return builder.weights(new QuantizedTensor(weights,
                        QuantParams.perChannel(weights.shape().rank() - 1, scales, zeroPoints)))
                .source(QuantParams.perTensor(0.05f, 3)).destination(QuantParams.perTensor(0.5f, 7));
    }

    /** Each member must have the bits of a kernel of its own, however the threads share the work. */
    @ParameterizedTest
    @CsvSource({"1, 3, 5", "4, 3, 2", "2, 3, 1", "2, 5, 16", "4, 2, 33"})
    void membersAreKernelsOfTheirOwn(int threads, int batch, int m) {
        KernelRegistry registry = KernelRegistry.standard();
        try (Arena arena = Arena.ofShared(); Parallelism pool = Parallelism.of(threads)) {
            for (DataType type : List.of(F32, U8)) {
                // The matrices as a network may have them, transposed: strides that are not row-major.
                Tensor weights = random(arena, type == F32 ? F32 : S8, batch, N, K).permute(0, 2, 1);
                MatMul.Builder batched = builder(type, weights, random(arena, F32, N));
                Tensor src = random(arena, type, batch, m, K);
                List<Tensor> dsts = List.of(Tensor.allocate(arena, type, Shape.of(batch, m, N)),
                        Tensor.allocate(arena, type, Shape.of(batch, m, N)));
                for (Backend backend : Backend.values()) {
                    if (registry.refusal(backend, batched.spec()).isPresent()) {
                        continue;
                    }
                    try (MatMul kernel = batched.prepare(PrepareOptions.DEFAULT.on(backend).with(pool))) {
                        assertTrue(kernel.describe().endsWith(" x" + batch), kernel.describe());
                        assertSame(backend, kernel.backend());
                        for (int run = 0; run < 4; run++) {
                            Tensor dst = dsts.get(run % 2);
                            kernel.run(src, dst);
                            assertMembers(arena, batched, weights, src, dst, backend);
                            dst.data().fill((byte) 0);
                        }
                    }
                }
            }
        }
    }

    private static void assertMembers(Arena arena, MatMul.Builder batched, Tensor weights, Tensor src, Tensor dst,
            Backend backend) {
        long m = src.shape().dim(1);
        for (int member = 0; member < weights.shape().dim(0); member++) {
            Tensor own = Tensor.allocate(arena, dst.type(), Shape.of(m, N));
            try (MatMul single = KernelRegistry.standard().prepare(batched.spec().single(),
                    BatchedMatMul.matrix(weights, member), batched.bias, PrepareOptions.DEFAULT.on(backend))) {
                single.run(src.slice(0, member, 1).reshape(Shape.of(m, K)), own);
            }
            assertArrayEquals(own.data().toArray(JAVA_BYTE),
                    dst.slice(0, member, 1).data().asSlice(0, own.byteSize()).toArray(JAVA_BYTE),
                    backend + " member " + member);
        }
    }

    @Test
    void residualsAndEmptyExtents() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor src = random(arena, F32, 2, 3, 0);
            Tensor residual = random(arena, F32, 2, 3, N);
            Tensor dst = Tensor.allocate(arena, F32, residual.shape());
            try (MatMul kernel = MatMul.spec(F32, F32, F32).weights(random(arena, F32, 2, 0, N)).residual(Residual.F32)
                    .prepare(Backend.SCALAR)) {
                kernel.run(src, residual, dst);
                assertArrayEquals(residual.toFloats(), dst.toFloats());
                kernel.run(random(arena, F32, 2, 0, 0), random(arena, F32, 2, 0, N), random(arena, F32, 2, 0, N));
                assertThrows(OperandException.class, () -> kernel.run(src.reshape(Shape.of(6, 0)), residual, dst));
            }
        }
    }

    @Test
    void aBatchOfOneIsAMatrix() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = random(arena, F32, 1, K, N);
            Tensor src = random(arena, F32, 4, K);
            Tensor one = Tensor.allocate(arena, F32, Shape.of(4, N));
            Tensor other = Tensor.allocate(arena, F32, Shape.of(1, 4, N));
            try (MatMul kernel = MatMul.spec(F32, F32, F32).weights(weights).prepare(Backend.SCALAR);
                    MatMul plain = MatMul.spec(F32, F32, F32).weights(weights.reshape(Shape.of(K, N)))
                            .prepare(Backend.SCALAR)) {
                assertEquals(1, kernel.spec().batch());
                plain.run(src, one);
                kernel.run(src.reshape(Shape.of(1, 4, K)), other);
                assertArrayEquals(one.toFloats(), other.toFloats());
            }
        }
    }

    private static MatMul prepare(Arena arena, FakeBackend backend) {
        MatMul.Builder builder = MatMul.spec(F32, F32, F32).weights(Tensor.allocate(arena, F32, Shape.of(3, 2, 2)));
        return builder.prepare(new KernelRegistry(List.of(backend)), PrepareOptions.DEFAULT);
    }

    @Test
    void closingClosesEveryMemberOnce() {
        try (Arena arena = Arena.ofConfined()) {
            FakeBackend backend = FakeBackend.running(Backend.NATIVE);
            Tensor tensor = Tensor.allocate(arena, F32, Shape.of(3, 2, 2));
            MatMul kernel = prepare(arena, backend);
            assertEquals("native/fake x3", kernel.describe());
            kernel.run(tensor, tensor);
            assertEquals(3, backend.runs());
            kernel.close();
            assertEquals(0, backend.open());
            assertThrows(IllegalStateException.class, () -> kernel.run(tensor, tensor));
            assertThrows(IllegalStateException.class, kernel::close);
            assertEquals(3, backend.runs());
        }
    }

    @Test
    void aFailingMemberClosesThoseBefore() {
        try (Arena arena = Arena.ofConfined()) {
            FakeBackend fake = FakeBackend.running(Backend.NATIVE);
            IllegalStateException failure = new IllegalStateException("third");
            BackendProvider failing = new BackendProvider() {
                @Override
                public Backend backend() {
                    return fake.backend();
                }

                @Override
                public BackendStatus status() {
                    return fake.status();
                }

                @Override
                public Optional<String> refusal(KernelSpec spec) {
                    return Optional.empty();
                }

                @Override
                public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
                    if (fake.prepared() == 2) {
                        throw failure;
                    }
                    return fake.prepare(spec, weights, bias, options);
                }
            };
            MatMul.Builder builder = MatMul.spec(F32, F32, F32)
                    .weights(Tensor.allocate(arena, F32, Shape.of(3, 2, 2)));
            assertSame(failure, assertThrows(IllegalStateException.class,
                    () -> builder.prepare(new KernelRegistry(List.of(failing)), PrepareOptions.DEFAULT)));
            assertEquals(2, fake.prepared());
            assertEquals(0, fake.open());
        }
    }

    @Test
    void aRunningKernelIsNotClosed() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        FakeBackend backend = FakeBackend.running(Backend.NATIVE, () -> {
            inside.countDown();
            await(leave);
        });
        try (Arena arena = Arena.ofShared()) {
            Tensor tensor = Tensor.allocate(arena, F32, Shape.of(3, 2, 2));
            MatMul kernel = prepare(arena, backend);
            Thread runner = Thread.ofPlatform().start(() -> kernel.run(tensor, tensor));
            inside.await();
            assertTrue(assertThrows(IllegalStateException.class, kernel::close).getMessage().startsWith("In use"));
            assertEquals(3, backend.open());
            leave.countDown();
            runner.join();
            assertEquals(3, backend.runs());
            kernel.close();
            assertEquals(0, backend.open());
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** With several tensors in turn, as the buffers of a network's plan are. */
    @ParameterizedTest
    @EnumSource(Backend.class)
    void runsAllocateNothing(Backend backend) {
        com.sun.management.ThreadMXBean thread = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        int runs = 200;
        try (Arena arena = Arena.ofConfined()) {
            MatMul.Builder builder = MatMul.spec(U8, S8, U8).weights(random(arena, S8, 4, 8, 16));
            if (KernelRegistry.standard().refusal(backend, builder.spec()).isPresent()) {
                return;
            }
            List<Tensor> srcs = new ArrayList<>();
            List<Tensor> dsts = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                srcs.add(random(arena, U8, 4, 2, 8));
                dsts.add(Tensor.allocate(arena, U8, Shape.of(4, 2, 16)));
            }
            try (MatMul kernel = builder.prepare(backend)) {
                long least = Long.MAX_VALUE;
                long end = System.nanoTime() + 20_000_000_000L;
                while (least >= runs && System.nanoTime() < end) {
                    long before = thread.getCurrentThreadAllocatedBytes();
                    for (int run = 0; run < runs; run++) {
                        kernel.run(srcs.get(run % 3), dsts.get(run % 3));
                    }
                    least = Math.min(least, thread.getCurrentThreadAllocatedBytes() - before);
                }
                assertTrue(least < runs, kernel.describe() + ": bytes allocated by " + runs + " runs: " + least);
            }
        }
    }
}
