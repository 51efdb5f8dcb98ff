package io.tersor.bench.measure;

import io.tersor.TersorException;

/** A result that was to be timed is wrong; nothing is timed then. */
public final class VerificationException extends TersorException {
    private static final long serialVersionUID = 1L;

    /** @param message what differs from what */
    public VerificationException(String message) {
        super("not timed, the result is wrong: " + message);
    }
}
