package io.tersor.bench.suite;

import io.tersor.TersorException;
import io.tersor.bench.results.Results;
import io.tersor.cli.Main;
import io.tersor.ffm.Isa;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Starts JVMs like this one: the same Java, options and classes, one at a time. What such a JVM prints as an error is
 * kept in a file in the work folder.
 */
final class Forks {
    /** This JVM's standard error, which the others have not. */
    private static final String OWN_OPTION = "-Dtersor.stderr";
    private static final int TOLD_LINES = 5;

    private final String plan;
    private final Path work;
    private final Optional<String> isa;

    /**
     * @param plan a name or a file
     * @param work a folder for files that all JVMs share
     * @param isa caps the instruction set
     */
    Forks(String plan, Path work, Optional<String> isa) {
        this.plan = plan;
        this.work = work;
        this.isa = isa;
    }

    /**
     * Measures one suite in a new JVM.
     *
     * @param steps gets the name of each step that is done
     * @throws TersorException with the end of what it has printed, if it fails or crashes
     */
    Results measure(String suite, Consumer<String> steps) {
        Path output = work.resolve("fork-" + suite + ".json");
        Path errors = work.resolve("fork-" + suite + ".log");
        try {
            Files.deleteIfExists(output);
            Process process = new ProcessBuilder(command(List.of("bench", "fork", "--plan", plan, "--suite", suite,
                    "--work", work.toString(), "--output", output.toString()))).redirectError(errors.toFile()).start();
            int status = follow(process, steps);
            if (status != 0) {
                throw new TersorException("suite " + suite + ": its JVM ended with status " + status + ": "
                        + end(errors));
            }
            return Results.read(output);
        } catch (IOException e) {
            throw new TersorException("suite " + suite + ": no JVM for it: " + e, e);
        }
    }

    private static int follow(Process process, Consumer<String> steps) {
        try (BufferedReader lines = process.inputReader()) {
            lines.lines().filter(line -> line.startsWith(ForkCommand.DONE))
                    .forEach(line -> steps.accept(line.substring(ForkCommand.DONE.length())));
            return process.waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TersorException("interrupted while a suite was measured", e);
        } finally {
            process.destroy();
        }
    }

    private static String end(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log).stream().filter(line -> !line.isBlank()).toList();
        return lines.isEmpty() ? "it has printed nothing"
                : String.join(" / ", lines.subList(Math.max(0, lines.size() - TOLD_LINES), lines.size()));
    }

    private List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !option.startsWith(OWN_OPTION) && !option.startsWith("-agentlib:jdwp"))
                .forEach(command::add);
        // Compilation in the foreground: no kernel is timed before its code is compiled for good.
        command.add("-Xbatch");
        isa.ifPresent(cap -> command.add("-D" + Isa.PROPERTY + "=" + cap));
        Class<?> main = Main.class;
        if (main.getModule().isNamed()) {
            command.addAll(List.of("--module-path", System.getProperty("jdk.module.path"), "--add-modules",
                    "ALL-MODULE-PATH", "-m", main.getModule().getName() + "/" + main.getName()));
        } else {
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        }
        command.addAll(arguments);
        return command;
    }
}
