package io.tersor.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine.Help.Ansi;

/** A table of text: a heading, then rows. Columns of numbers are aligned to the right. */
public final class Table {
    private static final Pattern NUMBER = Pattern.compile("[-+]?[0-9][0-9.,]*( ?(%|x|us|ms|s|[KMG]?i?B))?|-?");
    private static final String GAP = "  ";

    private final List<String> heading;
    private final List<List<String>> rows = new ArrayList<>();

    /** Starts a table of the given columns. */
    public Table(String... heading) {
        this.heading = List.of(heading);
    }

    /** Adds a row, of as many cells as there are columns. */
    public Table row(Object... cells) {
        if (cells.length != heading.size()) {
            throw new IllegalArgumentException("cells: expected " + heading.size() + ", got " + cells.length);
        }
        List<String> row = new ArrayList<>();
        for (Object cell : cells) {
            row.add(cell.toString());
        }
        rows.add(row);
        return this;
    }

    /** Returns whether there are no rows. */
    public boolean isEmpty() {
        return rows.isEmpty();
    }

    String format(Ansi ansi) {
        StringBuilder text = new StringBuilder();
        String top = line(heading);
        text.append(ansi.enabled() ? ansi.string("@|bold " + top + "|@") : top).append(System.lineSeparator());
        for (List<String> row : rows) {
            text.append(line(row)).append(System.lineSeparator());
        }
        return text.toString();
    }

    private String line(List<String> cells) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < cells.size(); column++) {
            String padding = " ".repeat(width(column) - cells.get(column).length());
            line.append(column == 0 ? "" : GAP)
                    .append(isNumeric(column) ? padding + cells.get(column) : cells.get(column) + padding);
        }
        return line.toString().stripTrailing();
    }

    private int width(int column) {
        int width = heading.get(column).length();
        for (List<String> row : rows) {
            width = Math.max(width, row.get(column).length());
        }
        return width;
    }

    private boolean isNumeric(int column) {
        return !rows.isEmpty() && rows.stream().allMatch(row -> NUMBER.matcher(row.get(column)).matches());
    }

    /** Returns the table as plain text, each line ended. */
    @Override
    public String toString() {
        return format(Ansi.OFF);
    }
}
