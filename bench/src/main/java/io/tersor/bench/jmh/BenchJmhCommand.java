package io.tersor.bench.jmh;

import io.tersor.TersorException;
import io.tersor.bench.suite.WorkFolder;
import io.tersor.cli.Subcommand;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tersor bench jmh}: the workloads of the suites under JMH. */
@Command(name = "jmh", mixinStandardHelpOptions = true,
        description = "Runs the workloads of bench all under JMH, in forks of this JVM. Everything else that JMH takes "
                + "goes behind --, for example: bench jmh Gemm -- -p backend=native -prof gc")
public final class BenchJmhCommand extends Subcommand {
    @Parameters(paramLabel = "REGEX", arity = "0..*",
            description = "Benchmarks whose names contain it; all by default. Behind --: JMH's options.")
    private List<String> arguments = List.of();

    @Option(names = "--quick", description = "One fork, two iterations, the first shape or network of each.")
    private boolean quick;

    @Override
    public Integer call() {
        CommandLineOptions options = parse();
        List<Class<? extends WorkloadBenchmark>> chosen = chosen(options.getIncludes());
        if (chosen.isEmpty()) {
            throw wrongUsage("REGEX: expected a part of one of " + String.join(", ",
                    JmhBenchmarks.ALL.stream().map(Class::getSimpleName).toList()) + ", got "
                    + String.join(" ", options.getIncludes()));
        }
        if (options.shouldList()) {
            chosen.forEach(benchmark -> out().println(String.format(Locale.ROOT, "%s: %d combinations, %.0f seconds",
                    benchmark.getName(), JmhBenchmarks.combinations(benchmark, quick),
                    JmhBenchmarks.seconds(benchmark, quick))));
            return 0;
        }
        if (quick && options.getResult().hasValue()) {
            throw wrongUsage("-rff: expected without --quick, with which each benchmark has results of its own");
        }
        try (WorkFolder work = WorkFolder.temporary()) {
            if (quick) {
                for (Class<? extends WorkloadBenchmark> benchmark : chosen) {
                    run(quickly(builder(options, work, List.of(benchmark)), options, benchmark));
                }
            } else {
                run(builder(options, work, chosen));
            }
        }
        return 0;
    }

    private CommandLineOptions parse() {
        try {
            return new CommandLineOptions(arguments.toArray(String[]::new));
        } catch (CommandLineOptionException e) {
            throw wrongUsage("JMH: " + e.getMessage());
        }
    }

    private static List<Class<? extends WorkloadBenchmark>> chosen(List<String> includes) {
        List<Pattern> patterns = includes.stream().map(Pattern::compile).toList();
        return JmhBenchmarks.ALL.stream().filter(benchmark -> patterns.isEmpty()
                || patterns.stream().anyMatch(pattern -> pattern.matcher(benchmark.getName()).find())).toList();
    }

    /** What the command line tells counts more. */
    private static ChainedOptionsBuilder builder(CommandLineOptions options, WorkFolder work,
            List<Class<? extends WorkloadBenchmark>> benchmarks) {
        ChainedOptionsBuilder builder = new OptionsBuilder().parent(options);
        benchmarks.forEach(benchmark -> builder.include("^" + Pattern.quote(benchmark.getName() + ".")));
        Stream<String> own = Stream.concat(
                Stream.of(WorkloadBenchmark.class.getAnnotation(Fork.class).jvmArgsAppend()),
                Stream.of("-D" + WorkloadBenchmark.WORK_PROPERTY + "=" + work.path()));
        List<String> more = new ArrayList<>(options.getJvmArgsAppend().orElse(List.of()));
        return builder.jvmArgsAppend(Stream.concat(own, more.stream()).toArray(String[]::new));
    }

    private static ChainedOptionsBuilder quickly(ChainedOptionsBuilder builder, CommandLineOptions options,
            Class<?> benchmark) {
        if (!options.getForkCount().hasValue()) {
            builder.forks(JmhBenchmarks.QUICK_FORKS);
        }
        if (!options.getWarmupIterations().hasValue()) {
            builder.warmupIterations(JmhBenchmarks.QUICK_ITERATIONS);
        }
        if (!options.getMeasurementIterations().hasValue()) {
            builder.measurementIterations(JmhBenchmarks.QUICK_ITERATIONS);
        }
        for (Field parameter : JmhBenchmarks.parameters(benchmark)) {
            String name = parameter.getName();
            if (JmhBenchmarks.FIRST_ONLY.contains(name) && !options.getParameter(name).hasValue()) {
                builder.param(name, JmhBenchmarks.values(parameter).getFirst());
            }
        }
        return builder;
    }

    private static void run(ChainedOptionsBuilder options) {
        try {
            new Runner(options.build()).run();
        } catch (RunnerException e) {
            throw new TersorException("JMH: " + e.getMessage(), e);
        }
    }
}
