package io.tersor.ffm;

import io.tersor.TersorException;

/**
 * A native library is missing, hidden, damaged, of another architecture or of another version. The message names the
 * library and its file.
 */
public final class NativeLibraryException extends TersorException {
    private static final long serialVersionUID = 1L;

    private final String library;

    /**
     * @param library the library's name, such as {@code onednn}
     * @param problem what is wrong and what to do
     */
    public NativeLibraryException(String library, String problem) {
        super(library + ": " + problem);
        this.library = library;
    }

    /**
     * @param library the library's name, such as {@code onednn}
     * @param problem what is wrong and what to do
     * @param cause what led to it
     */
    public NativeLibraryException(String library, String problem, Throwable cause) {
        super(library + ": " + problem, cause);
        this.library = library;
    }

    /** Returns the name of the library that could not be used. */
    public String library() {
        return library;
    }
}
