package dev.tidemark.wal.bytes;

/**
 * Bytes end too early or say something that no writer of ours says. Checked, so that every read which can meet it is visible; a decoder
 * catches it and gives a verdict. It carries no stack trace: it describes bytes, not code.
 */
public final class MalformedBytesException extends Exception {

    /** @param reason what was wrong, for people */
    public MalformedBytesException(String reason) {
        super(reason, null, false, false);
    }

    /** What was wrong. Never null, as the constructor asks for it. */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
