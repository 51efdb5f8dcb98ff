package io.tersor.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * Sends the library's log messages to standard error, a line each, for as long as a command runs. Warnings alone are
 * held back until the command has succeeded: one that fails says what is wrong in a single line.
 */
final class Logging extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger("io.tersor");
    private final List<String> held = new ArrayList<>();
    private final PrintWriter err;
    private boolean verbose;

    private Logging(PrintWriter err) {
        this.err = err;
        setFormatter(new SimpleFormatter());
    }

    static Logging to(PrintWriter err) {
        Logging logging = new Logging(err);
        logging.logger.setUseParentHandlers(false);
        logging.logger.addHandler(logging);
        logging.setVerbose(false);
        return logging;
    }

    /** Shows messages for information as well as warnings, and all of them at once. */
    void setVerbose(boolean wanted) {
        verbose = wanted;
        logger.setLevel(wanted ? Level.INFO : Level.WARNING);
    }

    /** Shows the warnings so far. */
    synchronized void release() {
        held.forEach(err::println);
        held.clear();
    }

    @Override
    public synchronized void publish(LogRecord message) {
        if (isLoggable(message)) {
            String text = "tersor: " + (message.getLevel().intValue() >= Level.WARNING.intValue() ? "warning: " : "")
                    + getFormatter().formatMessage(message);
            held.add(text.replaceAll("\\s*\\R\\s*", " "));
            if (verbose) {
                release();
            }
        }
    }

    @Override
    public void flush() {
        err.flush();
    }

    @Override
    public void close() {
        logger.removeHandler(this);
        logger.setUseParentHandlers(true);
        logger.setLevel(null);
    }
}
