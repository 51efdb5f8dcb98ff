package io.tersor.bench.report;

import io.tersor.bench.results.Results;
import io.tersor.cli.Subcommand;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tersor bench report}: the page of results that are there. */
@Command(name = "report", mixinStandardHelpOptions = true,
        description = "Makes the HTML page of a file of results; it needs no network.")
public final class ReportCommand extends Subcommand {
    @Parameters(paramLabel = "RESULTS.json", description = "What bench all has written.")
    private Path file;

    @Option(names = "--output", paramLabel = "PAGE.html",
            description = "The page; report.html beside the results by default.")
    private Optional<Path> output = Optional.empty();

    @Override
    public Integer call() {
        Results results = Results.read(file);
        Path html = output.orElseGet(() -> file.resolveSibling("report.html"));
        checkOutput(html);
        Report.write(results, html);
        out().println(html);
        out().flush();
        return 0;
    }
}
