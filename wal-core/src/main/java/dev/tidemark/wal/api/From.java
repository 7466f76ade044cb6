package dev.tidemark.wal.api;

/** Where a cursor begins. */
public sealed interface From {
    /** At this offset. Inside a batch of records it begins at that record, inside an opaque batch at the batch. */
    record Offset(long offset) implements From {}

    /** At the first append whose timestamp (the log's clock) is at or after this, in milliseconds. */
    record Timestamp(long millis) implements From {}

    /** At the first offset that can still be read. */
    record Start() implements From {}

    /** At the readable end: what is appended from now on. */
    record End() implements From {}

    /** At this offset. */
    static From offset(long offset) {
        return new Offset(offset);
    }

    /** At the first append at or after this time, in milliseconds since 1970. */
    static From timestamp(long millis) {
        return new Timestamp(millis);
    }

    /** At the start of the log. */
    static From start() {
        return new Start();
    }

    /** At the readable end. */
    static From end() {
        return new End();
    }
}
