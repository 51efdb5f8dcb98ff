package io.tersor.bench.product;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.TersorException;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.gemm.MatMulWorkload;
import io.tersor.bench.measure.VerificationException;
import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativePlatform;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Peers of products that are verified like the backends, and what is said where they are missing. */
class ProductPeersTest {
    private static ProductPeer peer(String name) {
        return new ProductPeers(Optional.empty()).of(name);
    }

    private static ProductPeer openblas() {
        assumeTrue(NativePlatform.current().toString().equals("linux-x86_64"),
                "org.bytedeco:openblas is for Linux on x86-64 here");
        return peer("openblas");
    }

    @Test
    void unknownNamesAreRefusedWithThoseThereAre() {
        String message = assertThrows(TersorException.class, () -> peer("mkl")).getMessage();
        assertTrue(message.contains("onednn-c, openblas") && message.contains("'mkl'"), message);
    }

    @ParameterizedTest
    @CsvSource({"16,16,16", "1,1000,130", "7,13,31", "127,255,511", "33,1,64", "1,1,1", "3,40,1"})
    void openBlasIsVerified(int m, int k, int n) {
        ProductPeer openblas = openblas();
        try (MatMulWorkload workload = new MatMulWorkload(new GemmShape(m, k, n), ProductTypes.F32F32F32,
                WeightZeros.NONE)) {
            for (int threads : new int[] {2, 1}) {
                try (ProductContender contender = workload.prepare(openblas, threads, 3)) {
                    assertEquals("openblas", contender.name());
                    assertTrue(contender.kernel().matches("openblas " + openblas.version() + "/sgem[mv]:[A-Z].*threads "
                            + threads), contender.kernel());
                    assertEquals(3, contender.storage().copies());
                    assertTrue(contender.time(5) > 0);
                    workload.reference().check(contender.result(), contender.kernel());
                }
            }
        }
    }

    @Test
    void aPeerOfOtherWeightsIsWrong() {
        ProductPeer openblas = openblas();
        ProductPeer wrong = new ProductPeer() {
            @Override
            public String name() {
                return "wrong";
            }

            @Override
            public String version() {
                return "0";
            }

            @Override
            public ProductContender prepare(ProductOperands operands, int threads, int copies) {
                operands.constants().weights().set(5, 7);
                return openblas.prepare(operands, threads, copies);
            }
        };
        try (MatMulWorkload workload = new MatMulWorkload(new GemmShape(9, 20, 11), ProductTypes.F32F32F32,
                WeightZeros.NONE)) {
            String message = assertThrows(VerificationException.class, () -> workload.prepare(wrong, 1, 1)).getMessage();
            assertTrue(message.contains("openblas") && message.contains("9x20x11 f32"), message);
        }
    }

    @Test
    void whatOpenBlasDoesNotRunIsNamed() {
        try (MatMulWorkload workload = new MatMulWorkload(new GemmShape(4, 4, 4), ProductTypes.U8S8U8,
                WeightZeros.NONE)) {
            String message = assertThrows(TersorException.class, () -> workload.prepare(peer("openblas"), 1, 1))
                    .getMessage();
            assertTrue(message.contains("openblas") && message.contains("u8s8u8"), message);
        }
    }

    @Test
    void librariesThatAreMissingAreNamed() {
        System.setProperty(NativeLibrary.HIDDEN_PROPERTY, "openblas");
        try (MatMulWorkload workload = new MatMulWorkload(new GemmShape(4, 4, 4), ProductTypes.F32F32F32,
                WeightZeros.NONE)) {
            String openblas = assertThrows(TersorException.class, () -> workload.prepare(peer("openblas"), 1, 1))
                    .getMessage();
            assertTrue(openblas.contains("openblas") && openblas.contains(NativeLibrary.HIDDEN_PROPERTY), openblas);
            String onednn = assertThrows(TersorException.class, () -> workload.prepare(peer("onednn-c"), 1, 1))
                    .getMessage();
            assertTrue(onednn.contains("onednn-c: libtersor-bench is missing"), onednn);
        } finally {
            System.clearProperty(NativeLibrary.HIDDEN_PROPERTY);
        }
    }
}
