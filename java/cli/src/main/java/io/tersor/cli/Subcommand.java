package io.tersor.cli;

import io.tersor.TersorException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A subcommand of {@code tersor}. Subclasses carry picocli's {@link CommandLine.Command} annotation. Other modules
 * provide theirs as a service of this type; those need a public constructor without parameters and a package open to
 * picocli.
 *
 * <p>An instance parses and runs one command line, on one thread.
 */
public abstract class Subcommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    /**
     * Does the work. A failure that a user can mend is a {@link io.tersor.TersorException}, whose message becomes the one
     * line on standard error.
     *
     * @return the process's exit status: 0, or 1 where something was found to be wrong
     */
    @Override
    public abstract Integer call();

    /** Returns standard output. */
    protected final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /** Returns standard error. */
    protected final PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /** Prints a value as indented JSON; maps keep their order. */
    protected final void printJson(Object value) {
        out().println(Json.format(value));
    }

    /**
     * Checks that a file of results can be created or replaced, before the work that is to fill it.
     *
     * @throws TersorException naming the file if not
     */
    protected final void checkOutput(Path file) {
        OutputFile.check(file);
    }

    /**
     * Writes a value as {@link #printJson} prints it.
     *
     * @throws TersorException naming the file if it cannot be written
     */
    protected final void writeJson(Path file, Object value) {
        try {
            Files.writeString(file, Json.format(value) + System.lineSeparator());
        } catch (IOException e) {
            throw new TersorException(file + ": cannot be written: " + e.getMessage(), e);
        }
    }

    /** Prints a table, its heading coloured where that is wanted. */
    protected final void print(Table table) {
        out().print(table.format(ansi()));
        out().flush();
    }

    /** Returns a text with picocli's markup such as <code>@|bold text|@</code>, coloured where that is wanted. */
    protected final String styled(String markup) {
        return ansi().string(markup);
    }

    private Ansi ansi() {
        return spec.commandLine().getColorScheme().ansi();
    }

    /** Returns a progress bar on standard error, invisible where that is no terminal. */
    protected final Progress progress(String task, long steps) {
        return Progress.start(root().terminal(), task, steps);
    }

    /** Returns the failure for options that do not go together: exit status 2. */
    protected final ParameterException wrongUsage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Returns the version of the command. */
    protected final String version() {
        return Version.text();
    }

    private Main root() {
        return (Main) spec.root().userObject();
    }
}
