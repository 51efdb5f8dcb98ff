package io.tersor.bench;

import io.tersor.bench.conv.BenchConvCommand;
import io.tersor.bench.gemm.BenchGemmCommand;
import io.tersor.bench.report.FiguresCommand;
import io.tersor.bench.report.ReportCommand;
import io.tersor.bench.sparse.BenchSparseCommand;
import io.tersor.cli.Subcommand;
import picocli.CommandLine.Command;

/** {@code tersor bench}: a group of commands that measure speed. */
@Command(name = "bench", mixinStandardHelpOptions = true,
        subcommands = {BenchGemmCommand.class, BenchConvCommand.class, BenchSparseCommand.class,
            BenchModelCommand.class, ReportCommand.class, FiguresCommand.class},
        description = "Measures speed; every result is verified before it is timed.")
public final class BenchCommand extends Subcommand {
    @Override
    public Integer call() {
        throw wrongUsage("Missing command: gemm, conv, sparse, model, report or figures");
    }
}
