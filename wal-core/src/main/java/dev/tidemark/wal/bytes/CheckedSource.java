package dev.tidemark.wal.bytes;

import java.nio.ByteBuffer;

/** The checks that both implementations share; below it are only reads that are known to lie inside. */
abstract class CheckedSource implements ByteSource {

    private static final int MAX_COUNT_BYTES = 9;

    /** Takes the next byte; there is one. */
    abstract int takeByte();

    /** Takes the next four bytes; they are there. */
    abstract int takeInt();

    /** Takes the next eight bytes; they are there. */
    abstract long takeLong();

    /** The byte {@code ahead} bytes behind the next one; it is there. */
    abstract int peekByte(int ahead);

    /** Takes a number of {@code bytes} bytes, whose end has been found. */
    abstract long takeCount(int bytes);

    /** Takes the next {@code length} bytes; they are there. */
    abstract byte[] takeBytes(int length);

    @Override
    public final int readByte() throws MalformedBytesException {
        require(1);
        return takeByte();
    }

    @Override
    public final int readInt() throws MalformedBytesException {
        require(Integer.BYTES);
        return takeInt();
    }

    @Override
    public final long readLong() throws MalformedBytesException {
        require(Long.BYTES);
        return takeLong();
    }

    @Override
    public final long readCount(long max) throws MalformedBytesException {
        int bytes = countBytes();
        long value = takeCount(bytes);
        if (value > max) {
            throw new MalformedBytesException("number is over its limit: value=" + value + " max=" + max);
        }
        return value;
    }

    @Override
    public final String readText(int maxBytes) throws MalformedBytesException {
        int length = (int) readCount(maxBytes);
        require(length);
        return Utf8.decode(ByteBuffer.wrap(takeBytes(length)));
    }

    /** Finds the end of a number before it is read, so that neither its length nor a spelling with idle bytes has to be undone. */
    private int countBytes() throws MalformedBytesException {
        for (int i = 0; i < MAX_COUNT_BYTES; i++) {
            require(i + 1);
            int next = peekByte(i);
            if (next < 0x80) {
                if (next == 0 && i > 0) {
                    throw new MalformedBytesException("number is spelled longer than it has to be");
                }
                return i + 1;
            }
        }
        throw new MalformedBytesException("number does not end within 9 bytes");
    }

    private void require(int bytes) throws MalformedBytesException {
        if (remaining() < bytes) {
            throw new MalformedBytesException("bytes end too early: wanted=" + bytes + " left=" + remaining());
        }
    }
}
