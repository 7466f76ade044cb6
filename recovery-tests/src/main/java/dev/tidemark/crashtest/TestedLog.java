package dev.tidemark.crashtest;

import java.util.function.Consumer;

/** One log that {@link LogAdapter#open} has opened. */
public interface TestedLog extends AutoCloseable {

    /**
     * Appends one record and returns when the log promises that it survives what {@link LogAdapter#survives()} says; that is its
     * acknowledgement. Called by {@link LogAdapter#threads()} threads at a time, each of which waits for one append before it makes the next.
     *
     * @param record 16 bytes to a few thousand, which nobody changes afterwards
     */
    void append(byte[] record) throws Exception;

    /**
     * Hands over every record in the order of the log, from the oldest on, including what earlier processes appended. Called by one thread,
     * while nobody appends. Damage that it notices it has to throw.
     */
    void read(Consumer<byte[]> records) throws Exception;

    /** Closes the log in order. Not called when the process is killed. */
    @Override
    void close() throws Exception;
}
