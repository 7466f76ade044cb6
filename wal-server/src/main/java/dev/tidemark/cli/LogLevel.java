package dev.tidemark.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much {@code serve} says of what it does, on standard error or where the log configuration leads it. */
enum LogLevel {
    ERROR,
    WARN,
    INFO,
    DEBUG;

    /** From now on. Does nothing where something else than Logback keeps the log. */
    void set() {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.valueOf(name()));
        }
    }
}
