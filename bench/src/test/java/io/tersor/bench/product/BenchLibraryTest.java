package io.tersor.bench.product;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.tersor.TersorException;
import io.tersor.UnsupportedKernelException;
import io.tersor.bench.conv.ConvShape;
import io.tersor.bench.conv.ConvWorkload;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.gemm.MatMulWorkload;
import io.tersor.ffm.CpuFeatures;
import io.tersor.kernel.Backend;
import io.tersor.kernel.PrepareOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** libtersor-bench: where this build is to have it, it must be there. */
class BenchLibraryTest {
    private BenchLibrary library;
    private ProductPeer onednn;

    @BeforeEach
    void load() {
        assumeFalse(Set.of(System.getProperty("tersor.test.missing", "").split(",")).contains("native"),
                "this build has no C libraries");
        library = new BenchLibrary();
        onednn = new ProductPeers(Optional.of(library)).of(OnednnPeer.NAME);
    }

    @ParameterizedTest
    @CsvSource({"16,16,16", "1,1000,130", "7,13,31", "127,255,511", "33,1,64"})
    void onednnFromCAndFromJavaAgreeBitForBit(int m, int k, int n) {
        for (ProductTypes types : List.of(ProductTypes.U8S8U8, ProductTypes.S8S8S8, ProductTypes.U8S8F32,
                ProductTypes.U8S8S32)) {
            try (MatMulWorkload workload = new MatMulWorkload(new GemmShape(m, k, n), types, WeightZeros.NONE);
                    ProductContender c = workload.prepare(onednn, 1, 2)) {
                if (OnednnPeer.saturates(types)) {
                    // A peer only, with weights that do not saturate; no backend.
                    assertThrows(UnsupportedKernelException.class,
                            () -> workload.prepare(PrepareOptions.DEFAULT.on(Backend.ONEDNN), 1));
                    continue;
                }
                assertSameFromJava(workload.prepare(PrepareOptions.DEFAULT.on(Backend.ONEDNN), 1), c, types);
                assertTrue(c.kernel().startsWith("onednn-c/") && c.kernel().length() > 9, c.kernel());
                assertTrue(c.time(3) > 0);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"16,14,14,32,1,1,1,0,1,1", "3,20,17,8,7,5,2,3,1,1", "24,9,9,24,3,3,2,1,1,24", "8,12,12,12,3,3,2,2,2,4",
        "64,15,15,64,3,3,2,1,1,1"})
    void convolutionsFromCAndFromJavaAgreeBitForBit(int ic, int ih, int iw, int oc, int kh, int kw, int stride, int pad,
            int dilation, int groups) {
        ConvShape shape = new ConvShape(ic, ih, iw, oc, kh, kw, stride, pad, dilation, groups, 1);
        for (ProductTypes types : List.of(ProductTypes.U8S8U8, ProductTypes.U8S8F32, ProductTypes.F32F32F32)) {
            try (ConvWorkload workload = new ConvWorkload(shape, types, WeightZeros.NONE);
                    ProductContender c = workload.prepare(onednn, 1, 2)) {
                if (OnednnPeer.saturates(types)) {
                    // A peer only, with weights that do not saturate; no backend.
                    assertThrows(UnsupportedKernelException.class,
                            () -> workload.prepare(PrepareOptions.DEFAULT.on(Backend.ONEDNN), 1));
                    continue;
                }
                assertSameFromJava(workload.prepare(PrepareOptions.DEFAULT.on(Backend.ONEDNN), 1), c, types);
                assertEquals("onednn-c", c.name());
            }
        }
    }

    private static void assertSameFromJava(ProductContender made, ProductContender c, ProductTypes types) {
        try (ProductContender java = made) {
            assertArrayEquals(bytes(java), bytes(c), c.kernel() + " " + types.label());
        }
    }

    private static byte[] bytes(ProductContender contender) {
        return contender.result().data().toArray(ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @CsvSource({"F32F32F32", "BF16BF16F32", "BF16BF16BF16"})
    void floatingPointOfOnednnIsVerified(ProductTypes types) {
        try (MatMulWorkload workload = new MatMulWorkload(new GemmShape(37, 300, 65), types, WeightZeros.NONE)) {
            if (types != ProductTypes.F32F32F32 && !CpuFeatures.detect().flags().contains("avx512f")) {
                assertTrue(assertThrows(TersorException.class, () -> workload.prepare(onednn, 1, 1)).getMessage()
                        .contains("oneDNN has no kernel"));
                return;
            }
            try (ProductContender c = workload.prepare(onednn, 1, 1)) {
                assertEquals("onednn-c", c.name());
            }
        }
    }

    @Test
    void limitsOfThisMachine() {
        Map<String, Double> limits = library.limits(1_000_000);
        Set<String> flags = CpuFeatures.detect().flags();
        assertEquals(flags.contains("avx2"), limits.containsKey("avx2_f32"), limits.toString());
        assertEquals(flags.contains("avx512_vnni"), limits.containsKey("avx512_vnni"), limits.toString());
        assertEquals(flags.contains("amx_int8"), limits.containsKey("amx_int8"), limits.toString());
        limits.forEach((limit, rate) -> assertTrue(rate > 1e8 && rate < 1e14, limit + " " + rate));
    }

    @Test
    void readsAreMeasured() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(1 << 16, 64);
            double rate = library.readRate(buffer, 1_000_000).orElseThrow();
            assertTrue(rate > 1e8 && rate < 1e13, "bytes per second: " + rate);
            MemorySegment odd = arena.allocate(100);
            assertThrows(TersorException.class, () -> library.readRate(odd, 1_000_000));
        }
    }

    @Test
    void failuresTellTheStatus() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(64);
            int[] types = {3, 3, 3};
            long[] extents = {4, 4, 4};
            BenchLibrary.Finish finish = new BenchLibrary.Finish(MemorySegment.NULL, MemorySegment.NULL, 0, 0, false);
            String file = assertThrows(TersorException.class, () -> library.create("/none.so", 1,
                    BenchLibrary.Operation.GEMM, extents, types, data, data, data, finish, 1)).getMessage();
            assertTrue(file.contains("no oneDNN library"), file);
            String onednn = OnednnPeer.onednn().origin();
            String size = assertThrows(TersorException.class, () -> library.create(onednn, 1,
                    BenchLibrary.Operation.GEMM, extents, types, data, data, data, finish, 0)).getMessage();
            assertTrue(size.contains("invalid size"), size);
        }
    }
}
