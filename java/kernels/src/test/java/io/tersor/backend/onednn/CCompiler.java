package io.tersor.backend.onednn;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The system's C compiler, for tests that need a small program or library. */
final class CCompiler {
    private CCompiler() {
    }

    /** Returns the first of {@code $CC}, cc, gcc and clang that is there. */
    static Optional<Path> find() {
        List<String> path = Arrays.asList(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator));
        return Stream.of(System.getenv().getOrDefault("CC", "cc"), "cc", "gcc", "clang")
                .flatMap(name -> path.stream().map(directory -> Path.of(directory).resolve(name)))
                .filter(Files::isExecutable).findFirst();
    }

    /** Runs the compiler; fails with its messages if it does. */
    static void run(Path compiler, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(compiler.toString()));
        command.addAll(List.of(arguments));
        output(command);
    }

    /** Runs a program and returns what it printed. */
    static String output(Path program) throws IOException, InterruptedException {
        return output(List.of(program.toString()));
    }

    private static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(command + " failed: " + output);
        }
        return output;
    }
}
