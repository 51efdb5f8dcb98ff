package io.tersor.model.npy;

import io.tersor.TersorException;
import java.nio.file.Path;

/** An .npy file that cannot be read or written. Names the file, what was expected and what was found. */
public final class NpyException extends TersorException {
    private static final long serialVersionUID = 1L;

    private final transient Path file;

    NpyException(Path file, Object expected, Object actual) {
        this(file, "expected " + expected + ", got " + actual);
    }

    NpyException(Path file, String problem) {
        super(file + ": " + problem);
        this.file = file;
    }

    NpyException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
        this.file = file;
    }

    /** Returns the file in question. */
    public Path file() {
        return file;
    }
}
