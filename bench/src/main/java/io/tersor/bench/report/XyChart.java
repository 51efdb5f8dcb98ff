package io.tersor.bench.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Lines and points over two axes, the vertical one logarithmic.
 *
 * @param x the horizontal axis
 * @param y the vertical axis
 * @param roofs lines without marks, their names written on them
 * @param curves lines with marks, their names written behind them
 * @param clouds marks without lines, their names in the legend
 * @param base a value of y that gets a line across, if any
 */
record XyChart(String id, String title, String description, Axis x, Axis y, List<Series> roofs, List<Series> curves,
        List<Series> clouds, Optional<Double> base) implements Chart {
    /** The title of an axis with its unit, and what part of it is drawn. */
    record Axis(String title, boolean logarithmic, double min, double max) {}

    /** A point, with the ends of its interval. */
    record Point(double x, double y, double low, double high) {
        static Point of(double x, double y) {
            return new Point(x, y, y, y);
        }
    }

    /**
     * Points with a name.
     *
     * @param crossing where a curve crosses the base, if it does
     */
    record Series(String name, List<Point> points, Optional<Double> crossing) {}

    private static final double LEFT = 44;

    @Override
    public String draw(Layout layout) {
        double em = layout.fontSize();
        Legend legend = Legend.of(layout, clouds.stream().map(Series::name).toList());
        double top = legend.height() + 2 * em;
        double plot = layout.isWide() ? 380 : 300;
        double bottom = top + plot;
        Svg svg = new Svg(id, layout, bottom + 3.6 * em, title, description);
        legend.draw(svg);
        double behind = curves.isEmpty() ? 12
                : 14 + curves.stream().mapToDouble(curve -> layout.widthOf(curve.name())).max().orElse(0);
        Scale across = new Scale(x.logarithmic(), x.min(), x.max(), LEFT, layout.width() - behind);
        Scale up = new Scale(y.logarithmic(), y.min(), y.max(), bottom, top);
        axes(svg, layout, across, up);
        base.ifPresent(value -> svg.line("one", across.from(), up.at(value), across.to(), up.at(value)));
        roofs.forEach(roof -> polyline(svg, "roof", across, up, roof.points()));
        for (int i = 0; i < clouds.size(); i++) {
            svg.open("g", "class", Mark.kind(i) + " cloud");
            for (Point point : clouds.get(i).points()) {
                Mark.of(i).draw(svg, across.at(point.x()), up.at(point.y()));
            }
            svg.close();
        }
        roofs.forEach(roof -> nameRoof(svg, across, up, roof));
        for (int i = 0; i < curves.size(); i++) {
            curve(svg, across, up, i);
        }
        nameCurves(svg, layout, across, up);
        return svg.end();
    }

    private void axes(Svg svg, Layout layout, Scale across, Scale up) {
        double em = layout.fontSize();
        for (double tick : across.ticks(layout.ticks(), 2.8 * em)) {
            svg.line("grid", across.at(tick), up.from(), across.at(tick), up.to());
            svg.label(Scale.label(tick), across.at(tick), up.from() + 1.3 * em, "tick", "middle");
        }
        for (double tick : up.ticks(layout.ticks(), 1.6 * em)) {
            svg.line("grid", across.from(), up.at(tick), across.to(), up.at(tick));
            svg.label(Scale.label(tick), LEFT - 6, up.at(tick) + 0.35 * em, "tick", "end");
        }
        svg.label(x.title(), (across.from() + across.to()) / 2, up.from() + 2.9 * em, "axis", "middle");
        svg.label(y.title(), 0, up.to() - 0.8 * em, "axis", "start");
    }

    /** The name of a level one is over its right end, that of a rising one goes along it. */
    private static void nameRoof(Svg svg, Scale across, Scale up, Series roof) {
        Point first = roof.points().getFirst();
        Point last = roof.points().getLast();
        double x = across.at(last.x());
        double y = up.at(last.y());
        double degrees = Math.toDegrees(Math.atan2(y - up.at(first.y()), x - across.at(first.x())));
        svg.text("text", roof.name(), "class", "roof-name", "text-anchor", "end", "dx", -4, "dy", -5, "transform",
                String.format(Locale.ROOT, "translate(%.1f %.1f) rotate(%.1f)", x, y, degrees));
    }

    private void curve(Svg svg, Scale across, Scale up, int which) {
        Series curve = curves.get(which);
        svg.open("g", "class", Mark.kind(which));
        polyline(svg, "curve", across, up, curve.points());
        for (Point point : curve.points()) {
            if (point.high() > point.low()) {
                svg.line("interval", across.at(point.x()), up.at(point.low()), across.at(point.x()),
                        up.at(point.high()));
            }
            Mark.of(which).draw(svg, across.at(point.x()), up.at(point.y()));
        }
        svg.close();
        curve.crossing().ifPresent(at -> svg.empty("circle", "class", "crossing", "cx", across.at(at), "cy",
                up.at(base.orElseThrow()), "r", 8));
    }

    private static void polyline(Svg svg, String kind, Scale across, Scale up, List<Point> points) {
        svg.empty("polyline", "class", kind, "points", Mark.points(points.stream().flatMapToDouble(
                point -> DoubleStream.of(across.at(point.x()), up.at(point.y()))).toArray()));
    }

    /** Names stand behind the curves' ends, moved apart where those are close together. */
    private void nameCurves(Svg svg, Layout layout, Scale across, Scale up) {
        double apart = 1.25 * layout.fontSize();
        List<Series> fromTop = curves.stream()
                .sorted(Comparator.comparingDouble(curve -> -curve.points().getLast().y())).toList();
        List<Double> places = new ArrayList<>();
        for (Series curve : fromTop) {
            double wanted = up.at(curve.points().getLast().y());
            places.add(places.isEmpty() ? wanted : Math.max(wanted, places.getLast() + apart));
        }
        double over = places.isEmpty() ? 0 : Math.max(0, places.getLast() - up.from());
        for (int i = places.size() - 1; i >= 0; i--) {
            double most = i == places.size() - 1 ? places.get(i) - over : places.get(i + 1) - apart;
            places.set(i, Math.min(places.get(i), most));
        }
        for (int i = 0; i < fromTop.size(); i++) {
            svg.label(fromTop.get(i).name(), across.to() + 10, places.get(i) + 0.35 * layout.fontSize(), "label",
                    "start");
        }
    }

    /** Returns an axis on which all values are within, on a logarithmic one with some space around them. */
    static Axis axis(String title, boolean logarithmic, DoubleStream values) {
        double[] all = values.toArray();
        double min = DoubleStream.of(all).min().orElse(1);
        double max = DoubleStream.of(all).max().orElse(1);
        return logarithmic ? new Axis(title, true, min / 1.2, max * 1.3) : new Axis(title, false, min, max);
    }

    /** Returns the points of all series. */
    static Stream<Point> points(List<Series> series) {
        return series.stream().flatMap(some -> some.points().stream());
    }
}
