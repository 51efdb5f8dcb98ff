package io.tersor.bench.compare;

import java.util.Locale;

/** What of two files is compared. */
enum By {
    /** Times of one against times of the other: for two runs on one machine. */
    TIME,
    /**
     * Speeds of own contenders over those of others, which have taken turns in one JVM: the machine's own speed, which
     * differs from day to day, cancels out.
     */
    PEER;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
