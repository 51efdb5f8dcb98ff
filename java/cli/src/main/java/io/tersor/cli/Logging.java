package io.tersor.cli;

import java.io.PrintWriter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** Sends the library's log messages to standard error, a line each, for as long as a command runs. */
final class Logging extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger("io.tersor");
    private final PrintWriter err;

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

    /** Shows messages for information as well as warnings. */
    void setVerbose(boolean verbose) {
        logger.setLevel(verbose ? Level.INFO : Level.WARNING);
    }

    @Override
    public void publish(LogRecord message) {
        if (isLoggable(message)) {
            err.println("tersor: " + (message.getLevel().intValue() >= Level.WARNING.intValue() ? "warning: " : "")
                    + getFormatter().formatMessage(message));
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
