package io.tersor.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Finds the material that lies beside the project; tests that need it are skipped where it is absent. */
public final class SharedFiles {
    private SharedFiles() {}

    /** Returns a path in {@code ../shared}, or skips the test. */
    public static Path path(String name) {
        String root = System.getProperty("tersor.root", System.getProperty("user.dir"));
        Path path = Path.of(root).toAbsolutePath().resolveSibling("shared").resolve(name);
        Assumptions.assumeTrue(Files.exists(path), () -> path + " is absent");
        return path;
    }
}
