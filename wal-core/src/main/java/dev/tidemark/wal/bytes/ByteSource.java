package dev.tidemark.wal.bytes;

/**
 * Reads what a {@link ByteSink} wrote, from bytes that are not trusted: no read goes beyond the end, nothing is allocated before its size was
 * compared with a limit, and each value has one spelling only, so what was read writes the same bytes again.
 *
 * <p><b>Threads.</b> One thread.
 */
public interface ByteSource {

    /** One byte, 0 to 255. */
    int readByte() throws MalformedBytesException;

    /** Four bytes. */
    int readInt() throws MalformedBytesException;

    /** Eight bytes. */
    long readLong() throws MalformedBytesException;

    /** A number of one to nine bytes, refused when it is over {@code max}. */
    long readCount(long max) throws MalformedBytesException;

    /** A text of at most {@code maxBytes} bytes of UTF-8. */
    String readText(int maxBytes) throws MalformedBytesException;

    /** Bytes not yet read. */
    int remaining();
}
