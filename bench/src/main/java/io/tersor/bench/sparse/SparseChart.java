package io.tersor.bench.sparse;

import io.tersor.TersorException;
import io.tersor.bench.product.ProductShape;
import io.tersor.sparse.SparseFormat;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalDouble;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Draws dense-equivalent rates over sparsity: a line for each format, one for the dense kernel, and a mark where a
 * format gets faster than dense. Each chart is an SVG and a PNG file. Needs no display.
 */
final class SparseChart {
    private static final List<String> FORMATS = List.of("svg", "png");
    private static final int WIDTH = 960;
    private static final int HEIGHT = 640;
    private static final float[] DASHES = {8, 6};

    private final Path folder;

    /**
     * Makes the folder and draws something, to find out before the work whether its result can be drawn.
     *
     * @throws TersorException if the folder cannot be made or this Java cannot draw
     */
    SparseChart(Path folder) {
        // Else AWT looks for a display.
        if (System.getProperty("java.awt.headless") == null) {
            System.setProperty("java.awt.headless", "true");
        }
        this.folder = folder;
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new TersorException("--chart " + folder + ": cannot be made: " + e, e);
        }
        if (!Files.isWritable(folder)) {
            throw new TersorException("--chart " + folder + ": no permission to write");
        }
        try {
            XYChart chart = chart("0");
            chart.addSeries("0", new double[] {0}, new double[] {1});
            for (String format : FORMATS) {
                ChartEncoder.getBytes(chart, format);
            }
        } catch (IOException | RuntimeException | LinkageError | InternalError e) {
            throw new TersorException("--chart: this Java cannot draw (are there fonts?): " + e, e);
        }
    }

    /**
     * Draws everything measured: for each of the types a chart over all shapes, and where there are several, one for
     * each.
     *
     * @return the files
     */
    List<Path> draw(List<SparseRow> rows) {
        Map<String, List<SparseRow>> charts = new LinkedHashMap<>();
        long shapes = rows.stream().map(row -> row.what().shape()).distinct().count();
        for (SparseRow row : rows) {
            String types = row.what().types().label();
            charts.computeIfAbsent("sparse-" + types, _ -> new ArrayList<>()).add(row);
            if (shapes > 1) {
                charts.computeIfAbsent("sparse-" + types + "-" + row.what().shape().toString().replace(' ', '-'),
                        _ -> new ArrayList<>()).add(row);
            }
        }
        List<Path> files = new ArrayList<>();
        charts.forEach((name, some) -> {
            SparseCurves curves = SparseCurves.of(some);
            if (!curves.shapes().isEmpty()) {
                files.addAll(save(draw(some.getFirst(), curves), name));
            }
        });
        return files;
    }

    private static XYChart draw(SparseRow first, SparseCurves curves) {
        XYChart chart = chart(title(first, curves));
        curves.formats().forEach((format, curve) -> add(chart, format, curve));
        XYSeries dense = line(chart, "dense", curves.dense());
        dense.setLineColor(Color.BLACK).setLineStyle(
                new BasicStroke(2, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, DASHES, 0));
        dense.setMarker(SeriesMarkers.NONE);
        return chart;
    }

    private static XYChart chart(String title) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(title)
                .xAxisTitle("share of weights that are zero").yAxisTitle("dense-equivalent TOPS, fastest run").build();
        chart.getStyler().setYAxisLogarithmic(true).setYAxisLogarithmicDecadeOnly(false)
                .setYAxisDecimalPattern("0.####").setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal).setChartBackgroundColor(Color.WHITE);
        return chart;
    }

    private static String title(SparseRow first, SparseCurves curves) {
        int layers = curves.shapes().stream().mapToInt(ProductShape::count).sum();
        String what = curves.shapes().size() == 1 ? curves.shapes().iterator().next().toString()
                : "geometric mean over " + layers + " layers";
        int threads = first.sparse().threads();
        return first.what().types().label() + ", " + what + " (" + first.sparse().isa() + ", " + threads
                + (threads == 1 ? " thread)" : " threads)");
    }

    private static void add(XYChart chart, SparseFormat format, SparseCurves.Curve curve) {
        OptionalDouble crossover = curve.crossover();
        boolean isLine = curve.tops().size() > 1;
        String how = !isLine ? String.format(Locale.ROOT, "%.2f x dense", curve.speedups().firstEntry().getValue())
                : crossover.isEmpty() ? "not faster than dense"
                : String.format(Locale.ROOT, "faster from %.0f %% zeros", 100 * crossover.getAsDouble());
        line(chart, format + ": " + how, curve.tops()).setMarker(SeriesMarkers.CIRCLE);
        if (isLine && crossover.isPresent()) {
            double at = crossover.getAsDouble();
            XYSeries mark = chart.addSeries(format + " crossover", new double[] {at},
                    new double[] {curve.topsAt(at)});
            mark.setMarker(SeriesMarkers.DIAMOND).setMarkerColor(Color.RED).setShowInLegend(false);
        }
    }

    private static XYSeries line(XYChart chart, String name, NavigableMap<Double, Double> points) {
        return chart.addSeries(name, points.keySet().stream().mapToDouble(Double::doubleValue).toArray(),
                points.values().stream().mapToDouble(Double::doubleValue).toArray());
    }

    private List<Path> save(XYChart chart, String name) {
        List<Path> files = new ArrayList<>();
        for (String format : FORMATS) {
            Path file = folder.resolve(name + "." + format);
            try {
                Files.write(file, ChartEncoder.getBytes(chart, format));
            } catch (IOException e) {
                throw new TersorException(file + ": cannot be written: " + e, e);
            }
            files.add(file);
        }
        return files;
    }
}
