package io.tersor.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.results.Row;
import io.tersor.bench.results.WorkloadName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** The page says what the rows say. */
class ReportTest {
    private static final WorkloadName A = new WorkloadName("networks", "a", Map.of());
    private static final WorkloadName B = new WorkloadName("networks", "b", Map.of());

    private static List<String> tiles(List<Row> rows) {
        return Headline.of(new Findings(SampleResults.results(rows))).stream()
                .map(headline -> headline.figure() + " " + headline.what()).toList();
    }

    private static Row auto(WorkloadName workload, Map<String, Double> speeds) {
        return SampleResults.row(workload, SampleResults.ours("auto", "INT8", 1), 10, speeds);
    }

    private static Row fp32(WorkloadName workload) {
        return SampleResults.row(workload, SampleResults.ours("auto", "FP32", 1), 40, Map.of());
    }

    /** By hand: the square root of 2 x 8 is 4; of 1.5 x 1.5, 1.5. */
    @Test
    void headlinesAreGeometricMeansOfTheRightRows() {
        WorkloadName other = new WorkloadName("networks", "c", Map.of());
        // Those that must not be taken come first.
        List<Row> rows = List.of(
                SampleResults.row(A, SampleResults.ours("auto", "INT8", 2), 5, Map.of("auto FP32 x2", 77.0)),
                SampleResults.row(A, SampleResults.ours("vector", "INT8", 1), 5, Map.of("vector FP32 x1", 66.0)),
                auto(other, Map.of("vector FP32 x1", 99.0)), auto(other, Map.of("auto FP32 x2", 88.0)),
                auto(A, Map.of("auto FP32 x1", 2.0, "onnxruntime INT8 x1", 1.5)),
                auto(B, Map.of("auto FP32 x1", 8.0, "onnxruntime INT8 x1", 1.5)),
                SampleResults.row(A, SampleResults.ours("vector", "FP32", 1), 5, Map.of()), fp32(A),
                SampleResults.row(A, SampleResults.ours("auto", "FP32", 2), 5, Map.of()),
                SampleResults.row(A, SampleResults.peer("onnxruntime", "INT8", 1), 15, Map.of()));
        assertEquals(List.of("4.00 x INT8 over FP32: whole networks, auto, 1 thread",
                "1.50 x INT8 over ONNX Runtime's INT8: whole networks, auto, 1 thread"), tiles(rows));
        Headline first = Headline.of(new Findings(SampleResults.results(rows))).getFirst();
        assertEquals("95 % interval 4.00 to 4.00; 2 workloads, from 2.00 x (a) to 8.00 x (b)", first.detail());
    }

    @Test
    void whatWasNotMeasuredIsNotMentioned() {
        assertEquals(List.of(), tiles(List.of(fp32(A))));
        String html = Report.html(SampleResults.results(List.of(fp32(A))));
        Document page = PageDocument.parse(html);
        assertTrue(html.contains("nothing was measured that can be compared"));
        assertEquals(List.of(), PageDocument.all(page, "figure"));
        assertTrue(PageDocument.byId(page, "wrong").isEmpty());
        assertFalse(html.contains("ONNX Runtime"));
    }

    /** Weights from memory, and more threads, have means of their own. */
    @Test
    void coldWorkloadsAreApart() {
        WorkloadName warm = new WorkloadName("gemm", "1x2x3", Map.of("cold", false));
        WorkloadName cold = new WorkloadName("gemm", "1x2x3 cold", Map.of("cold", true));
        List<Row> rows = List.of(
                SampleResults.row(warm, SampleResults.ours("auto", "u8s8u8", 1), 1, Map.of("auto f32 x1", 3.0)),
                SampleResults.row(cold, SampleResults.ours("auto", "u8s8u8", 1), 1, Map.of("auto f32 x1", 5.0)),
                SampleResults.row(warm, SampleResults.ours("auto", "f32", 1), 1, Map.of()),
                SampleResults.row(cold, SampleResults.ours("auto", "f32", 1), 1, Map.of()));
        assertEquals(List.of("3.00 x INT8 over FP32: matrix multiplications, auto, 1 thread"), tiles(rows));
        assertEquals(2, PrecisionSection.of(new Findings(SampleResults.results(rows))).figures().size());
    }

    /** The fastest dense contender counts, and only shapes that have every share of zeros. */
    @Test
    void sparseIsComparedWithTheFastestDense() {
        List<Row> rows = List.of(sparse("s", 0.5, 0.5, 0.7), sparse("s", 0.8, 2.0, 3.0), sparse("t", 0.8, 9.0, 9.0),
                dense("native", true), dense("onednn", false));
        List<SparseSpeedups> formats = SparseSpeedups.of(rows);
        assertEquals(1, formats.size());
        assertEquals(Map.of(0.5, 0.5, 0.8, 2.0), rounded(formats.getFirst()));
        // Halfway between the logarithms of 1/2 and 2.
        assertEquals(0.65, formats.getFirst().crossover().orElseThrow(), 1e-9);
        assertEquals("2.00 x sparse over the fastest dense: u8s8u8 products with 80 % zeros, native/32x4, 1 thread",
                tiles(rows).getLast());
    }

    private static Map<Double, Double> rounded(SparseSpeedups speedups) {
        return Map.of(speedups.means().firstKey(), Math.rint(1e6 * speedups.means().firstEntry().getValue()) / 1e6,
                speedups.means().lastKey(), Math.rint(1e6 * speedups.means().lastEntry().getValue()) / 1e6);
    }

    private static Row sparse(String shape, double sparsity, double overNative, double overOnednn) {
        return SampleResults.row(new WorkloadName("sparse", shape + " 32x4 " + sparsity,
                Map.of("m", shape, "format", "32x4", "sparsity", sparsity)),
                SampleResults.ours("native/32x4", "u8s8u8", 1), 1,
                Map.of("native u8s8u8 x1", overNative, "onednn u8s8u8 x1", overOnednn));
    }

    private static Row dense(String name, boolean own) {
        return SampleResults.row(new WorkloadName("sparse", "s 32x4 0.5", Map.of()),
                own ? SampleResults.ours(name, "u8s8u8", 1) : SampleResults.peer(name, "u8s8u8", 1), 1, Map.of());
    }

    @Test
    void wrongRowsAreProminent() {
        Document page = PageDocument.page();
        Element heading = PageDocument.byId(page, "wrong").orElseThrow();
        Element alert = (Element) heading.getParentNode();
        assertEquals("alert", alert.getAttribute("role"));
        assertEquals("header", ((Element) alert.getParentNode()).getTagName());
        assertTrue(alert.getTextContent().contains("dst [3, 4]: expected 17, got 18 <&>"), alert.getTextContent());
        Element unsupported = (Element) PageDocument.byId(page, "unsupported").orElseThrow().getParentNode();
        assertTrue(unsupported.getTextContent().contains("openblas has no INT8 products"));
    }

    @Test
    void namesAreEscaped() {
        String html = Report.html(SampleResults.full());
        assertFalse(html.contains("<script"), "a name became markup");
        Document page = PageDocument.parse(html);
        assertTrue(PageDocument.all(page, "th").stream()
                .anyMatch(cell -> cell.getTextContent().equals(SampleResults.HOSTILE)));
        assertTrue(PageDocument.only(page, "h1").getTextContent().endsWith("AMD EPYC 9R45 <shared>"));
    }

    /** Names reach drawings too, by another way than the template. */
    @Test
    void namesInChartsAreEscaped() {
        WorkloadName hostile = new WorkloadName("networks", SampleResults.HOSTILE, Map.of());
        List<Row> rows = List.of(auto(hostile, Map.of("auto FP32 x1", 2.0)), fp32(hostile));
        Document page = PageDocument.parse(Report.html(SampleResults.results(rows)));
        assertEquals(List.of(), PageDocument.all(page, "script"));
        assertTrue(PageDocument.all(page, "text").stream()
                .anyMatch(text -> SampleResults.HOSTILE.startsWith(text.getTextContent().replace("\u2026", ""))));
    }

    @Test
    void everyRowIsInTheFullTable() {
        Document page = PageDocument.page();
        Element section = (Element) PageDocument.byId(page, "rows").orElseThrow().getParentNode();
        int rows = PageDocument.all(section, "tbody").stream().mapToInt(body -> PageDocument.all(body, "tr").size())
                .sum();
        assertEquals(SampleResults.full().rows().size(), rows);
    }

    @Test
    void limitsOfOneAndOfAllCores() {
        Element section = (Element) PageDocument.byId(PageDocument.page(), "limits").orElseThrow().getParentNode();
        String text = section.getTextContent();
        assertTrue(text.contains("1.95 TOPS") && text.contains("28.0 GB/s") && text.contains("44.0 GB/s"), text);
    }

    @Test
    void typesTellThePrecision() {
        Map<String, Optional<Precision>> expected = Map.of("INT8", Optional.of(Precision.INT8), "FP32",
                Optional.of(Precision.FP32), "f32", Optional.of(Precision.FP32), "u8s8u8", Optional.of(Precision.INT8),
                "s8s8s32", Optional.of(Precision.INT8), "bf16bf16f32", Optional.empty(), "f32s8f32",
                Optional.of(Precision.INT8),
                "INT8 80% 32x4", Optional.empty());
        expected.forEach((types, precision) -> assertEquals(precision,
                Precision.of(SampleResults.ours("auto", types, 1)), types));
    }
}
