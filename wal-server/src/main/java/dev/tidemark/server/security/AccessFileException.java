package dev.tidemark.server.security;

/** A file that says who may do what, and cannot be used. The message has lines by number, never by content. */
public final class AccessFileException extends Exception {
    private static final long serialVersionUID = 1L;

    AccessFileException(String why) {
        super(why);
    }
}
