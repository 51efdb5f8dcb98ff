package io.tersor.bench.report;

import java.util.List;

/**
 * A section of the page.
 *
 * @param id for links
 * @param paragraphs before the figures
 */
record Section(String id, String heading, List<String> paragraphs, List<Figure> figures, List<PageTable> tables) {
    /** A chart with its table, and what to know about it. */
    record Figure(Chart chart, String note, PageTable figureTable) {
        String figureId() {
            return chart.id();
        }

        String figureTitle() {
            return chart.title();
        }

        String wide() {
            return chart.draw(Layout.WIDE);
        }

        String narrow() {
            return chart.draw(Layout.NARROW);
        }
    }

    static Section ofFigures(String id, String heading, List<String> paragraphs, List<Figure> figures) {
        return new Section(id, heading, paragraphs, figures, List.of());
    }

    static Section ofTables(String id, String heading, List<String> paragraphs, List<PageTable> tables) {
        return new Section(id, heading, paragraphs, List.of(), tables);
    }

    /** Returns whether there is nothing to show. */
    boolean isEmpty() {
        return figures.isEmpty() && tables.isEmpty();
    }
}
