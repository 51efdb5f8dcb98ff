package io.tersor.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.TersorException;
import io.tersor.bench.CommandLine;
import io.tersor.bench.results.Results;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** What is made from results: the commands' files, and those that are kept. */
class FiguresTest {
    private static final Path ROOT = Path.of(System.getProperty("tersor.root"));
    private static final Path KEPT = ROOT.resolve("docs").resolve("results.json");

    @TempDir
    private Path folder;

    /** A change of how figures are made, or a change by hand, must not leave the documents as they were. */
    @Test
    void documentsHaveTheKeptResults() throws IOException {
        assumeTrue(Files.exists(KEPT), "there is no docs/results.json yet: scripts/update-figures makes it");
        Results results = Results.read(KEPT);
        String readme = Files.readString(ROOT.resolve("README.md"));
        assertEquals(ReadmeFigures.replace(readme, results), readme, "README.md: run scripts/update-figures");
        Map<String, String> files = DocumentCharts.files(results);
        for (Map.Entry<String, String> file : files.entrySet()) {
            assertEquals(file.getValue(), Files.readString(KEPT.resolveSibling(file.getKey())), file.getKey());
        }
        try (Stream<Path> kept = Files.list(KEPT.getParent())) {
            assertEquals(new TreeSet<>(files.keySet()), new TreeSet<>(kept.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".svg")).toList()), "charts in docs/");
        }
    }

    /** Once there are results, the placeholder must be gone; until then the markers must be there. */
    @Test
    void readmeHasTheMarkers() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        assertTrue(ReadmeFigures.replace(readme, SampleResults.full()).contains("| resnet50 | INT8 | auto | 1 |"));
    }

    @Test
    void figuresCommandReplacesOnlyTheBlock() throws IOException {
        SampleResults.full().write(folder.resolve("sample.json"));
        Path readme = Files.writeString(folder.resolve("README.md"), "before\n" + ReadmeFigures.BEGIN + "\nold\n"
                + ReadmeFigures.END + "\nafter\n");
        Path docs = Files.createDirectories(folder.resolve("docs"));
        for (int run = 0; run < 2; run++) {
            CommandLine.tersor("bench", "figures", folder.resolve("sample.json").toString(), "--readme",
                    readme.toString(), "--docs", docs.toString()).succeeded();
        }
        String text = Files.readString(readme);
        assertTrue(text.startsWith("before\n" + ReadmeFigures.BEGIN + "\n") && text.endsWith(ReadmeFigures.END
                + "\nafter\n"), text);
        assertFalse(text.contains("old\n"));
        assertTrue(text.contains("2026-11-25") && text.contains("`avx512_bf16`") && text.contains("21889a5c0f")
                && text.contains("plan quick"), text);
        assertEquals(SampleResults.full().rows().size(), Results.read(docs.resolve("results.json")).rows().size());
        assertTrue(Files.isReadable(docs.resolve("peers.svg")));
        try (Stream<Path> files = Files.walk(folder)) {
            assertEquals(List.of(), files.filter(file -> file.toString().endsWith(".part")).toList());
        }
    }

    /** A name from a file of results must not become markup of the README. */
    @Test
    void markdownIsEscaped() {
        String block = ReadmeFigures.block(SampleResults.full());
        assertTrue(block.contains("AMD EPYC 9R45 \\<shared\\>"), block);
        assertTrue(block.contains("Refused because of wrong results: 1."), block);
        block.lines().filter(line -> line.startsWith("|")).forEach(line -> assertTrue(line.endsWith("|"), line));
    }

    @Test
    void missingMarkersAreRefusedBeforeAnythingIsWritten() throws IOException {
        SampleResults.full().write(folder.resolve("sample.json"));
        Path readme = Files.writeString(folder.resolve("README.md"), ReadmeFigures.END + ReadmeFigures.BEGIN);
        Path docs = Files.createDirectories(folder.resolve("docs"));
        CommandLine.tersor("bench", "figures", folder.resolve("sample.json").toString(), "--readme", readme.toString(),
                "--docs", docs.toString()).failed(1, "README", ReadmeFigures.BEGIN);
        try (Stream<Path> files = Files.list(docs)) {
            assertEquals(List.of(), files.toList());
        }
        assertThrows(TersorException.class, () -> ReadmeFigures.replace("", SampleResults.full()));
    }

    /** Each stands by itself: with a size, a background and colours that need no style sheet of a page. */
    @Test
    void chartsAreDocuments() {
        Map<String, String> files = DocumentCharts.files(SampleResults.full());
        assertTrue(files.keySet().containsAll(List.of("int8-networks.svg", "peers.svg", "roofline.svg",
                "sparse-u8s8u8-1-thread.svg", "scaling.svg")), files.keySet().toString());
        files.forEach((name, text) -> {
            Document chart = PageDocument.parse(text);
            Element svg = chart.getDocumentElement();
            assertEquals("svg", svg.getTagName());
            assertTrue(Double.parseDouble(svg.getAttribute("width")) > 300
                    && Double.parseDouble(svg.getAttribute("height")) > 60, name);
            assertEquals("img", svg.getAttribute("role"));
            assertFalse(PageDocument.only(svg, "desc").getTextContent().isBlank());
            assertFalse(text.contains("var("), name);
            assertTrue(PageDocument.only(svg, "style").getTextContent().contains(Palette.LIGHT.colours().get("text")));
        });
    }

    @Test
    void chartsAreTheSameOnEveryRun() {
        assertEquals(DocumentCharts.files(SampleResults.full()), DocumentCharts.files(SampleResults.full()));
    }

    @Test
    void reportCommandWritesThePageBesideTheResults() throws IOException {
        SampleResults.full().write(folder.resolve("results.json"));
        CommandLine.tersor("bench", "report", folder.resolve("results.json").toString()).succeeded();
        Path other = folder.resolve("page.html");
        CommandLine.tersor("bench", "report", folder.resolve("results.json").toString(), "--output", other.toString())
                .succeeded();
        assertEquals(Files.readString(folder.resolve("report.html")), Files.readString(other));
        PageDocument.parse(Files.readString(other));
    }

    @Test
    void whatCannotBeReadIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("other.json"), "{}");
        CommandLine.tersor("bench", "report", file.toString()).failed(1, "other.json");
        CommandLine.tersor("bench", "report", folder.resolve("none.json").toString()).failed(1, "none.json");
    }
}
