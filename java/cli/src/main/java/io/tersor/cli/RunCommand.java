package io.tersor.cli;

import io.tersor.TersorException;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a network once. */
@Command(name = "run", mixinStandardHelpOptions = true, description = "Runs a network once, on NumPy files.")
final class RunCommand extends Subcommand {
    @Parameters(paramLabel = "MODEL", description = "An ONNX file.")
    private Path model;

    @Option(names = "--input", paramLabel = "[NAME=]FILE.npy",
            description = "An input; without a name the next one in the network's order. Repeat for more.")
    private List<String> inputs = List.of();

    @Option(names = "--output", required = true, paramLabel = "[NAME=]FILE.npy",
            description = "Where to write an output; without a name the next one. Repeat for more.")
    private List<String> outputs;

    @Mixin
    private ExecutionOptions execution;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Graph graph = Graph.load(model);
        Map<String, Path> sources = assign("input", inputs, graph.inputs());
        Map<String, Path> targets = assign("output", outputs, graph.outputs());
        if (new HashSet<>(targets.values()).size() < targets.size()) {
            throw wrongUsage("--output: expected different files, got " + targets.values());
        }
        targets.values().forEach(OutputFile::check);
        NetworkOptions options = execution.networkOptions();
        try (Arena arena = Arena.ofShared(); Parallelism _ = options.parallelism();
                PreparedNetwork network = Network.of(graph).prepare(options)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            sources.forEach((name, file) -> tensors.put(name, Npy.read(arena, file)));
            long begin = System.nanoTime();
            Map<String, Tensor> results = network.run(tensors, arena);
            double micros = (System.nanoTime() - begin) / 1e3;
            targets.forEach((name, file) -> Npy.write(file, results.get(name)));
            report(targets, results, micros, RunDescription.of(network.kernels()));
        }
        return 0;
    }

    /** Gives each file to the value that it names, or to the next one without a file. */
    private Map<String, Path> assign(String kind, List<String> arguments, List<ValueInfo> values) {
        Map<String, Path> assigned = new LinkedHashMap<>();
        List<String> unnamed = new ArrayList<>();
        for (String argument : arguments) {
            List<String> named = values.stream().map(ValueInfo::name).filter(name -> argument.startsWith(name + "="))
                    .toList();
            if (named.isEmpty()) {
                unnamed.add(argument);
            } else if (assigned.put(named.getFirst(), file(argument.substring(named.getFirst().length() + 1))) != null) {
                throw wrongUsage("--" + kind + ": " + named.getFirst() + " is given twice");
            }
        }
        List<String> free = values.stream().map(ValueInfo::name).filter(name -> !assigned.containsKey(name)).toList();
        for (int i = 0; i < unnamed.size(); i++) {
            if (i >= free.size()) {
                throw new TersorException("--" + kind + " " + unnamed.get(i) + ": expected the " + kind + "s " + values
                        + ", got more or another name");
            }
            assigned.put(free.get(i), file(unnamed.get(i)));
        }
        return assigned;
    }

    private Path file(String text) {
        if (text.isEmpty()) {
            throw wrongUsage("expected a file name, got ''");
        }
        return Path.of(text);
    }

    private void report(Map<String, Path> targets, Map<String, Tensor> results, double micros, RunDescription ran) {
        List<Map<String, Object>> written = new ArrayList<>();
        Table table = new Table("output", "type", "shape", "file");
        targets.forEach((name, file) -> {
            Tensor tensor = results.get(name);
            table.row(name, tensor.type(), tensor.shape(), file);
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", name);
            one.put("type", tensor.type().label());
            one.put("shape", tensor.shape().dims());
            one.put("file", file.toString());
            written.add(one);
        });
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("outputs", written);
            report.put("micros", micros);
            ran.addTo(report);
            printJson(report);
            return;
        }
        print(table);
        out().printf(Locale.ROOT, "time     %.1f us, the first run%n", micros);
        ran.print(out());
    }
}
