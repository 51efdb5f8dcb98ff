package io.tersor.cli;

import io.tersor.compress.SparsityReport;
import io.tersor.compress.WeightSizes;
import io.tersor.model.Graph;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A report about the zeros of weights, as the commands print it. */
final class SparsityTable {
    private SparsityTable() {}

    /** Returns a row for each layer: the share of zeros in single entries and in blocks, and the formats. */
    static Table of(SparsityReport report) {
        List<String> heading = new ArrayList<>(List.of("layer", "weights", "zeros"));
        SparsityReport.UNITS.stream().skip(1).forEach(unit -> heading.add(unit.label()));
        heading.addAll(List.of("n:m", "found", "marked"));
        Table table = new Table(heading.toArray(String[]::new));
        for (SparsityReport.Layer layer : report.layers()) {
            List<String> row = new ArrayList<>(List.of(layer.node(), layer.type() + " " + layer.shape()));
            layer.densities().values().forEach(density -> row.add(String.format(Locale.ROOT, "%.1f %%",
                    100 * (1 - density))));
            row.add(layer.nOfM().map(SparseFormat::label).orElse("-"));
            row.add(layer.detected().map(SparseFormat::label).orElse("-"));
            row.add(layer.marked().map(SparseFormat::label).orElse("-"));
            table.row(row.toArray());
        }
        return table;
    }

    /** Returns the bytes of all weights by format and type of values, beside dense f32 ones. */
    static Table sizes(List<WeightSizes> sizes) {
        Table table = new Table(Stream.concat(Stream.of("format"), sizes.stream().map(one -> one.type() + " bytes"))
                .toArray(String[]::new));
        json(sizes).forEach((format, bytes) -> {
            List<Object> row = new ArrayList<>(List.of(format));
            sizes.forEach(one -> row.add(Optional.ofNullable(bytes.get(one.type().label()))
                    .map(count -> String.format(Locale.ROOT, "%,d", count)).orElse("-")));
            table.row(row.toArray());
        });
        return table;
    }

    /** Returns the same for JSON: bytes by format, then by type. */
    static Map<String, Map<String, Long>> json(List<WeightSizes> sizes) {
        Map<String, Map<String, Long>> bytes = new LinkedHashMap<>();
        for (WeightSizes one : sizes) {
            String type = one.type().label();
            bytes.computeIfAbsent("dense", _ -> new LinkedHashMap<>()).put(type, one.dense());
            bytes.computeIfAbsent("own", _ -> new LinkedHashMap<>()).put(type, one.own());
            one.sparse().forEach((format, count) -> bytes.computeIfAbsent(format.label(), _ -> new LinkedHashMap<>())
                    .put(type, count));
        }
        return bytes;
    }

    /** Returns the sizes that a graph's weights can have: of f32 ones with f32 and s8 values, otherwise with s8. */
    static List<WeightSizes> sizes(Graph graph, SparsityReport report) {
        boolean real = report.layers().stream().allMatch(layer -> layer.type() == DataType.F32);
        return (real ? List.of(DataType.F32, DataType.S8) : List.of(DataType.S8)).stream()
                .map(type -> WeightSizes.of(graph, type)).toList();
    }

    /** Returns the layers for JSON; densities are the shares of units that hold an element other than zero. */
    static List<Map<String, Object>> json(SparsityReport report) {
        List<Map<String, Object>> layers = new ArrayList<>();
        for (SparsityReport.Layer layer : report.layers()) {
            Map<String, Object> described = new LinkedHashMap<>();
            described.put("node", layer.node());
            described.put("weights", layer.weights());
            described.put("type", layer.type().label());
            described.put("shape", layer.shape().dims());
            described.put("density", layer.density());
            Map<String, Double> blocks = new LinkedHashMap<>();
            layer.densities().forEach((unit, density) -> blocks.put(unit.label(), density));
            blocks.remove(SparseFormat.CSR.label());
            described.put("blockDensity", blocks);
            layer.nOfM().ifPresent(format -> described.put("nOfM", format.label()));
            layer.detected().ifPresent(format -> described.put("found", format.label()));
            layer.marked().ifPresent(format -> described.put("marked", format.label()));
            layers.add(described);
        }
        return layers;
    }
}
