package io.tersor.ffm;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A second JVM with this one's class path, for what may happen only once in a process. */
public final class JavaProcess {
    private static final long TIMEOUT_SECONDS = 120;

    private final Process process;

    private JavaProcess(Process process) {
        this.process = process;
    }

    /** What a process left: its exit status, standard output and error together. */
    public record Result(int status, String output) {
    }

    /** Starts a main class with further options for the JVM, after a command such as {@code unshare -m} if any. */
    public static JavaProcess start(List<String> prefix, List<String> options, Class<?> main, String... arguments)
            throws IOException {
        return new JavaProcess(new ProcessBuilder(command(prefix, options, main, arguments)).redirectErrorStream(true)
                .start());
    }

    /** Returns the command line that {@link #start} runs. */
    public static List<String> command(List<String> prefix, List<String> options, Class<?> main,
            String... arguments) {
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path")));
        command.addAll(options);
        command.add(main.getName());
        command.addAll(List.of(arguments));
        return command;
    }

    /** Waits for the end. */
    public Result result() throws IOException, InterruptedException {
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("no end after " + TIMEOUT_SECONDS + " s: " + output);
        }
        return new Result(process.exitValue(), output);
    }
}
