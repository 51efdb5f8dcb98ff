package io.tersor.bench.conv;

import io.tersor.bench.measure.Figures;
import io.tersor.bench.product.ProductCommand;
import io.tersor.bench.product.ProductRow;
import io.tersor.bench.product.ProductTypes;
import io.tersor.cli.Table;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tersor bench conv}: convolutions on the backends. */
@Command(name = "conv", mixinStandardHelpOptions = true,
        description = "Times convolutions of one image with constant weights; each result is verified first.")
public final class BenchConvCommand extends ProductCommand {
    @Option(names = "--shapes", paramLabel = "FILE", split = ",",
            description = "Files of lines 'ic ih iw oc kh kw stride pad dilation groups count', or resnet50, "
                    + "mobilenet-v2; these two by default.")
    private List<String> files = List.of("resnet50", "mobilenet-v2");

    @Override
    protected String operation() {
        return "conv";
    }

    @Override
    protected List<ConvShape> shapes() {
        return files.stream().flatMap(file -> ConvShape.LISTS.read(file).stream()).distinct().toList();
    }

    /** Prints the sum of the medians for each list, as often as its network has the shapes, of who ran all of them. */
    @Override
    protected void printTotals(List<ProductRow> rows) {
        Table table = new Table("all of", "types", "backend", "time", "TOPS", "to first");
        for (String file : files) {
            List<ConvShape> shapes = ConvShape.LISTS.read(file).stream().distinct().toList();
            Map<String, Double> firsts = new LinkedHashMap<>();
            rows.stream().map(row -> new Who(row.types(), row.contender())).distinct().forEach(who -> {
                List<ProductRow> own = rows.stream()
                        .filter(row -> shapes.contains(row.shape()) && who.is(row)).toList();
                if (own.size() < shapes.size()) {
                    return;
                }
                double micros = own.stream()
                        .mapToDouble(row -> row.shape().count() * row.timing().medianMicros()).sum();
                double operations = own.stream()
                        .mapToDouble(row -> row.shape().count() * row.shape().operations()).sum();
                double first = firsts.computeIfAbsent(who.types.label(), _ -> micros);
                table.row(file, who.types.label(), who.contender, Figures.time(micros),
                        Figures.tops(operations, micros), speed(first / micros));
            });
        }
        if (!table.isEmpty()) {
            out().println();
            print(table);
        }
    }

    private record Who(ProductTypes types, String contender) {
        boolean is(ProductRow row) {
            return row.types() == types && row.contender().equals(contender);
        }
    }
}
