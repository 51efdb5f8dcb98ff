package io.tersor.bench.suite;

import io.tersor.bench.OnnxRuntimePeer;
import io.tersor.bench.results.Estimate;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tersor bench preparation}: the time before the first run. */
@Command(name = "preparation", mixinStandardHelpOptions = true,
        description = "Times how long it takes from weights to a kernel and from a file to a network that can run; "
                + "what comes out is verified first.")
public final class BenchPreparationCommand extends StepsCommand {
    @Option(names = "--shapes", paramLabel = "FILE", split = ",", defaultValue = "bert-base",
            description = "Files of lines 'm k n', or bert-base, llm-decode, square-and-small; bert-base by default.")
    private List<String> shapes;

    @Option(names = "--types", paramLabel = "T", split = ",", defaultValue = "u8s8u8,f32",
            description = "Types of src, weights and dst, as for bench gemm; u8s8u8,f32 by default.")
    private List<String> types;

    @Option(names = "--networks", paramLabel = "MODEL", split = ",", defaultValue = "resnet50",
            description = "Networks as for bench model, prepared as they are and as INT8; resnet50 by default.")
    private List<String> networks;

    @Override
    Suite suite() {
        return new PreparationSuite();
    }

    @Override
    List<String> contenders() {
        return Stream.concat(super.contenders().stream(), Stream.of(OnnxRuntimePeer.NAME)).toList();
    }

    @Override
    Plan plan(List<String> contenders, double seconds) {
        return new Plan(Estimate.MIN_FORKS, List.of(), List.of(), List.of(), List.of(), List.of(),
                List.of(new Plan.PreparationPart(shapes, types, networks, contenders, seconds)));
    }
}
