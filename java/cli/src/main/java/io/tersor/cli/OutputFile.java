package io.tersor.cli;

import io.tersor.TersorException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds out before the work whether its result can be written. */
final class OutputFile {
    private OutputFile() {}

    /**
     * Checks that a file can be created or replaced.
     *
     * @throws TersorException naming the file if not
     */
    static void check(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new TersorException(file + ": cannot be written: it is a directory");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new TersorException(file + ": cannot be written: it is not a regular file");
        }
        if (!Files.isDirectory(folder)) {
            throw new TersorException(file + ": cannot be written: there is no directory " + folder);
        }
        if (!Files.isWritable(folder)) {
            throw new TersorException(file + ": cannot be written: no permission to write into " + folder);
        }
    }
}
