package io.tersor.bench.report;

import io.tersor.bench.report.XyChart.Axis;
import io.tersor.bench.report.XyChart.Point;
import io.tersor.bench.report.XyChart.Series;
import io.tersor.bench.results.Limit;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;

/** What each row reaches of what one core can do, over how many operations it does with each byte. */
final class RooflineSection {
    /** Slow rows must not push the roofs out of sight. */
    private static final double LEAST_SHARE = 1e-3;

    private RooflineSection() {}

    static Section of(Findings findings) {
        Results results = findings.results();
        List<Row> rows = results.rows().stream().filter(row -> row.contender().threads() == 1 && row.bytes() > 0
                && row.tops().isPresent()).toList();
        List<Limit> roofs = roofs(results, rows);
        if (rows.isEmpty() || roofs.isEmpty()) {
            return Section.ofFigures("roofline", "Roofline", List.of(), List.of());
        }
        double highest = roofs.getFirst().rate() * 1e-12;
        Axis x = XyChart.axis("operations per byte (logarithmic)", true,
                rows.stream().mapToDouble(RooflineSection::intensity));
        List<Row> drawn = rows.stream().filter(row -> row.tops().orElseThrow() >= highest * LEAST_SHARE).toList();
        Axis y = XyChart.axis("10\u00b9\u00b2 operations per second (TOPS, logarithmic)", true, DoubleStream.concat(
                DoubleStream.of(highest), drawn.stream().mapToDouble(row -> row.tops().orElseThrow())));
        List<Series> lines = new ArrayList<>();
        roofs.forEach(roof -> lines.add(level(roof, x, results)));
        results.limits().stream().filter(limit -> limit.threads() == 1 && limit.name().equals(Limit.READ)).findFirst()
                .flatMap(read -> slope(read, x, y, highest)).ifPresent(lines::add);
        Map<String, List<Point>> clouds = new LinkedHashMap<>();
        for (String name : List.of("ours INT8", "peers INT8", "ours FP32", "peers FP32")) {
            clouds.put(name, new ArrayList<>());
        }
        for (Row row : drawn) {
            clouds.computeIfAbsent(cloud(row), _ -> new ArrayList<>())
                    .add(Point.of(intensity(row), row.tops().orElseThrow()));
        }
        List<Series> points = clouds.entrySet().stream().filter(cloud -> !cloud.getValue().isEmpty())
                .map(cloud -> new Series(cloud.getKey(), cloud.getValue(), Optional.empty())).toList();
        String finding = finding(rows, roofs);
        String left = drawn.size() == rows.size() ? "" : " " + (rows.size() - drawn.size())
                + " rows below a thousandth of the highest roof are in the table only.";
        XyChart chart = new XyChart("roofline", "Roofline of one core", finding, x, y, lines, List.of(), points,
                Optional.empty());
        return Section.ofFigures("roofline", "Roofline", List.of("Each mark is one row on one thread. Level lines are "
                + "what the core's arithmetic can do at most, the rising line is what reads from memory allow; both "
                + "were measured in the same run. Bytes are those of weights, inputs and outputs, each counted once. "
                + "Marks above the rising line have their data in a cache. Operations by zeros that are not stored "
                + "do not count."), List.of(new Section.Figure(chart, finding + left, table(rows))));
    }

    private static double intensity(Row row) {
        return row.operations() / row.bytes();
    }

    private static String cloud(Row row) {
        boolean isInt8 = Precision.of(row.contender()).equals(Optional.of(Precision.INT8))
                || row.contender().types().startsWith("INT8");
        return (row.contender().own() ? "ours " : "peers ") + (isInt8 ? "INT8" : "FP32");
    }

    /** Returns the arithmetic limits of one core that rows name, the highest first. */
    private static List<Limit> roofs(Results results, List<Row> rows) {
        return results.limits().stream().filter(limit -> limit.threads() == 1
                && limit.unit().equals(Limit.OPERATIONS) && rows.stream().anyMatch(row ->
                row.limit().filter(share -> share.name().equals(limit.name())).isPresent()))
                .sorted(Comparator.comparingDouble(Limit::rate).reversed()).toList();
    }

    private static Series level(Limit roof, Axis x, Results results) {
        double tops = roof.rate() * 1e-12;
        double from = results.rate(Limit.READ, 1).stream().map(read -> roof.rate() / read).findFirst()
                .orElse(x.min());
        return new Series(roof.name() + " " + Phrases.rate(roof),
                List.of(Point.of(Math.clamp(from, x.min(), x.max()), tops), Point.of(x.max(), tops)),
                Optional.empty());
    }

    /** Returns that part of the memory's roof that is on both axes and below the highest roof, if any is. */
    private static Optional<Series> slope(Limit read, Axis x, Axis y, double highest) {
        double topsPerIntensity = read.rate() * 1e-12;
        double from = Math.max(x.min(), y.min() / topsPerIntensity);
        double to = Math.min(x.max(), highest / topsPerIntensity);
        return from < to ? Optional.of(new Series("read " + Phrases.rate(read),
                List.of(Point.of(from, from * topsPerIntensity), Point.of(to, to * topsPerIntensity)),
                Optional.empty())) : Optional.empty();
    }

    private static String finding(List<Row> rows, List<Limit> roofs) {
        StringBuilder text = new StringBuilder(rows.size() + " rows of one thread.");
        for (Limit roof : roofs) {
            rows.stream().filter(row -> row.contender().own()
                    && row.limit().filter(share -> share.name().equals(roof.name())).isPresent())
                    .max(Comparator.comparingDouble(row -> row.limit().orElseThrow().share()))
                    .ifPresent(row -> text.append(" Of ").append(roof.name()).append(" (").append(Phrases.rate(roof))
                            .append(") ours reaches ").append(Phrases.percent(row.limit().orElseThrow().share()))
                            .append(" at most: ").append(row.contender().name()).append(" on ")
                            .append(row.workload().name()).append('.'));
        }
        return text.toString();
    }

    private static PageTable table(List<Row> rows) {
        PageTable.Builder table = PageTable.of("Operations per byte and rates of all rows of one thread", "workload",
                "suite", "contender", "types", "#operations per byte", "#TOPS", "limit", "#share of it");
        for (Row row : rows) {
            table.row(row.workload().name(), row.workload().suite(), row.contender().name(), row.contender().types(),
                    Phrases.number(intensity(row)), Phrases.number(row.tops().orElseThrow()),
                    row.limit().map(Row.Share::name).orElse("-"),
                    row.limit().map(share -> Phrases.percent(share.share())).orElse("-"));
        }
        return table.build();
    }
}
