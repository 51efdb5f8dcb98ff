package io.tersor.bench.suite;

import io.tersor.TersorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A temporary folder; closing deletes it with all that is in it. */
public record WorkFolder(Path path) implements AutoCloseable {
    /** Makes one. */
    public static WorkFolder temporary() {
        try {
            return new WorkFolder(Files.createTempDirectory("tersor-bench-"));
        } catch (IOException e) {
            throw new TersorException("cannot create a temporary folder: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try (Stream<Path> walk = Files.walk(path)) {
            List<Path> deepestFirst = walk.sorted(Comparator.reverseOrder()).toList();
            for (Path each : deepestFirst) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new TersorException(path + ": cannot be deleted: " + e.getMessage(), e);
        }
    }
}
