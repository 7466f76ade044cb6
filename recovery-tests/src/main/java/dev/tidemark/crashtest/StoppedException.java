package dev.tidemark.crashtest;

/** Somebody has interrupted the crash test. */
final class StoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
}
