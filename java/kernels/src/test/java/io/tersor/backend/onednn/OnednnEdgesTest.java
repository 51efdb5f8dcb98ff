package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Activation;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where oneDNN itself is wrong, inexact or crashes, and what this backend makes of that. */
class OnednnEdgesTest {
    private final OnednnBackend backend = new OnednnBackend();

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(Onednn.find().isPresent(), Onednn.missing());
    }

    private static MatMulSpec matMul(DataType src, DataType dst, int k, int n, int srcZeroPoint, QuantParams weights,
            Bias bias) {
        return new MatMulSpec(src, DataType.S8, dst, k, n, QuantParams.perTensor(1, srcZeroPoint), weights,
                QuantParams.IDENTITY, bias, Activation.NONE);
    }

    private static Conv2dSpec conv(DataType type, int channels, Window window) {
        return new Conv2dSpec(type, type, type, channels, channels, window, 1, QuantParams.IDENTITY,
                QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.F32, Activation.NONE);
    }

    private String refusal(KernelSpec spec) {
        return backend.refusal(spec).orElse("");
    }

    @Test
    void refusesWhatOneDnnGetsWrong() {
        assumeTrue(Onednn.get().sumsBytesExactly(), "every INT8 sum is refused on " + Onednn.get().isaName());
        QuantParams perChannel = QuantParams.perChannel(1, new float[] {1, 2}, new int[] {3, 4});
        assertTrue(refusal(matMul(DataType.U8, DataType.U8, 8, 2, 0, perChannel, Bias.NONE))
                .contains("zero point for each channel"));
        assertTrue(refusal(matMul(DataType.S8, DataType.S32, 1000, 2, 0, QuantParams.IDENTITY, Bias.NONE))
                .contains("rounds s32 sums"));
        assertTrue(refusal(matMul(DataType.U8, DataType.S32, 1000, 2, 1, QuantParams.IDENTITY, Bias.NONE))
                .contains("rounds s32 sums"));
        assertEquals("", refusal(matMul(DataType.U8, DataType.S32, 100_000, 2, 0, QuantParams.IDENTITY, Bias.NONE)));
        assertEquals("", refusal(matMul(DataType.S8, DataType.S8, 100_000, 2, 1, QuantParams.IDENTITY, Bias.S32)));
        Conv2dSpec asymmetric = new Conv2dSpec(DataType.U8, DataType.S8, DataType.U8, 4, 4, Window.of(1, 1), 1,
                QuantParams.IDENTITY, QuantParams.perTensor(1, 1), QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
        assertTrue(refusal(asymmetric).contains("zero points of weights"));
        assertTrue(refusal(new SoftmaxSpec()).contains("softmax"));
        assertTrue(refusal(Pool2dSpec.f32(Pool2dSpec.Kind.MAX, Window.of(2, 2).padding(2)))
                .contains("cover no pixel"));
    }

    @Test
    void refusesBytesWithoutVnni() {
        assumeTrue(!Onednn.get().sumsBytesExactly(), "INT8 sums are exact on " + Onednn.get().isaName());
        assertTrue(refusal(matMul(DataType.U8, DataType.U8, 8, 2, 0, QuantParams.IDENTITY, Bias.NONE))
                .contains("not exact"));
    }

    @Test
    void anOrderThatCannotBeFollowedSaysWhy() {
        KernelRegistry registry = new KernelRegistry(List.of(backend));
        String message = assertThrows(UnsupportedKernelException.class,
                () -> registry.prepare(new SoftmaxSpec(), PrepareOptions.DEFAULT.on(Backend.ONEDNN))).getMessage();
        assertTrue(message.startsWith("onednn cannot run ") && message.contains("softmax"), message);
    }

    @Test
    void longSumsAreExactWithABiasThatWraps() {
        assumeTrue(Onednn.get().sumsBytesExactly(), "every INT8 sum is refused on " + Onednn.get().isaName());
        int k = 60_001;
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.allocate(arena, DataType.S8, Shape.of(k, 2));
            Tensor src = Tensor.allocate(arena, DataType.U8, Shape.of(3, k));
            for (long i = 0; i < k; i++) {
                weights.set(2 * i, 127);
                weights.set(2 * i + 1, -127);
                for (int row = 0; row < 3; row++) {
                    src.set(row * (long) k + i, 255 - row);
                }
            }
            Tensor bias = Tensor.ofInts(arena, Shape.of(2), Integer.MAX_VALUE, 1);
            Tensor dst = Tensor.allocate(arena, DataType.S32, Shape.of(3, 2));
            MatMulSpec spec = matMul(DataType.U8, DataType.S32, k, 2, 0, QuantParams.IDENTITY, Bias.S32);
            try (MatMul kernel = backend.prepare(spec, weights, Optional.of(bias), Parallelism.SINGLE)) {
                kernel.run(src, dst);
            }
            for (int row = 0; row < 3; row++) {
                int sum = k * 127 * (255 - row);
                assertEquals(sum + Integer.MAX_VALUE, dst.getLong(row * 2L));
                assertEquals(1 - sum, dst.getLong(row * 2L + 1));
            }
        }
    }

    @Test
    void paddingAloneGivesTheBias() {
        // The first two crash oneDNN 3.11; the last has no pixel at all.
        Window stepsOver = new Window(1, 1, 1, 2, 0, 1, 0, 1, 1, 1);
        Window around = new Window(1, 2, 1, 1, 0, 2, 0, 1, 1, 3);
        try (Arena arena = Arena.ofConfined()) {
            assertBiasOnly(arena, stepsOver, 5, 1);
            assertBiasOnly(arena, around, 5, 1);
            assertBiasOnly(arena, Window.of(1, 1).padding(1), 0, 3);
        }
    }

    private void assertBiasOnly(Arena arena, Window window, long h, long w) {
        Conv2dSpec spec = conv(DataType.F32, 3, window);
        Tensor weights = Tensor.allocate(arena, DataType.F32, spec.weightsShape());
        for (long i = 0; i < weights.shape().elements(); i++) {
            weights.set(i, 1);
        }
        Tensor src = Tensor.allocate(arena, DataType.F32, Shape.of(1, h, w, 3));
        for (long i = 0; i < src.shape().elements(); i++) {
            src.set(i, 5);
        }
        Tensor dst = Tensor.allocate(arena, DataType.F32, spec.dstShape(src.shape()));
        assertTrue(dst.shape().elements() > 0);
        try (Conv2d kernel = backend.prepare(spec, weights,
                Optional.of(Tensor.ofFloats(arena, Shape.of(3), 1, 2, 3)), Parallelism.SINGLE)) {
            kernel.run(src, dst);
        }
        for (long i = 0; i < dst.shape().elements(); i++) {
            assertEquals(1 + i % 3, dst.get(i), window + " at " + i);
        }
    }

    @Test
    void failuresNameTheCall() {
        try (Arena arena = Arena.ofConfined()) {
            String message = assertThrows(OnednnException.class,
                    () -> MemoryDesc.rowMajor(arena, DataType.F32, 1, -5)).getMessage();
            assertEquals("dnnl_memory_desc_create_with_strides: invalid arguments", message);
        }
    }
}
