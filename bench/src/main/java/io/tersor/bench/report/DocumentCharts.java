package io.tersor.bench.report;

import io.tersor.bench.results.Results;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The page's charts as files by themselves. */
final class DocumentCharts {
    private DocumentCharts() {}

    /** Returns all charts of the page. */
    static List<Chart> charts(Findings findings) {
        return Report.sections(findings).stream().flatMap(section -> section.figures().stream())
                .map(Section.Figure::chart).toList();
    }

    /** Returns the name of a chart's file. */
    static String fileName(Chart chart) {
        return chart.id() + ".svg";
    }

    /** Returns the contents of all files by name. */
    static Map<String, String> files(Results results) {
        Map<String, String> files = new LinkedHashMap<>();
        charts(new Findings(results)).forEach(chart -> files.put(fileName(chart),
                chart.draw(Layout.DOCUMENT) + "\n"));
        return files;
    }
}
