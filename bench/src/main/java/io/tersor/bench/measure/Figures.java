package io.tersor.bench.measure;

import java.util.Locale;

/** Figures as tables show them. */
public final class Figures {
    private Figures() {}

    /** Returns a time with three significant digits or more, in the unit that suits it. */
    public static String time(double micros) {
        if (micros < 10) {
            return String.format(Locale.ROOT, "%.3f us", micros);
        }
        if (micros < 100) {
            return String.format(Locale.ROOT, "%.1f us", micros);
        }
        if (micros < 10_000) {
            return String.format(Locale.ROOT, "%.0f us", micros);
        }
        return micros < 1e6 ? String.format(Locale.ROOT, "%.1f ms", micros / 1e3)
                : String.format(Locale.ROOT, "%.2f s", micros / 1e6);
    }

    /** Returns a size in binary units. */
    public static String bytes(long bytes) {
        return bytes < 1 << 20 ? String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0)
                : String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
    }

    /** Returns 10^12 operations per second. */
    public static String tops(double operations, double micros) {
        return String.format(Locale.ROOT, "%.3f", operations / micros * 1e-6);
    }
}
