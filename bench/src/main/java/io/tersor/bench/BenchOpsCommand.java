package io.tersor.bench;

import io.tersor.TersorException;
import io.tersor.bench.measure.Figures;
import io.tersor.bench.measure.Rounds;
import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.measure.WarmUp;
import io.tersor.bench.networks.OperatorGraphs;
import io.tersor.cli.ExecutionOptions;
import io.tersor.cli.Progress;
import io.tersor.cli.Subcommand;
import io.tersor.cli.Table;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.StepInfo;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tersor bench ops}: the time of single operators beside ONNX Runtime. */
@Command(name = "ops", mixinStandardHelpOptions = true,
        description = "Times operators by themselves beside ONNX Runtime on the same graph; outputs are compared first.")
public final class BenchOpsCommand extends Subcommand {
    private static final long SEED = 11;

    @Parameters(paramLabel = "NAME", arity = "0..*",
            description = "Operators, or beginnings of their names; all that there are by default.")
    private List<String> names = List.of();

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "0.5",
            description = "How long to time each contender, in turns; 0.5 by default.")
    private double seconds;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Mixin
    private ExecutionOptions execution;

    @Override
    public Integer call() {
        if (!(seconds > 0 && seconds <= 3600)) {
            throw wrongUsage("--seconds: expected more than 0 and at most 3600, got " + seconds);
        }
        Map<String, Graph> graphs = new LinkedHashMap<>(OperatorGraphs.all());
        graphs.keySet().removeIf(name -> !names.isEmpty() && names.stream().noneMatch(
                given -> name.toLowerCase(Locale.ROOT).startsWith(given.toLowerCase(Locale.ROOT))));
        if (graphs.isEmpty()) {
            throw wrongUsage("NAME: expected one of " + OperatorGraphs.all().keySet().stream()
                    .map(name -> name.split(" ")[0]).distinct().collect(Collectors.joining(", ")) + ", got " + names);
        }
        Table table = new Table("operator", "tersor", "onnxruntime", "tersor over it", "kernel");
        Map<String, Object> figures = new LinkedHashMap<>();
        NetworkOptions options = execution.networkOptions();
        try (Parallelism _ = options.parallelism(); Progress progress = progress("bench", graphs.size())) {
            graphs.forEach((name, graph) -> {
                progress.step(name);
                measure(name, graph, options, table, figures);
            });
        }
        if (json) {
            printJson(figures);
        } else {
            print(table);
        }
        return 0;
    }

    private void measure(String name, Graph graph, NetworkOptions options, Table table, Map<String, Object> figures) {
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> inputs = NetworkInputs.random(arena, graph.inputs(), 1, OptionalInt.empty(), SEED);
            Path file = Files.createTempFile("tersor-ops", ".onnx");
            graph.save(file);
            try (NetworkWorkload workload = new NetworkWorkload(NetworkWorkload.NAME, name,
                    Network.of(graph).prepare(options), inputs)) {
                String kernels = workload.profile(1).steps().stream().map(step -> step.step()).map(StepInfo::kernel)
                        .distinct().collect(Collectors.joining(", "));
                Optional<OnnxRuntimePeer> peer = peer(file, options, workload);
                try {
                    if (peer.isPresent()) {
                        Agreement.of(workload.outputs(), peer.get().outputs()).check(Agreement.REAL, peer.get().name());
                    } else {
                        workload.verify(graph);
                    }
                    List<NetworkContender> contenders = new ArrayList<>(List.of(workload));
                    peer.ifPresent(contenders::add);
                    add(table, figures, name, rounds(contenders), kernels, contenders.size() > 1);
                } finally {
                    peer.ifPresent(OnnxRuntimePeer::close);
                }
            } catch (VerificationException e) {
                throw new VerificationException(name + ": " + e.getMessage());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns ONNX Runtime where it is there and has the operator. */
    private Optional<OnnxRuntimePeer> peer(Path file, NetworkOptions options, NetworkWorkload workload) {
        try {
            return Optional.of(new OnnxRuntimePeer(OnnxRuntimePeer.NAME, file, options.parallelism().threads(),
                    workload.inputs(), workload.outputs()));
        } catch (TersorException e) {
            err().println("bench ops: without " + OnnxRuntimePeer.NAME + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    private Rounds rounds(List<NetworkContender> contenders) {
        WarmUp warmUp = new WarmUp(seconds);
        contenders.forEach(warmUp::run);
        return Rounds.of(contenders, seconds);
    }

    private static void add(Table table, Map<String, Object> figures, String name, Rounds rounds, String kernels,
            boolean compared) {
        double own = rounds.timing(0).minMicros();
        Optional<Double> speed = compared ? Optional.of(rounds.speed(0, 1)) : Optional.empty();
        Optional<Double> other = speed.map(_ -> rounds.timing(1).minMicros());
        table.row(name, Figures.time(own), other.map(Figures::time).orElse("-"),
                speed.map(ratio -> String.format(Locale.ROOT, "%.2f x", ratio)).orElse("-"), kernels);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("micros", own);
        other.ifPresent(micros -> row.put("onnxruntimeMicros", micros));
        speed.ifPresent(ratio -> row.put("speed", ratio));
        row.put("kernel", kernels);
        figures.put(name, row);
    }
}
