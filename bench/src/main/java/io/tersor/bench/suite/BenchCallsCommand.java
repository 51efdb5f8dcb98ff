package io.tersor.bench.suite;

import io.tersor.bench.results.Estimate;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code tersor bench calls}: what a call costs. */
@Command(name = "calls", mixinStandardHelpOptions = true,
        description = "Times calls that do next to nothing: of an empty native function, of small kernels, of a small "
                + "network; each is verified first.")
public final class BenchCallsCommand extends StepsCommand {
    @Override
    Suite suite() {
        return new CallSuite();
    }

    @Override
    Plan plan(List<String> contenders, double seconds) {
        return new Plan(Estimate.MIN_FORKS, List.of(), List.of(), List.of(), List.of(),
                List.of(new Plan.CallPart(contenders, seconds)), List.of());
    }
}
