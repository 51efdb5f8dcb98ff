package io.tersor.cli;

import io.tersor.TersorException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.List;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The {@code tersor} command. Exit status: 0; 2 for wrong usage; 1 with one line on standard error otherwise.
 * Subcommands of other modules are found as services, see {@link Subcommand}.
 */
@Command(name = "tersor", mixinStandardHelpOptions = true, versionProvider = Version.class,
        description = "Compresses neural networks and runs them on CPUs.",
        synopsisSubcommandLabel = "COMMAND")
public final class Main implements Runnable {
    private static final int FAILURE = 1;

    @Option(names = "--verbose", scope = ScopeType.INHERIT,
            description = "Show log messages, and the stack trace of a failure.")
    private boolean verbose;

    @Spec
    private CommandSpec spec;

    private final Terminal terminal;

    private Main(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Runs the command line and ends the process. */
    public static void main(String[] args) {
        StandardError.restore();
        System.exit(run(args, System.out, System.err, Terminal.detect(System.getenv())));
    }

    /**
     * Runs one command line as {@link #main} does, on other streams and without colours.
     *
     * @return the exit status
     */
    public static int run(String[] args, PrintStream out, PrintStream err) {
        return run(args, out, err, Terminal.NONE);
    }

    private static int run(String[] args, PrintStream out, PrintStream err, Terminal terminal) {
        PrintWriter outWriter = writer(out);
        PrintWriter errWriter = writer(err);
        Main main = new Main(terminal);
        try (Logging logging = Logging.to(errWriter)) {
            CommandLine command = main.commandLine(logging).setOut(outWriter).setErr(errWriter);
            int status = command.execute(args);
            if (status == 0) {
                logging.release();
            }
            return status;
        } catch (Error failure) {
            return main.report(failure, errWriter);
        } finally {
            outWriter.flush();
            errWriter.flush();
        }
    }

    private static PrintWriter writer(PrintStream stream) {
        Charset charset = stream.charset();
        return new PrintWriter(new OutputStreamWriter(stream, charset), true);
    }

    private CommandLine commandLine(Logging logging) {
        CommandLine command = new CommandLine(this);
        List<Subcommand> own = List.of(new DoctorCommand(), new InspectCommand(), new CompressCommand(),
                new RunCommand(), new EvaluateCommand(), new VerifyCommand(), new TuneCommand());
        own.forEach(command::addSubcommand);
        ServiceLoader.load(Subcommand.class, Main.class.getClassLoader()).forEach(command::addSubcommand);
        command.setColorScheme(Help.defaultColorScheme(terminal.colours() ? Ansi.ON : Ansi.OFF));
        command.setAbbreviatedOptionsAllowed(false);
        command.setUsageHelpAutoWidth(terminal.colours());
        command.setParameterExceptionHandler((failure, _) -> wrongUsage(failure));
        command.setExecutionExceptionHandler((failure, line, _) -> report(failure, line.getErr()));
        command.setExecutionStrategy(parsed -> {
            logging.setVerbose(verbose);
            return new CommandLine.RunLast().execute(parsed);
        });
        return command;
    }

    /** Without a subcommand there is nothing to do but to say which there are. */
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command");
    }

    private static int wrongUsage(ParameterException failure) {
        CommandLine command = failure.getCommandLine();
        command.getErr().println("tersor: " + oneLine(failure.getMessage()) + "; see '"
                + command.getCommandSpec().qualifiedName() + " --help'");
        return CommandLine.ExitCode.USAGE;
    }

    private int report(Throwable failure, PrintWriter err) {
        err.println("tersor: " + switch (failure) {
            case TersorException known -> oneLine(known.getMessage());
            case OutOfMemoryError memory -> "not enough memory (" + memory.getMessage()
                    + "); give Java more with -Xmx or work on smaller batches";
            default -> "unexpected " + oneLine(failure.toString())
                    + (verbose ? "" : "; run again with --verbose for the stack trace");
        });
        if (verbose) {
            failure.printStackTrace(err);
        }
        return FAILURE;
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    Terminal terminal() {
        return terminal;
    }
}
