package io.tersor.bench.compare;

import io.tersor.TersorException;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.ResultsJson;
import io.tersor.cli.Subcommand;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tersor bench baseline}: keeps of a file of results what later ones are compared with. */
@Command(name = "baseline", mixinStandardHelpOptions = true,
        description = "Writes a small file of the speeds of own kernels over peers, for bench compare --by peer.")
public final class BaselineCommand extends Subcommand {
    @Parameters(paramLabel = "RESULTS.json", description = "A file of results.")
    private Path results;

    @Option(names = {"-o", "--output"}, paramLabel = "FILE", required = true, description = "Where to.")
    private Path output;

    @Override
    public Integer call() {
        checkOutput(output);
        Baseline baseline = Baseline.of(Results.read(results));
        if (baseline.speeds().isEmpty()) {
            throw new TersorException(results + ": no speed over a peer, so there is nothing to keep");
        }
        ResultsJson.write(output, baseline);
        out().println(output + ": " + baseline.speeds().size() + " speeds over peers");
        return 0;
    }
}
