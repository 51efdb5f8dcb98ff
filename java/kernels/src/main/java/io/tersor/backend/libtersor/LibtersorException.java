package io.tersor.backend.libtersor;

import io.tersor.TersorException;

/** A call of libtersor was refused: a defect of this library, since every argument is checked before. */
public final class LibtersorException extends TersorException {
    private static final long serialVersionUID = 1L;

    private final int status;

    LibtersorException(String call, int status, String statusName) {
        super("libtersor: " + call + " refused its arguments: " + statusName + " (" + status + ")");
        this.status = status;
    }

    /** Returns the status as in tersor.h. */
    public int status() {
        return status;
    }
}
