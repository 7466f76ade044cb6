package dev.tidemark.crashtest;

/** The adapter did not do its part, so nothing can be said about the log. The message says what happened. */
final class AdapterFailureException extends Exception {
    private static final long serialVersionUID = 1L;

    AdapterFailureException(String message) {
        super(message);
    }
}
