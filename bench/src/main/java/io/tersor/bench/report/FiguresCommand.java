package io.tersor.bench.report;

import io.tersor.TersorException;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.TextFile;
import io.tersor.cli.Subcommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tersor bench figures}: the figures in this project's own documents. */
@Command(name = "figures", mixinStandardHelpOptions = true,
        description = "Puts results into the README, between its markers, and into the folder of documents as charts "
                + "and as results.json.")
public final class FiguresCommand extends Subcommand {
    @Parameters(paramLabel = "RESULTS.json", description = "What bench all has written.")
    private Path file;

    @Option(names = "--readme", paramLabel = "README.md", required = true, description = "The README with the markers.")
    private Path readme;

    @Option(names = "--docs", paramLabel = "DIR", required = true, description = "The folder of documents.")
    private Path docs;

    @Override
    public Integer call() {
        Results results = Results.read(file);
        checkOutput(readme);
        checkOutput(docs.resolve("results.json"));
        String text;
        try {
            text = Files.readString(readme);
        } catch (IOException e) {
            throw new TersorException(readme + ": cannot be read: " + e, e);
        }
        // Everything is made before the first file is replaced.
        String replaced = ReadmeFigures.replace(text, results);
        DocumentCharts.files(results).forEach((name, svg) -> TextFile.write(docs.resolve(name), svg));
        results.write(docs.resolve("results.json"));
        TextFile.write(readme, replaced);
        out().println(readme + " and " + docs + " have the figures of " + file);
        out().flush();
        return 0;
    }
}
