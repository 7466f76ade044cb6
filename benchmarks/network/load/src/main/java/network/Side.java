package network;

import java.util.concurrent.TimeUnit;

/**
 * One of the two that are compared: something that takes values and gives them back.
 *
 * <p><b>Threads.</b> Appends come from any number of threads; everything else from the measuring thread.
 */
interface Side extends AutoCloseable {
    /** No append and no close may take longer; then something is wrong and the run ends. */
    long PATIENCE_SECONDS = TimeUnit.MINUTES.toSeconds(1);

    /** What it is called in the report. */
    String name();

    /** The process that serves it, or 0 when it runs in this one. */
    long serverPid();

    /** Appends a value and waits until it is acknowledged. */
    void append(byte[] value) throws Exception;

    /** Appends a value; the acknowledgement is waited for later. */
    Ack send(byte[] value) throws Exception;

    /** Reads what is there from the start until the time is up, again from the start where it ends; returns the bytes of values. */
    long read(long untilNanos) throws Exception;

    /** Forgets what was appended, outside of all measuring. */
    void empty() throws Exception;

    @Override
    void close();

    /** An append that is under way. */
    interface Ack {
        /** Returns once it is acknowledged. */
        void await() throws Exception;
    }
}
