package io.tersor.bench;

import io.tersor.bench.compare.BaselineCommand;
import io.tersor.bench.compare.CompareCommand;
import io.tersor.bench.conv.BenchConvCommand;
import io.tersor.bench.gemm.BenchGemmCommand;
import io.tersor.bench.jmh.BenchJmhCommand;
import io.tersor.bench.report.FiguresCommand;
import io.tersor.bench.report.ReportCommand;
import io.tersor.bench.sparse.BenchSparseCommand;
import io.tersor.bench.suite.AllCommand;
import io.tersor.bench.suite.BenchCallsCommand;
import io.tersor.bench.suite.BenchPreparationCommand;
import io.tersor.bench.suite.ForkCommand;
import io.tersor.cli.Subcommand;
import picocli.CommandLine.Command;

/** {@code tersor bench}: a group of commands that measure speed. */
@Command(name = "bench", mixinStandardHelpOptions = true,
        subcommands = {AllCommand.class, CompareCommand.class, ReportCommand.class, BenchGemmCommand.class,
            BenchConvCommand.class, BenchSparseCommand.class, BenchModelCommand.class, BenchOpsCommand.class,
            BenchCallsCommand.class,
            BenchPreparationCommand.class, BenchJmhCommand.class, BaselineCommand.class, FiguresCommand.class,
            ForkCommand.class},
        description = "Measures speed; every result is verified before it is timed.")
public final class BenchCommand extends Subcommand {
    @Override
    public Integer call() {
        throw wrongUsage("Missing command: all, compare, report, gemm, conv, sparse, model, ops, calls, preparation, jmh, "
                + "baseline or figures");
    }
}
