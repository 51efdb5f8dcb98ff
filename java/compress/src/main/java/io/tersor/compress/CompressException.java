package io.tersor.compress;

import io.tersor.TersorException;

/** A recipe that does not exist or does not fit the network or its calibration data. Names the thing in question. */
public final class CompressException extends TersorException {
    private static final long serialVersionUID = 1L;

    /** @param message one line: what is wrong, what was expected, what was found */
    public CompressException(String message) {
        super(message);
    }
}
