package io.tersor.bench.report;

import io.tersor.bench.results.Estimate;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * Ratios, one below the other, on a logarithmic axis with a line at 1: each a mark with its interval, and where it is a
 * mean a thin line from the least to the most.
 *
 * @param axis what the ratios are, with the unit
 * @param series names of marks
 * @param items from top to bottom
 */
record DotChart(String id, String title, String description, String axis, List<String> series, List<Item> items)
        implements Chart {
    /**
     * A line of the chart.
     *
     * @param dots of each series, where it has one
     */
    record Item(String label, List<Optional<Dot>> dots) {}

    /**
     * A mark.
     *
     * @param least the least of all that it is the mean of
     * @param most likewise
     */
    record Dot(Estimate ratio, double least, double most) {
        static Dot of(Estimate ratio) {
            return new Dot(ratio, ratio.value(), ratio.value());
        }

        static Dot of(Speedups speedups) {
            return new Dot(speedups.mean(), speedups.least().speed().value(), speedups.most().speed().value());
        }
    }

    private static final double LABELS_WIDE = 270;
    private static final double VALUES_WIDE = 64;

    @Override
    public String draw(Layout layout) {
        boolean isWide = layout.isWide();
        double em = layout.fontSize();
        double each = Math.max(1.5 * em, 11.0 * series.size() + 8) + (isWide ? 0 : 1.4 * em);
        double axisHeight = 3.6 * em;
        Legend names = Legend.of(layout, series);
        double legend = names.height();
        double height = legend + each * items.size() + axisHeight;
        Svg svg = new Svg(id, layout, height, title, description);
        names.draw(svg);
        double bottom = legend + each * items.size();
        boolean hasValues = series.size() == 1;
        Scale x = scale(isWide ? LABELS_WIDE : 8, layout.width() - (isWide && hasValues ? VALUES_WIDE : 16));
        for (double tick : x.ticks(layout.ticks(), 2.8 * em)) {
            svg.line("grid", x.at(tick), legend, x.at(tick), bottom);
            svg.label(Scale.label(tick), x.at(tick), bottom + 1.2 * em, "tick", "middle");
        }
        svg.line("one", x.at(1), legend, x.at(1), bottom);
        svg.label(axis, isWide ? (x.from() + x.to()) / 2 : 0, bottom + 2.8 * em, "axis", isWide ? "middle" : "start");
        double top = legend;
        for (Item item : items) {
            double middle = top + (isWide ? each : each + 1.4 * em) / 2;
            if (isWide) {
                svg.label(shortened(item.label(), layout, LABELS_WIDE - 12), LABELS_WIDE - 10, middle + 0.35 * em,
                        "label", "end");
            } else {
                svg.label(shortened(item.label(), layout, layout.width() - (hasValues ? 52 : 0)), 0, top + 1.2 * em,
                        "label", "start");
            }
            svg.line("grid", x.from(), middle, x.to(), middle);
            double value = isWide ? middle + 0.35 * em : top + 1.2 * em;
            if (hasValues) {
                item.dots().getFirst().ifPresent(dot -> svg.label(Phrases.ratio(dot.ratio().value()), layout.width(),
                        value, "value", "end"));
            }
            for (int i = 0; i < series.size(); i++) {
                double y = middle + 11 * (i - (series.size() - 1) / 2.0);
                int which = i;
                item.dots().get(i).ifPresent(dot -> draw(svg, x, y, which, dot));
            }
            top += each;
        }
        return svg.end();
    }

    private static void draw(Svg svg, Scale x, double y, int which, Dot dot) {
        svg.open("g", "class", Mark.kind(which));
        if (dot.most() > dot.least()) {
            svg.line("range", x.at(dot.least()), y, x.at(dot.most()), y);
        }
        if (dot.ratio().high() > dot.ratio().low()) {
            svg.line("interval", x.at(dot.ratio().low()), y, x.at(dot.ratio().high()), y);
        }
        Mark.of(which).draw(svg, x.at(dot.ratio().value()), y);
        svg.close();
    }

    private Scale scale(double from, double to) {
        double min = values().min().orElse(1);
        double max = values().max().orElse(1);
        return new Scale(true, Math.min(min / 1.05, 0.9), Math.max(max * 1.05, 1.2), from, to);
    }

    private DoubleStream values() {
        return items.stream().flatMap(item -> item.dots().stream()).flatMap(Optional::stream).flatMapToDouble(
                dot -> DoubleStream.of(dot.ratio().low(), dot.ratio().high(), dot.least(), dot.most()));
    }

    /** The whole text is in the table. */
    private static String shortened(String text, Layout layout, double width) {
        int most = (int) (width / layout.widthOf("m"));
        return text.length() <= most ? text : text.substring(0, most - 1) + "\u2026";
    }
}
