package dev.tidemark.cli;

/** Whoever read our output has gone. Not an error: the command ends, and says nothing. */
final class OutputClosedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OutputClosedException(Throwable cause) {
        super(cause);
    }
}
