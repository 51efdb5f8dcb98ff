package io.tersor.model;

import io.tersor.TersorException;
import java.nio.file.Path;

/** A file is not what it should be: truncated, damaged, or of another format. Names the file and the thing in it. */
public final class ModelFormatException extends TersorException {
    private static final long serialVersionUID = 1L;

    /**
     * @param file the file that was read
     * @param problem what is wrong with it
     */
    public ModelFormatException(Path file, String problem) {
        super(file + ": " + problem);
    }

    /**
     * @param file the file that was read
     * @param problem what is wrong with it
     * @param cause what found it
     */
    public ModelFormatException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
