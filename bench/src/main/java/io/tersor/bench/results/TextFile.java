package io.tersor.bench.results;

import io.tersor.TersorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/** Files that are never seen half written. */
public final class TextFile {
    private TextFile() {}

    /**
     * Writes a file: beside it first, then renamed.
     *
     * @throws TersorException naming the file if it cannot be written
     */
    public static void write(Path file, String text) {
        // Not a temporary file of the JDK's, which nobody else could read.
        Path beside = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            try {
                Files.writeString(beside, text);
                Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(beside);
            }
        } catch (IOException e) {
            throw new TersorException(file + ": cannot be written: " + e, e);
        }
    }
}
