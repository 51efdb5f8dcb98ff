package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.ffm.Isa;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CostTableTest {
    private static final String HEADER = """
            # tersor cost table 1
            # isa: avx512_vnni
            # machine: some CPU
            # libraries: onednn 3.11.0
            # date: 2026-11-25
            """;
    private static final String TABLE = HEADER + """
            op types m k n backend threads micros
            matmul u8s8 1 64 64 onednn 1 2.00
            matmul u8s8 1 64 64 native 1 0.50
            matmul u8s8 1 64 64 vector 1 1.00
            matmul u8s8 64 64 64 native 1 9.00
            matmul u8s8 64 64 64 onednn 1 5.00
            matmul f32 16 64 64 vector 1 1.00
            matmul f32 16 64 64 onednn 1 3.00
            matmul f32 16 64 64 vector 4 2.00
            matmul f32 16 64 64 onednn 4 1.00
            """.replace(' ', '\t');

    private static MatMulSpec spec(DataType src, DataType weights, DataType dst, long k, long n) {
        return new MatMulSpec(src, weights, dst, k, n, QuantParams.IDENTITY, QuantParams.IDENTITY,
                QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
    }

    private static MatMulSpec bytes(long k, long n) {
        return spec(DataType.U8, DataType.S8, DataType.U8, k, n);
    }

    private static BackendOrder order(Isa isa, Optional<CostTable> table) {
        return new BackendOrder(isa, table, TuningCache.inMemory());
    }

    private static List<Backend> order(KernelSpec spec, PrepareOptions options) {
        return order(Isa.AVX512_VNNI, Optional.of(CostTable.parse(TABLE))).of(spec, options).backends();
    }

    @Test
    void theTextIsReadAsItIsWritten() {
        CostTable table = CostTable.parse(TABLE);
        assertEquals(9, table.rows().size());
        assertEquals(new CostTable.Row("matmul", "u8s8", 1, 64, 64, Backend.NATIVE, 1, 0.5), table.rows().get(1));
        assertEquals("some CPU", table.machine());
        assertEquals(TABLE, table.format());
        assertEquals(table, CostTable.parse(table.format()));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "# tersor cost table 2\n", "# tersor cost table 1\n# isa: avx2\n", HEADER, HEADER + "op\ttypes\n"})
    void otherHeadersAreRefused(String text) {
        assertThrows(TersorException.class, () -> CostTable.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "matmul u8s8 1 64 64 native 1", "matmul u8s8 1 64 64 native 1 1.0 2",
        "matmul u8s8 0 64 64 native 1 1.0", "matmul u8s8 1 64 64 cuda 1 1.0", "matmul u8s8 1 64 64 native 1 NaN",
        "matmul u8s8 1 64 64 native 1 -1", "matmul u8s8 1 64 x native 1 1.0"})
    void wrongRowsAreRefusedByNumber(String row) {
        TersorException failure = assertThrows(TersorException.class,
                () -> CostTable.parse(TABLE + row.replace(' ', '\t') + "\n"));
        assertTrue(failure.getMessage().startsWith("cost table, line 16: "), failure.getMessage());
    }

    @Test
    void theChoiceFollowsTheNearestPoint() {
        List<Backend> few = List.of(Backend.NATIVE, Backend.VECTOR, Backend.ONEDNN, Backend.SCALAR);
        List<Backend> many = List.of(Backend.ONEDNN, Backend.NATIVE, Backend.VECTOR, Backend.SCALAR);
        // In doublings m = 7 is nearer to 1 than to 64, m = 9 is not, however far k and n are from 64.
        for (long size : new long[] {0, 1, 64, 5000}) {
            assertEquals(few, order(bytes(size, 64), PrepareOptions.DEFAULT.rows(7)));
            assertEquals(many, order(bytes(64, size), PrepareOptions.DEFAULT.rows(9)));
        }
        assertEquals(many, order(bytes(64, 64), PrepareOptions.DEFAULT.rows(1_000_000)));
    }

    @Test
    void ofPointsAsNearTheFirstCounts() {
        assertEquals(Backend.NATIVE, order(bytes(64, 64), PrepareOptions.DEFAULT.rows(8)).getFirst());
    }

    @Test
    void vectorCodeMustWinClearly() {
        for (double library : new double[] {1.2, 1.3}) {
            CostTable table = CostTable.parse(HEADER + """
                    op types m k n backend threads micros
                    matmul f32 8 64 64 vector 1 1.00
                    matmul f32 8 64 64 native 1 %s
                    """.formatted(library).replace(' ', '\t'));
            BackendOrder.Ranking ranking = order(Isa.AVX2, Optional.of(table)).of(
                    spec(DataType.F32, DataType.F32, DataType.F32, 64, 64), PrepareOptions.DEFAULT);
            assertEquals(library < 1.25 ? Backend.NATIVE : Backend.VECTOR, ranking.backends().getFirst());
            assertTrue(ranking.reason().contains("vector 1.00 us"), ranking.reason());
        }
    }

    @Test
    void threadsAreACoordinateToo() {
        MatMulSpec f32 = spec(DataType.F32, DataType.F32, DataType.F32, 64, 64);
        try (Parallelism three = Parallelism.of(3)) {
            assertEquals(Backend.VECTOR, order(f32, PrepareOptions.DEFAULT).getFirst());
            assertEquals(Backend.ONEDNN, order(f32, PrepareOptions.DEFAULT.with(three)).getFirst());
        }
    }

    @Test
    void whatWasNotMeasuredHasTheFixedOrder() {
        List<Backend> fixed = List.of(Backend.ONEDNN, Backend.NATIVE, Backend.VECTOR, Backend.SCALAR);
        assertEquals(fixed, order(spec(DataType.S8, DataType.S8, DataType.S32, 64, 64), PrepareOptions.DEFAULT));
        Conv2dSpec conv = new Conv2dSpec(DataType.U8, DataType.S8, DataType.U8, 8, 8, Window.of(3, 3), 1,
                QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
        assertEquals(Backend.NATIVE, order(conv, PrepareOptions.DEFAULT).getFirst());
        assertEquals(Backend.NATIVE, order(AddSpec.f32(Activation.NONE), PrepareOptions.DEFAULT).getFirst());
    }

    @Test
    void convolutionsOfBytesAreLibtersors() {
        for (Window window : List.of(Window.of(1, 1), Window.of(3, 3))) {
            Conv2dSpec conv = new Conv2dSpec(DataType.U8, DataType.S8, DataType.U8, 64, 64, window, 1,
                    QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
            assertEquals(Backend.NATIVE, order(conv, PrepareOptions.DEFAULT).getFirst());
            assertEquals(Backend.NATIVE, order(Isa.AMX, Optional.empty()).of(conv, PrepareOptions.DEFAULT).backends()
                    .getFirst());
            try (Parallelism two = Parallelism.of(2)) {
                assertEquals(Backend.NATIVE, order(conv, PrepareOptions.DEFAULT.with(two)).getFirst());
            }
        }
    }

    @Test
    void convolutionsOfFloatsAreLibtersorsOnAmxAndWhereItMayFilterMinimally() {
        Conv2dSpec conv = new Conv2dSpec(DataType.F32, DataType.F32, DataType.F32, 64, 64, Window.of(3, 3), 1,
                QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
        assertEquals(Backend.ONEDNN, order(conv, PrepareOptions.DEFAULT).getFirst());
        assertEquals(Backend.NATIVE, order(conv, PrepareOptions.DEFAULT.normwiseErrors()).getFirst());
        assertEquals(Backend.NATIVE, order(Isa.AMX, Optional.empty()).of(conv, PrepareOptions.DEFAULT).backends()
                .getFirst());
    }

    @Test
    void severalThreadsTakeLibtersorUnlessTheyWereMeasured() {
        try (Parallelism two = Parallelism.of(2)) {
            assertEquals(Backend.NATIVE, order(bytes(64, 64), PrepareOptions.DEFAULT.with(two)).getFirst());
        }
    }

    @ParameterizedTest
    @EnumSource(Isa.class)
    void withoutATableTheOrderIsFixed(Isa isa) {
        BackendOrder.Ranking bytes = order(isa, Optional.empty()).of(bytes(64, 64), PrepareOptions.DEFAULT);
        BackendOrder.Ranking floats = order(isa, Optional.empty()).of(
                spec(DataType.F32, DataType.F32, DataType.F32, 64, 64), PrepareOptions.DEFAULT);
        assertEquals(isa == Isa.AMX ? Backend.NATIVE : Backend.ONEDNN, bytes.backends().getFirst());
        assertEquals(Backend.ONEDNN, floats.backends().getFirst());
        assertEquals(BackendChoice.Source.FIXED, bytes.source());
        assertEquals(4, bytes.backends().stream().distinct().count());
    }

    private static KernelRegistry registry(BackendProvider... providers) {
        return new KernelRegistry(List.of(providers),
                _ -> order(Isa.AVX512_VNNI, Optional.of(CostTable.parse(TABLE))));
    }

    @Test
    void theChoiceIsExplained() {
        KernelRegistry registry = registry(FakeBackend.running(Backend.SCALAR), FakeBackend.running(Backend.NATIVE),
                FakeBackend.running(Backend.ONEDNN));
        MatMulSpec spec = bytes(100, 30);
        BackendChoice choice = registry.explain(spec, PrepareOptions.DEFAULT.rows(40));
        assertEquals(Backend.ONEDNN, choice.backend());
        assertEquals(BackendChoice.Source.TABLE, choice.source());
        assertEquals("onednn: table of avx512_vnni at m=64 k=64 n=64: onednn 5.00 us, native 9.00 us",
                choice.toString());
        BackendChoice ordered = registry.explain(spec, PrepareOptions.DEFAULT.on(Backend.SCALAR));
        assertEquals(new BackendChoice(Backend.SCALAR, BackendChoice.Source.ORDERED, "ordered", ""), ordered);
        assertEquals("cost table avx512_vnni on some CPU, 2026-11-25; 0 tuned specs in memory",
                registry.measurements());
        try (Arena arena = Arena.ofConfined(); MatMul kernel = registry.prepare(spec,
                Tensor.allocate(arena, DataType.S8, Shape.of(100, 30)), Optional.empty(),
                PrepareOptions.DEFAULT.rows(40))) {
            assertEquals(Backend.ONEDNN, kernel.backend());
        }
    }

    @Test
    void theFastestThatCanIsTaken() {
        KernelRegistry registry = registry(FakeBackend.running(Backend.SCALAR), FakeBackend.running(Backend.NATIVE),
                FakeBackend.refusing(Backend.ONEDNN, "too odd"));
        BackendChoice second = registry.explain(bytes(64, 64), PrepareOptions.DEFAULT);
        assertEquals(Backend.NATIVE, second.backend());
        assertEquals("onednn: too odd", second.passedOver());
        KernelRegistry unmeasured = registry(FakeBackend.running(Backend.SCALAR));
        BackendChoice last = unmeasured.explain(bytes(64, 64), PrepareOptions.DEFAULT);
        assertEquals(Backend.SCALAR, last.backend());
        assertEquals(BackendChoice.Source.FIXED, last.source());
        assertTrue(last.reason().startsWith("not measured, "), last.reason());
    }

    /** The tables that the library brings are whole: at each point every backend that is anywhere for its types. */
    @ParameterizedTest
    @EnumSource(value = Isa.class, names = {"AVX2", "AVX512_VNNI"})
    void theLibrarysTables(Isa isa) {
        CostTable table = CostTable.of(isa).orElseThrow();
        assertEquals(isa.label(), table.isa());
        assertEquals(table, CostTable.parse(table.format()));
        List<String> types = table.rows().stream().map(CostTable.Row::types).distinct().toList();
        assertTrue(types.containsAll(List.of("u8s8", "s8s8", "f32")), types.toString());
        long points = table.rows().stream().map(row -> Arrays.asList(row.types(), row.m(), row.k(), row.n()))
                .distinct().count();
        long backends = types.stream().mapToLong(type -> table.rows().stream().filter(row -> row.types().equals(type))
                .map(CostTable.Row::backend).distinct().count()).sum();
        assertEquals(backends * points / types.size(), table.rows().size());
        assertTrue(table.rows().stream().allMatch(row -> row.op().equals(CostTable.MATMUL) && row.micros() > 0));
    }

    @Test
    void aSweepMeasuresEveryPointOfEveryBackend() {
        CostSweep sweep = new CostSweep(KernelRegistry.standard(), List.of(1, 3), List.of(5));
        int[] steps = {0};
        CostTable table = sweep.run(() -> steps[0]++);
        assertEquals(5 * 2, sweep.points());
        assertEquals(sweep.points(), steps[0]);
        assertEquals(Isa.used().label(), table.isa());
        List<Backend> able = Arrays.stream(Backend.values()).filter(backend -> backend != Backend.SCALAR)
                .filter(backend -> KernelRegistry.standard().refusal(backend, bytes(5, 5)).isEmpty()).toList();
        for (Backend backend : able) {
            assertEquals(2, table.rows().stream().filter(row -> row.backend() == backend
                    && row.types().equals("u8s8") && row.micros() > 0 && row.threads() == 1).distinct().count());
        }
        assertTrue(table.rows().stream().noneMatch(row -> row.backend() == Backend.SCALAR));
    }

    @Test
    void aSweepRefusesBackendsThatDisagree() {
        BackendProvider scalar = KernelRegistryTest.standard(Backend.SCALAR);
        CostSweep sweep = new CostSweep(new KernelRegistry(List.of(scalar, FakeBackend.running(Backend.NATIVE))),
                List.of(1), List.of(8));
        TersorException failure = assertThrows(TersorException.class, () -> sweep.run(() -> { }));
        assertTrue(failure.getMessage().contains("native/fake and scalar/"), failure.getMessage());
    }
}
