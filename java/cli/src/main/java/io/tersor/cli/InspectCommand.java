package io.tersor.cli;

import io.tersor.compress.SparsityReport;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.TypeInference;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a network consists of. */
@Command(name = "inspect", mixinStandardHelpOptions = true,
        description = "Shows a network's operators, shapes, types, parameters and bytes.")
final class InspectCommand extends Subcommand {
    @Parameters(paramLabel = "MODEL", description = "An ONNX file.")
    private Path model;

    @Option(names = "--layers", description = "List every layer.")
    private boolean layers;

    @Option(names = "--sparsity", description = "Show how the zeros of weights are arranged: the share of zero entries "
            + "and blocks of each layer, what the file says about them, and bytes of all weights in each format.")
    private boolean sparsity;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Graph graph = Graph.load(model);
        Map<String, ValueInfo> values = TypeInference.infer(graph);
        Map<String, Integer> operators = new TreeMap<>();
        graph.nodes().forEach(node -> operators.merge(node.operator(), 1, Integer::sum));
        if (json) {
            printJson(report(graph, values, operators));
        } else {
            printText(graph, values, operators);
        }
        return 0;
    }

    private Map<String, Object> report(Graph graph, Map<String, ValueInfo> values, Map<String, Integer> operators) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("model", model.toString());
        report.put("name", graph.name());
        report.put("opset", graph.opset());
        report.put("bytes", model.toFile().length());
        report.put("parameters", elements(graph.initializers().values()));
        report.put("parameterBytes", bytes(graph.initializers().values()));
        report.put("parameterTypes", bytesByType(graph));
        report.put("inputs", graph.inputs().stream().map(InspectCommand::describe).toList());
        report.put("outputs", graph.outputs().stream().map(InspectCommand::describe).toList());
        report.put("operators", operators);
        if (layers) {
            report.put("layers", graph.nodes().stream().map(node -> layer(graph, values, node)).toList());
        }
        if (sparsity) {
            SparsityReport zeros = SparsityReport.of(graph);
            report.put("sparsity", SparsityTable.json(zeros));
            report.put("weightBytes", SparsityTable.json(SparsityTable.sizes(graph, zeros)));
        }
        return report;
    }

    private static Map<String, Object> describe(ValueInfo value) {
        Map<String, Object> described = new LinkedHashMap<>();
        described.put("name", value.name());
        described.put("type", value.type().label());
        value.dims().ifPresent(dims -> described.put("shape", dims.stream().map(InspectCommand::extent).toList()));
        return described;
    }

    private static Object extent(Dim dim) {
        return dim instanceof Dim.Known(long extent) ? (Object) extent : dim.toString();
    }

    private static Map<String, Object> layer(Graph graph, Map<String, ValueInfo> values, Node node) {
        Map<String, Object> layer = new LinkedHashMap<>();
        layer.put("name", node.name());
        layer.put("operator", node.operator());
        layer.put("outputs", node.outputs().stream().filter(output -> !output.isEmpty())
                .map(output -> Optional.ofNullable(values.get(output)).map(InspectCommand::describe)
                        .orElse(Map.of("name", output))).toList());
        layer.put("parameters", elements(constants(graph, node)));
        layer.put("parameterBytes", bytes(constants(graph, node)));
        return layer;
    }

    private void printText(Graph graph, Map<String, ValueInfo> values, Map<String, Integer> operators) {
        out().println(styled("@|bold " + model + "|@") + ": " + count(model.toFile().length()) + " bytes, opset "
                + graph.opset() + ", " + graph.nodes().size() + " nodes");
        out().println(count(elements(graph.initializers().values())) + " parameters in "
                + count(bytes(graph.initializers().values())) + " bytes: " + bytesByType(graph));
        Table ends = new Table("", "name", "type and shape");
        graph.inputs().forEach(input -> ends.row("input", input.name(), input.describe()));
        graph.outputs().forEach(output -> ends.row("output", output.name(), output.describe()));
        out().println();
        print(ends);
        Table counts = new Table("operator", "nodes");
        operators.forEach(counts::row);
        out().println();
        print(counts);
        if (layers) {
            Table table = new Table("layer", "operator", "output", "parameters", "bytes");
            for (Node node : graph.nodes()) {
                table.row(node.name(), node.operator(),
                        Optional.ofNullable(values.get(node.output())).map(ValueInfo::describe).orElse("?"),
                        count(elements(constants(graph, node))), count(bytes(constants(graph, node))));
            }
            out().println();
            print(table);
        }
        if (sparsity) {
            SparsityReport zeros = SparsityReport.of(graph);
            out().println();
            print(SparsityTable.of(zeros));
            out().println();
            print(SparsityTable.sizes(SparsityTable.sizes(graph, zeros)));
        }
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static List<Tensor> constants(Graph graph, Node node) {
        List<Tensor> constants = new ArrayList<>();
        node.inputs().forEach(input -> graph.initializer(input).ifPresent(constants::add));
        return constants;
    }

    private static long elements(Collection<Tensor> tensors) {
        return tensors.stream().mapToLong(tensor -> tensor.shape().elements()).sum();
    }

    private static long bytes(Collection<Tensor> tensors) {
        return tensors.stream().mapToLong(Tensor::byteSize).sum();
    }

    private static Map<String, Long> bytesByType(Graph graph) {
        Map<String, Long> bytes = new TreeMap<>();
        graph.initializers().values().forEach(tensor ->
                bytes.merge(tensor.type().label(), tensor.byteSize(), Long::sum));
        return bytes;
    }
}
