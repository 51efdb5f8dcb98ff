package io.tersor.bench.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A table of the page. The first cell of each row is its heading.
 *
 * @param caption what is in it
 * @param folded whether it has to be opened
 */
record PageTable(String caption, List<Column> columns, List<Line> rows, boolean folded) {
    /** A heading, and the class of its cells. */
    record Column(String name, String kind) {}

    /** A cell, and its class. */
    record Cell(String text, String kind) {}

    /** A row. */
    record Line(String head, List<Cell> cells) {}

    /** Starts a table of columns: those with {@code #} before them have numbers, with {@code ~} sentences. */
    static Builder of(String caption, String... columns) {
        return new Builder(caption, Arrays.stream(columns).map(Builder::column).toList());
    }

    /** A table under way. */
    static final class Builder {
        private final String caption;
        private final List<Column> columns;
        private final List<Line> rows = new ArrayList<>();

        private Builder(String caption, List<Column> columns) {
            this.caption = caption;
            this.columns = columns;
        }

        private static Column column(String name) {
            return switch (name.charAt(0)) {
                case '#' -> new Column(name.substring(1), "number");
                case '~' -> new Column(name.substring(1), "prose");
                default -> new Column(name, "text");
            };
        }

        /** Adds a row, of as many cells as there are columns. */
        Builder row(Object... cells) {
            if (cells.length != columns.size()) {
                throw new IllegalArgumentException("cells: expected " + columns.size() + ", got " + cells.length);
            }
            List<Cell> line = new ArrayList<>();
            for (int i = 1; i < cells.length; i++) {
                line.add(new Cell(cells[i].toString(), columns.get(i).kind()));
            }
            rows.add(new Line(cells[0].toString(), line));
            return this;
        }

        boolean isEmpty() {
            return rows.isEmpty();
        }

        PageTable build() {
            return new PageTable(caption, columns, List.copyOf(rows), false);
        }

        PageTable folded() {
            return new PageTable(caption, columns, List.copyOf(rows), true);
        }
    }
}
