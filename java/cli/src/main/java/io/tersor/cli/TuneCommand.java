package io.tersor.cli;

import io.tersor.TersorException;
import io.tersor.kernel.CostSweep;
import io.tersor.kernel.CostTable;
import io.tersor.kernel.KernelRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures the cost table by which backends are chosen. */
@Command(name = "tune", mixinStandardHelpOptions = true,
        description = "Measures all backends on a grid of matrix multiplications, at the instruction set in use.")
final class TuneCommand extends Subcommand {
    @Option(names = "--table", required = true, paramLabel = "FILE.tsv", description = "The cost table to write.")
    private Path file;

    @Option(names = "--rows", paramLabel = "M", split = ",", defaultValue = "1,4,16,64,256,1024",
            description = "Rows of the grid; ${DEFAULT-VALUE} by default.")
    private List<Integer> rows;

    @Option(names = "--sizes", paramLabel = "N", split = ",", defaultValue = "16,64,256,1024,4096",
            description = "Inner and output extents of the grid; ${DEFAULT-VALUE} by default.")
    private List<Integer> sizes;

    @Override
    public Integer call() {
        checkPositive("--rows", rows);
        checkPositive("--sizes", sizes);
        OutputFile.check(file);
        CostSweep sweep = new CostSweep(KernelRegistry.standard(), rows, sizes);
        CostTable table;
        try (Progress progress = progress("tune", sweep.points())) {
            table = sweep.run(() -> progress.step(""));
        }
        try {
            Files.writeString(file, table.format());
        } catch (IOException e) {
            throw new TersorException(file + ": cannot be written: " + e.getMessage(), e);
        }
        out().println(file + ": " + table.rows().size() + " measurements, " + table);
        return 0;
    }

    private void checkPositive(String option, List<Integer> values) {
        if (values.isEmpty() || values.stream().anyMatch(value -> value < 1)) {
            throw wrongUsage(option + ": expected numbers of at least 1, got " + values);
        }
    }
}
