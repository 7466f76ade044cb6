package dev.tidemark.crashtest;

/** There is no such adapter, or it cannot be created. */
final class UnknownAdapterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownAdapterException(String message) {
        super(message);
    }
}
