package dev.tidemark.crashtest;

/** A log did something that the recorder cannot follow: what a loss of power would leave is then not known. */
final class NotRecordableException extends Exception {
    private static final long serialVersionUID = 1L;

    NotRecordableException(String why) {
        super(why);
    }
}
