package io.tersor.compress;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** The material beside the project; tests that need it are skipped, with a message, where it is absent. */
final class Shared {
    private static final Path FOLDER = Path.of(System.getProperty("tersor.root", "../..")).resolve("../shared");

    private Shared() {}

    static Path file(String name) {
        Path file = FOLDER.resolve(name).normalize();
        assumeTrue(Files.exists(file), "skipped: there is no " + file);
        return file;
    }
}
