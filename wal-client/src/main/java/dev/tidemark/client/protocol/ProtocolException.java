package dev.tidemark.client.protocol;

/** Bytes that are no message of this protocol. The only thing that decoding throws, whatever the bytes are. */
public final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is wrong. */
    public enum Problem {
        /** The length is over the limit, or too small for a header. What follows cannot be found. */
        BAD_LENGTH,
        /** A reserved field or flag is set. */
        BAD_HEADER,
        /** A kind of message that this version does not know, or that does not go in this direction. It can be stepped over. */
        UNKNOWN_KIND,
        /** The first message is none of this protocol. */
        BAD_MAGIC,
        /** A field is outside of its range, or the body is longer or shorter than its fields. */
        BAD_BODY
    }

    private final Problem problem;
    private final long requestId;

    ProtocolException(Problem problem, long requestId, String message) {
        super(message);
        this.problem = problem;
        this.requestId = requestId;
    }

    /** What is wrong. */
    public Problem problem() {
        return problem;
    }

    /** The request it came in, or {@link Protocol#NO_REQUEST} where that is not known. */
    public long requestId() {
        return requestId;
    }

    /** Whether the messages behind this one can still be read and believed. */
    public boolean isConnectionUsable() {
        return problem == Problem.UNKNOWN_KIND;
    }
}
