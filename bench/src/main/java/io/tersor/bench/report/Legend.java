package io.tersor.bench.report;

import java.util.ArrayList;
import java.util.List;

/**
 * What the marks of series mean, in lines as wide as the layout; nothing where there is one series.
 *
 * @param entries from left to right and from top to bottom
 * @param height of all lines
 */
record Legend(Layout layout, List<Entry> entries, double height) {
    /** A mark at a place, with its name behind it. */
    record Entry(String name, double x, double y) {}

    private static final double MARK_WIDTH = 20;
    private static final double GAP = 10;

    static Legend of(Layout layout, List<String> series) {
        if (series.size() < 2) {
            return new Legend(layout, List.of(), 0);
        }
        List<Entry> entries = new ArrayList<>();
        double lineHeight = 1.6 * layout.fontSize();
        double x = 0;
        double y = lineHeight / 2;
        for (String name : series) {
            double width = MARK_WIDTH + layout.widthOf(name) + GAP;
            if (x > 0 && x + width > layout.width()) {
                x = 0;
                y += lineHeight;
            }
            entries.add(new Entry(name, x, y));
            x += width;
        }
        return new Legend(layout, entries, y + lineHeight / 2 + GAP);
    }

    void draw(Svg svg) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            svg.open("g", "class", Mark.kind(i));
            Mark.of(i).draw(svg, entry.x() + MARK_WIDTH / 2, entry.y());
            svg.close();
            svg.label(entry.name(), entry.x() + MARK_WIDTH, entry.y() + 0.35 * layout.fontSize(), "label", "start");
        }
    }
}
