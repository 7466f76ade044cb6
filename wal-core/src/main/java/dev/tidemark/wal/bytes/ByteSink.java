package dev.tidemark.wal.bytes;

/**
 * Grows a small piece of bytes, front to back: metadata files, snapshots. Numbers of fixed size are little-endian; a count takes as few
 * bytes as it needs, seven bits each, the lowest first, the top bit set on all but the last.
 *
 * <p><b>Threads.</b> One thread, and thrown away after {@link #toByteArray}.
 */
public interface ByteSink {

    /** One byte: the lowest 8 bits. */
    void putByte(int value);

    /** Four bytes. */
    void putInt(int value);

    /** Eight bytes. */
    void putLong(long value);

    /**
     * One to nine bytes, for a number that is never negative.
     *
     * @throws IllegalArgumentException when it is
     */
    void putCount(long value);

    /**
     * A count of bytes, then so many bytes of UTF-8.
     *
     * @throws IllegalArgumentException when the text has half a surrogate pair, which UTF-8 cannot carry
     */
    void putText(String text);

    /** Everything that was put. */
    byte[] toByteArray();
}
