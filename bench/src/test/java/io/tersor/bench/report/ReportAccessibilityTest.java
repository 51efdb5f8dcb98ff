package io.tersor.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** The page can be used with a screen reader, a keyboard, a phone, and without a network: its structure says so. */
class ReportAccessibilityTest {
    private static final double LEAST_FONT_PIXELS = 10;
    private static final int PHONE_PIXELS = 360;

    private final String html = Report.html(SampleResults.full());
    private final Document page = PageDocument.parse(html);

    @Test
    void language() {
        assertTrue(html.startsWith("<!DOCTYPE html>"));
        assertEquals("en", page.getDocumentElement().getAttribute("lang"));
        assertFalse(PageDocument.only(PageDocument.only(page, "head"), "title").getTextContent().isBlank());
        assertTrue(PageDocument.all(page, "meta").stream().anyMatch(meta -> meta.getAttribute("name").equals("viewport")
                && meta.getAttribute("content").equals("width=device-width, initial-scale=1")));
        PageDocument.only(page, "main");
    }

    @Test
    void headingsAreInOrder() {
        int before = 0;
        int first = 0;
        for (Element element : PageDocument.all(page, "*")) {
            if (element.getTagName().matches("h[1-6]")) {
                int level = element.getTagName().charAt(1) - '0';
                assertTrue(level <= before + 1, "h" + level + " after h" + before + ": " + element.getTextContent());
                assertFalse(element.getTextContent().isBlank());
                first += level == 1 ? 1 : 0;
                before = level;
            }
        }
        assertEquals(1, first, "h1");
    }

    @Test
    void identifiersAreUniqueAndReferencesLead() {
        Set<String> ids = new HashSet<>();
        for (Element element : PageDocument.all(page, "*")) {
            String id = element.getAttribute("id");
            assertTrue(id.isEmpty() || ids.add(id), "twice: " + id);
        }
        for (Element element : PageDocument.all(page, "*")) {
            for (String id : element.getAttribute("aria-labelledby").split(" ")) {
                assertTrue(id.isEmpty() || ids.contains(id), "nothing has the identifier " + id);
            }
            String link = element.getAttribute("href");
            assertTrue(link.isEmpty() || link.startsWith("#") && ids.contains(link.substring(1)), link);
        }
    }

    @Test
    void chartsHaveNamesThatTellTheirFindings() {
        List<Element> charts = PageDocument.all(page, "svg");
        assertTrue(charts.size() >= 12, charts.size() + " charts");
        for (Element chart : charts) {
            assertEquals("img", chart.getAttribute("role"));
            String description = PageDocument.only(chart, "desc").getTextContent();
            assertFalse(PageDocument.only(chart, "title").getTextContent().isBlank());
            assertTrue(description.matches("(?s).*\\d.*") && description.length() > 20, description);
            assertTrue(PageDocument.labelledBy(chart).contains(description));
        }
    }

    @Test
    void figuresHaveBothDrawingsAndTheirTable() {
        for (Element figure : PageDocument.all(page, "figure")) {
            assertFalse(PageDocument.labelledBy(figure).isBlank());
            assertEquals(List.of("chart wide", "chart narrow"), PageDocument.all(figure, "svg").stream()
                    .map(chart -> chart.getAttribute("class")).toList());
            Element note = next(figure);
            assertEquals("p", note.getTagName());
            Element details = next(note);
            assertEquals("details", details.getTagName());
            Element table = PageDocument.only(details, "table");
            assertTrue(PageDocument.all(PageDocument.only(table, "tbody"), "tr").size() >= 1);
        }
    }

    private static Element next(Element element) {
        Node next = element.getNextSibling();
        while (!(next instanceof Element)) {
            next = next.getNextSibling();
        }
        return (Element) next;
    }

    @Test
    void tablesHaveCaptionsAndHeadings() {
        List<Element> tables = PageDocument.all(page, "table");
        assertTrue(tables.size() > 15, tables.size() + " tables");
        for (Element table : tables) {
            assertFalse(PageDocument.only(table, "caption").getTextContent().isBlank());
            int columns = PageDocument.all(PageDocument.only(table, "thead"), "th").size();
            for (Element heading : PageDocument.all(PageDocument.only(table, "thead"), "th")) {
                assertEquals("col", heading.getAttribute("scope"), heading.getTextContent());
                assertFalse(heading.getTextContent().isBlank());
            }
            for (Element row : PageDocument.all(PageDocument.only(table, "tbody"), "tr")) {
                assertEquals("row", PageDocument.only(row, "th").getAttribute("scope"));
                assertEquals(columns, 1 + PageDocument.all(row, "td").size(), row.getTextContent());
            }
        }
    }

    /** Wide tables scroll by themselves, with the keyboard too. */
    @Test
    void tablesScrollByThemselves() {
        for (Element table : PageDocument.all(page, "table")) {
            Element around = (Element) table.getParentNode();
            assertEquals("scroll", around.getAttribute("class"));
            assertEquals("0", around.getAttribute("tabindex"));
            assertEquals("region", around.getAttribute("role"));
            assertFalse(around.getAttribute("aria-label").isBlank());
        }
        assertTrue(html.contains(".scroll { overflow-x: auto;"));
    }

    @Test
    void nothingComesFromElsewhere() {
        for (Element element : PageDocument.all(page, "*")) {
            for (String attribute : List.of("src", "srcset", "data", "action", "poster", "xlink:href")) {
                assertEquals("", element.getAttribute(attribute));
            }
            assertFalse(List.of("script", "link", "iframe", "object", "embed", "img", "base", "form")
                    .contains(element.getTagName()), element.getTagName());
        }
        String css = PageDocument.only(page, "style").getTextContent();
        assertFalse(css.contains("url(") || css.contains("@import"), "the style sheet loads something");
        assertFalse(html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "").matches("(?s).*https?://.*"));
    }

    @Test
    void textInChartsStaysReadable() {
        for (Element chart : PageDocument.all(page, "svg")) {
            double width = Double.parseDouble(chart.getAttribute("viewBox").split(" ")[2]);
            double font = Double.parseDouble(chart.getAttribute("font-size"));
            // Pages have a margin of a rem on each side; wide drawings are shown above 50 rem.
            double shown = chart.getAttribute("class").endsWith("narrow") ? PHONE_PIXELS - 32 : 768;
            assertTrue(font * Math.min(1, shown / width) >= LEAST_FONT_PIXELS, width + " " + font);
            for (Element text : PageDocument.all(chart, "text")) {
                assertFalse(text.hasAttribute("font-size"));
            }
        }
        Matcher sizes = Pattern.compile("\\.chart[^{}]*\\{[^}]*font-size").matcher(html);
        assertFalse(sizes.find(), "the style sheet must not make text in charts smaller");
    }

    @Test
    void axesHaveTitlesWithUnits() {
        for (Element chart : PageDocument.all(page, "svg")) {
            List<String> axes = PageDocument.all(chart, "text").stream()
                    .filter(text -> text.getAttribute("class").equals("axis")).map(Element::getTextContent).toList();
            assertFalse(axes.isEmpty());
            for (String axis : axes) {
                assertTrue(axis.matches(".*(\\(.*(ratio|TOPS|%).*\\)|operations per byte).*"), axis);
            }
        }
    }

    /** Series differ by marks, so that nobody needs their colours. */
    @Test
    void seriesDifferByMarks() {
        Set<String> seen = new HashSet<>();
        for (Mark mark : Mark.values()) {
            Svg svg = new Svg("x", Layout.WIDE, 10, "t", "d");
            mark.draw(svg, 5, 5);
            assertTrue(seen.add(svg.end()), mark + " looks like another");
        }
    }
}
