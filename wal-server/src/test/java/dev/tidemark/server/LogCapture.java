package dev.tidemark.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Keeps what is logged, from when it is opened to when it is closed, with what belongs to exceptions. */
final class LogCapture extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
    private final List<Appender<ILoggingEvent>> silenced = new ArrayList<>();
    private final Logger logger;
    private final @Nullable Level before;

    private LogCapture(String name, Level level) {
        logger = (Logger) LoggerFactory.getLogger(name);
        before = logger.getLevel();
        setContext(logger.getLoggerContext());
        start();
        logger.setLevel(level);
        logger.addAppender(this);
    }

    static LogCapture of(String name) {
        return new LogCapture(name, Level.INFO);
    }

    /** Everything that anybody logs. */
    static LogCapture ofEverything() {
        LogCapture everything = new LogCapture(Logger.ROOT_LOGGER_NAME, Level.TRACE);
        // It would be megabytes on the console.
        everything.logger.iteratorForAppenders().forEachRemaining(everything.silenced::add);
        everything.silenced.remove(everything);
        everything.silenced.forEach(everything.logger::detachAppender);
        return everything;
    }

    @Override
    protected void append(ILoggingEvent event) {
        IThrowableProxy thrown = event.getThrowableProxy();
        lines.add(event.getFormattedMessage() + (thrown == null ? "" : '\n' + ThrowableProxyUtil.asString(thrown)));
    }

    List<String> lines() {
        return List.copyOf(lines);
    }

    @Override
    public void close() {
        logger.detachAppender(this);
        logger.setLevel(before);
        silenced.forEach(logger::addAppender);
        stop();
    }
}
