package io.tersor.bench.product;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.bench.conv.ConvShape;
import io.tersor.bench.conv.ConvWorkload;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.gemm.MatMulWorkload;
import io.tersor.bench.measure.VerificationException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of ONNX Runtime are verified like those of the backends. */
class OnnxPeerTest {
    private static ProductPeer peer(String name) {
        return new ProductPeers(Optional.empty()).of(name);
    }

    private static void verify(ProductWorkload workload, ProductPeer peer, int threads, int copies, String operator) {
        try (ProductContender contender = workload.prepare(peer, threads, copies)) {
            assertEquals(peer.name(), contender.name());
            assertTrue(contender.kernel().startsWith("onnxruntime " + peer.version() + "/")
                    && contender.kernel().contains(operator) && contender.kernel().endsWith("threads " + threads),
                    contender.kernel());
            assertEquals(copies, contender.storage().copies());
            assertTrue(contender.time(copies + 1) > 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"16,64,16", "1,1000,130", "7,13,31", "127,255,97", "33,1,64", "3,300,1"})
    void matricesAreVerified(int m, int k, int n) {
        GemmShape shape = new GemmShape(m, k, n);
        ProductPeer bytes = peer("onnxruntime");
        try (MatMulWorkload workload = new MatMulWorkload(shape, ProductTypes.F32F32F32, WeightZeros.NONE)) {
            verify(workload, bytes, 2, 1, "Gemm");
        }
        try (MatMulWorkload workload = new MatMulWorkload(shape, ProductTypes.U8S8U8, WeightZeros.NONE)) {
            verify(workload, bytes, 1, 3, "QGemm");
        }
        try (MatMulWorkload workload = new MatMulWorkload(shape, ProductTypes.F32S8F32, WeightZeros.NONE)) {
            verify(workload, bytes, 2, 2, "MatMulNBits");
            verify(workload, peer("onnxruntime-4bit"), 1, 1, "MatMulNBits");
        }
    }

    @ParameterizedTest
    @CsvSource({"16,14,14,32,1,1,1,0,1,1", "3,20,17,8,7,5,2,3,1,1", "24,9,9,24,3,3,2,1,1,24", "8,12,12,12,3,3,1,2,2,4",
        "64,15,15,64,3,3,2,1,1,1", "32,6,7,10,1,1,1,0,1,1"})
    void convolutionsAreVerified(int ic, int ih, int iw, int oc, int kh, int kw, int stride, int pad, int dilation,
            int groups) {
        ConvShape shape = new ConvShape(ic, ih, iw, oc, kh, kw, stride, pad, dilation, groups, 1);
        for (ProductTypes types : List.of(ProductTypes.U8S8U8, ProductTypes.F32F32F32)) {
            try (ConvWorkload workload = new ConvWorkload(shape, types, WeightZeros.NONE)) {
                verify(workload, peer("onnxruntime"), 1, 1, "Conv");
                verify(workload, peer("onnxruntime"), 2, 2, "Conv");
            }
        }
    }

    /** Tells what a peer's result is compared with. */
    private record Spy(ProductPeer peer, AtomicReference<Verification.Check> reference) implements ProductPeer {
        @Override
        public String name() {
            return peer.name();
        }

        @Override
        public String version() {
            return peer.version();
        }

        @Override
        public RandomValues.Range weights(ProductTypes types) {
            return peer.weights(types);
        }

        @Override
        public Verification.Check reference(ProductOperands operands, Verification.Check exact) {
            reference.set(peer.reference(operands, exact));
            return reference.get();
        }

        @Override
        public ProductContender prepare(ProductOperands operands, int threads, int copies) {
            return peer.prepare(operands, threads, copies);
        }
    }

    @ParameterizedTest
    @CsvSource({"onnxruntime,U8S8U8", "onnxruntime,F32S8F32", "onnxruntime-4bit,F32S8F32"})
    void whatIsLooserThanForBackendsFindsWrongElementsNevertheless(String name, ProductTypes types) {
        Spy spy = new Spy(peer(name), new AtomicReference<>());
        try (MatMulWorkload workload = new MatMulWorkload(new GemmShape(5, 256, 40), types, WeightZeros.NONE);
                ProductContender contender = workload.prepare(spy, 1, 1)) {
            Tensor dst = contender.result();
            double largest = 0;
            for (long i = 0; i < dst.shape().elements(); i++) {
                largest = Math.max(largest, dst.get(i));
            }
            for (long i = 0; i < dst.shape().elements(); i++) {
                double right = dst.get(i);
                double wrong = types == ProductTypes.U8S8U8 ? right > 100 ? right - 2 : right + 2
                        : right + 0.1 * largest;
                dst.set(i, wrong);
                assertThrows(VerificationException.class, () -> spy.reference.get().check(dst, "who"),
                        "element " + i + ": " + wrong + " instead of " + right);
                dst.set(i, right);
            }
            spy.reference.get().check(dst, "restored");
        }
    }

    @Test
    void fourBitsAreNotEight() {
        try (MatMulWorkload workload = new MatMulWorkload(new GemmShape(5, 256, 40), ProductTypes.F32S8F32,
                WeightZeros.NONE); ProductContender four = workload.prepare(peer("onnxruntime-4bit"), 1, 1)) {
            assertThrows(VerificationException.class, () -> workload.reference().check(four.result(), "4 bits"));
            assertEquals(40 * 2 * (64 + 4), four.storage().bytes());
        }
    }

    @Test
    void blocksHaveTheirLargestMagnitudeAtSeven() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.ofBytes(arena, DataType.S8, Shape.of(3, 1), (byte) -70, (byte) 14, (byte) 10);
            Constants constants = new Constants(ProductTypes.F32S8F32, weights, Optional.empty(), QuantParams.IDENTITY,
                    QuantParams.perChannel(1, new float[] {0.5f}), QuantParams.IDENTITY, _ -> 0);
            BlockWeights four = BlockWeights.of(arena, constants, 4);
            assertEquals(5, four.scales().get(0), 1e-6);
            assertEquals(List.of(-35f, 5f, 5f), List.of((float) four.real().get(0), (float) four.real().get(1),
                    (float) four.real().get(2)));
            // Levels -7, 1, 1 and then zeros, each plus 8, the earlier one in the low half.
            assertEquals(List.of(0x91L, 0x89L, 0x88L), List.of(four.packed().getLong(0), four.packed().getLong(1),
                    four.packed().getLong(15)));
            BlockWeights eight = BlockWeights.of(arena, constants, 8);
            assertEquals(List.of(58L, 142L, 138L, 128L), List.of(eight.packed().getLong(0), eight.packed().getLong(1),
                    eight.packed().getLong(2), eight.packed().getLong(31)));
            assertEquals(-35, eight.real().get(0));
        }
    }

    @Test
    void whatItDoesNotRunIsNamed() {
        try (MatMulWorkload workload = new MatMulWorkload(new GemmShape(4, 4, 4), ProductTypes.BF16BF16F32,
                WeightZeros.NONE)) {
            for (String name : List.of("onnxruntime", "onnxruntime-4bit")) {
                String message = assertThrows(TersorException.class, () -> workload.prepare(peer(name), 1, 1))
                        .getMessage();
                assertTrue(message.startsWith(name + ": ") && message.contains("bf16bf16f32"), message);
            }
        }
    }
}
