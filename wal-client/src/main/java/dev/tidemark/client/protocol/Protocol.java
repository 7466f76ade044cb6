package dev.tidemark.client.protocol;

/** The numbers of the protocol; {@code docs/protocol.md} has them with their reasons. */
public final class Protocol {
    /** The first eight bytes of the first body that a client sends: {@code TIDEMARK}. */
    public static final long MAGIC = 0x4b52_414d_4544_4954L;

    /** The version that this code speaks; so far there is one. */
    public static final int VERSION = 1;

    /** The capability of a hello whose last field says who it is, and of a server that has looked at it. */
    public static final long AUTHENTICATION = 1;

    /** Bytes before the body: length, kind, flags, reserved, request id. */
    public static final int HEADER_BYTES = 16;

    /** Bytes of the length field, which it does not count. */
    public static final int LENGTH_BYTES = 4;

    /** The smallest value of the length field: a message with an empty body. */
    public static final int MIN_LENGTH = HEADER_BYTES - LENGTH_BYTES;

    /** The largest value of the length field that anybody may agree on: the largest append of the log, and 1 MiB around it. */
    public static final int MAX_LENGTH = (64 << 20) + (1 << 20);

    /** The largest value of the length field before both sides have said hello. */
    public static final int MAX_HELLO_LENGTH = 64 << 10;

    /** The longest text, in bytes of UTF-8; what is acceptable as a name is much shorter, and the engine says so. */
    public static final int MAX_TEXT_BYTES = 32 << 10;

    /** The longest message of an error, in bytes; a longer one is cut when it is sent. */
    public static final int MAX_ERROR_TEXT_BYTES = 8 << 10;

    /** The request id of an error that concerns the connection. Requests count from 1 up, or as they like, but never take this. */
    public static final long NO_REQUEST = 0;

    /** In place of a timeout: that of the log. */
    public static final int DEFAULT_TIMEOUT = -1;

    /** The longest time a request may ask to wait: an hour. */
    public static final int MAX_WAIT_MILLIS = 3_600_000;

    /** The most partitions in one answer to {@code LIST}. */
    public static final int MAX_LISTED = 1_000;

    private Protocol() {}
}
