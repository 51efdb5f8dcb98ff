package io.tersor.backend.libtersor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.tersor.UnsupportedKernelException;
import io.tersor.ffm.NativeBundle;
import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativePlatform;
import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.Bias;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.ReduceSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("isa-tiers")
class NativeBackendTest {
    private static final String LIBRARY = "META-INF/native/" + NativePlatform.current() + "/"
            + System.mapLibraryName("tersor");
    private static final int K = 37;
    private static final int N = 21;

    private final NativeBackend backend = new NativeBackend();
    private final KernelRegistry registry = new KernelRegistry(List.of(backend));

    @BeforeEach
    void assumeLibrary() {
        assumeTrue(getClass().getClassLoader().getResource(LIBRARY) != null, "skipped: libtersor was not built");
        assertInstanceOf(BackendStatus.Available.class, backend.status());
    }

    private static MatMulSpec spec() {
        return new MatMulSpec(DataType.U8, DataType.S8, DataType.U8, K, N, QuantParams.perTensor(0.5f, 3),
                QuantParams.perTensor(0.25f, 0), QuantParams.perTensor(9f, 7), Bias.NONE, Activation.NONE);
    }

    private MatMul prepare(Arena arena, Parallelism parallelism) {
        Tensor weights = Tensor.allocate(arena, DataType.S8, Shape.of(K, N));
        for (long i = 0; i < K * N; i++) {
            weights.setLong(i, i * 31 % 255 - 127);
        }
        return registry.prepare(spec(), weights, Optional.empty(), PrepareOptions.DEFAULT.with(parallelism));
    }

    private static Tensor src(Arena arena, int m) {
        Tensor src = Tensor.allocate(arena, DataType.U8, Shape.of(m, K));
        for (long i = 0; i < (long) m * K; i++) {
            src.setLong(i, i * 17 % 256);
        }
        return src;
    }

    @Test
    void describesTheMicroKernelOfItsTier() {
        BackendStatus.Available available = assertInstanceOf(BackendStatus.Available.class, backend.status());
        try (Arena arena = Arena.ofConfined(); MatMul kernel = prepare(arena, Parallelism.SINGLE)) {
            assertTrue(kernel.describe().startsWith("native/u8s8_gemm_"), kernel::describe);
            String isa = switch (available.isa()) {
                case "avx512_amx" -> "amx_int8";
                case "avx512_bf16" -> "avx512_vnni";
                default -> available.isa();
            };
            assertTrue(kernel.describe().endsWith("__" + isa), kernel::describe);
        }
    }

    @Test
    void threadsShareRowsAndAgreeWithOne() {
        int m = 4001;
        try (Arena arena = Arena.ofShared(); Parallelism two = Parallelism.of(2);
                MatMul alone = prepare(arena, Parallelism.SINGLE); MatMul shared = prepare(arena, two)) {
            Tensor src = src(arena, m);
            Tensor expected = Tensor.allocate(arena, DataType.U8, Shape.of(m, N));
            Tensor actual = Tensor.allocate(arena, DataType.U8, Shape.of(m, N));
            alone.run(src, expected);
            shared.run(src, actual);
            assertEquals(-1, expected.data().mismatch(actual.data()));
            assertTrue(expected.data().toArray(ValueLayout.JAVA_BYTE)[5] != 0);
        }
    }

    @Test
    void callersAtOnceDoNotDisturbEachOther() throws InterruptedException {
        int m = 64;
        try (Arena arena = Arena.ofShared(); MatMul kernel = prepare(arena, Parallelism.SINGLE)) {
            Tensor src = src(arena, m);
            Tensor expected = Tensor.allocate(arena, DataType.U8, Shape.of(m, N));
            kernel.run(src, expected);
            List<Thread> threads = new ArrayList<>();
            List<Tensor> results = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Tensor result = Tensor.allocate(arena, DataType.U8, Shape.of(m, N));
                results.add(result);
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int run = 0; run < 200; run++) {
                        kernel.run(src, result);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            for (Tensor result : results) {
                assertEquals(-1, expected.data().mismatch(result.data()));
            }
        }
    }

    @Test
    void normsLetConvolutionsBeFilteredMinimally() {
        try (Arena arena = Arena.ofConfined()) {
            for (int channels : new int[] {16, 192}) {
                Conv2d.Builder builder = Conv2d.spec(DataType.F32, DataType.F32, DataType.F32)
                        .weights(Tensor.allocate(arena, DataType.F32, Shape.of(channels, channels, 3, 3)));
                PrepareOptions options = PrepareOptions.DEFAULT.on(Backend.NATIVE);
                try (Conv2d direct = builder.prepare(options);
                        Conv2d filtered = builder.prepare(options.normwiseErrors())) {
                    assertTrue(direct.describe().contains("f32_gemm_"), direct.describe());
                    assertTrue(filtered.describe().contains(channels == 16 ? "f32_winograd_4x4__" : "f32_winograd_2x2__"),
                            filtered.describe());
                }
            }
        }
    }

    @Test
    void convolutionsOfBytesAreFilteredMinimallyOnAvx2Alone() {
        try (Arena arena = Arena.ofConfined()) {
            for (int channels : new int[] {16, 64}) {
                Conv2d.Builder builder = Conv2d.spec(DataType.U8, DataType.S8, DataType.S32)
                        .weights(Tensor.allocate(arena, DataType.S8, Shape.of(channels, channels, 3, 3)));
                try (Conv2d kernel = builder.prepare(PrepareOptions.DEFAULT.on(Backend.NATIVE))) {
                    boolean filtered = kernel.describe().contains("u8s8_winograd_2x2__avx2");
                    boolean isAvx2 = kernel.describe().endsWith("__avx2");
                    assertEquals(isAvx2 && channels == 64, filtered, kernel::describe);
                }
            }
        }
    }

    @Test
    void closedKernelFailsWithTheJdksException() {
        try (Arena arena = Arena.ofConfined()) {
            MatMul kernel = prepare(arena, Parallelism.SINGLE);
            kernel.close();
            Tensor dst = Tensor.allocate(arena, DataType.U8, Shape.of(2, N));
            assertThrows(IllegalStateException.class, () -> kernel.run(src(arena, 2), dst));
            assertThrows(IllegalStateException.class, kernel::close);
        }
    }

    @Test
    void refusesWhatItDoesNotImplement() {
        QuantizeSpec halfAway = new QuantizeSpec(DataType.S8, QuantParams.IDENTITY, Rounding.HALF_AWAY);
        assertTrue(backend.refusal(halfAway).isPresent());
        for (UnarySpec spec : List.of(new MapSpec(MapFunction.SIN), new ReduceSpec(ReduceSpec.Kind.LOG_SUM),
                new ActivationSpec(DataType.F32, QuantParams.IDENTITY, Activation.NONE))) {
            assertTrue(backend.refusal(spec).isPresent());
            assertThrows(UnsupportedKernelException.class, () -> registry.prepare(spec, PrepareOptions.DEFAULT.on(
                    Backend.NATIVE)));
        }
        BinarySpec powers = new BinarySpec(BinarySpec.Operation.POW);
        assertTrue(backend.refusal(powers).isPresent());
        assertThrows(UnsupportedKernelException.class, () -> registry.prepare(powers, PrepareOptions.DEFAULT.on(
                Backend.NATIVE)));
    }

    @Test
    void quantizesPerChannelAlongAnyAxisAsTheQuantizer() {
        Shape shape = Shape.of(3, 5, 7);
        for (int axis = 0; axis < 3; axis++) {
            int channels = (int) shape.dim(axis);
            float[] scales = new float[channels];
            int[] zeroPoints = new int[channels];
            for (int c = 0; c < channels; c++) {
                scales[c] = 0.1f * (c + 1);
                zeroPoints[c] = c * 11 - 20;
            }
            QuantParams params = QuantParams.perChannel(axis, scales, zeroPoints);
            try (Arena arena = Arena.ofConfined(); Unary kernel = registry.prepare(
                    new QuantizeSpec(DataType.S8, params, Rounding.HALF_EVEN), PrepareOptions.DEFAULT)) {
                Tensor src = Tensor.allocate(arena, DataType.F32, shape);
                Tensor dst = Tensor.allocate(arena, DataType.S8, shape);
                for (long i = 0; i < shape.elements(); i++) {
                    src.set(i, (i * 13 % 97) * 0.37 - 18);
                }
                kernel.run(src, dst);
                for (long i = 0; i < shape.elements(); i++) {
                    int channel = params.index(shape, i);
                    long expected = Quantizer.quantize((float) src.get(i), scales[channel], zeroPoints[channel],
                            DataType.S8, Rounding.HALF_EVEN);
                    assertEquals(expected, dst.getLong(i), "axis " + axis + " element " + i);
                }
            }
        }
    }

    @Test
    void refusedArgumentsBecomeAnExceptionThatNamesTheCall() {
        BackendStatus.Available available = assertInstanceOf(BackendStatus.Available.class, backend.status());
        Libtersor library = new Libtersor(
                NativeLibrary.load(new NativeBundle("libtersor", List.of(LIBRARY), "the build")));
        LibtersorException refused = assertThrows(LibtersorException.class,
                () -> library.products().gemmPackedBytes(Tier.PORTABLE.bit(), Libtersor.typeCode(DataType.U8),
                        Libtersor.typeCode(DataType.S8), Sparsity.code(Optional.empty(), DataType.S8), -1, 1, MemorySegment.NULL, 1,
                        1));
        assertTrue(refused.getMessage().contains("tersor_gemm_packed_bytes"), refused::getMessage);
        assertTrue(refused.getMessage().contains("invalid size"), refused::getMessage);
        assertEquals(available.origin(), library.file().toString());
    }

    @Test
    void runsAllocateNothingOnceWarm() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int runs = 1000;
        try (Arena arena = Arena.ofConfined(); MatMul kernel = prepare(arena, Parallelism.SINGLE)) {
            Tensor src = src(arena, 5);
            Tensor dst = Tensor.allocate(arena, DataType.U8, Shape.of(5, N));
            long fewest = Long.MAX_VALUE;
            // The compiler takes its time; one round without allocation is the proof.
            for (int round = 0; round < 100 && fewest > runs; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int run = 0; run < runs; run++) {
                    kernel.run(src, dst);
                }
                fewest = Math.min(fewest, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertTrue(fewest <= runs, fewest + " bytes in " + runs + " runs");
        }
    }
}
