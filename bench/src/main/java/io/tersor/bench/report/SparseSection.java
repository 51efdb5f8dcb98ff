package io.tersor.bench.report;

import io.tersor.bench.report.XyChart.Axis;
import io.tersor.bench.report.XyChart.Point;
import io.tersor.bench.report.XyChart.Series;
import io.tersor.bench.results.Estimate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

/** Sparse weights against dense ones, over the share of zeros. */
final class SparseSection {
    private SparseSection() {}

    static Section of(Findings findings) {
        Map<String, List<SparseSpeedups>> byTypes = new LinkedHashMap<>();
        SparseSpeedups.of(findings.results().rows()).stream().filter(some -> !some.bySparsity().isEmpty())
                .forEach(some -> byTypes.computeIfAbsent(some.contender().types() + ", "
                        + Phrases.threads(some.contender().threads()), _ -> new ArrayList<>()).add(some));
        List<Section.Figure> figures = new ArrayList<>();
        byTypes.forEach((types, some) -> figures.add(figure(types, some)));
        return Section.ofFigures("sparse", "Sparse against dense", List.of("How many times as fast a product with "
                + "sparse weights is as the fastest dense contender on the same weights; means over the shapes that "
                + "were measured at every share of zeros. Above 1, the format is faster; a ring marks where its curve "
                + "crosses 1."), figures);
    }

    private static Section.Figure figure(String types, List<SparseSpeedups> formats) {
        String title = "Speed over the fastest dense contender: " + types;
        PageTable.Builder table = PageTable.of(title, "contender", "#zeros", "#speed over dense", "#95 % interval",
                "#least", "#most", "#shapes", "faster from");
        List<Series> curves = new ArrayList<>();
        for (SparseSpeedups format : formats) {
            OptionalDouble crossover = format.bySparsity().size() > 1 ? format.crossover() : OptionalDouble.empty();
            String from = crossover.isPresent() ? Phrases.percent(crossover.getAsDouble()) + " zeros" : "-";
            List<Point> points = new ArrayList<>();
            format.bySparsity().forEach((sparsity, speedups) -> {
                Estimate mean = speedups.mean();
                points.add(new Point(100 * sparsity, mean.value(), mean.low(), mean.high()));
                table.row(format.contender().name(), Phrases.percent(sparsity), Phrases.ratio(mean.value()),
                        Phrases.interval(mean), Phrases.ratio(speedups.least().speed().value()),
                        Phrases.ratio(speedups.most().speed().value()), speedups.ratios().size(), from);
            });
            // Where it is faster from the first point on, nothing crosses.
            boolean crosses = crossover.isPresent() && format.means().firstEntry().getValue() < 1;
            curves.add(new Series(format.format(), points,
                    crosses ? Optional.of(100 * crossover.getAsDouble()) : Optional.empty()));
        }
        String finding = String.join("; ", formats.stream().map(SparseSpeedups::finding).toList()) + ".";
        Axis y = XyChart.axis("speed over dense (ratio, logarithmic)", true, DoubleStream.concat(DoubleStream.of(1),
                XyChart.points(curves).flatMapToDouble(point -> DoubleStream.of(point.low(), point.high()))));
        Axis x = XyChart.axis("weights that are zero (%)", false,
                XyChart.points(curves).mapToDouble(Point::x));
        Axis wide = x.max() > x.min() ? x : new Axis(x.title(), false, 0, 100);
        return new Section.Figure(new XyChart("sparse-" + types.replaceAll("\\W+", "-"), title, finding, wide, y,
                List.of(), curves, List.of(), Optional.of(1.0)), finding, table.build());
    }
}
