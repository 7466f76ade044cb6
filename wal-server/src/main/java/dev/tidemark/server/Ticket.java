package dev.tidemark.server;

/**
 * One request that gets an answer.
 *
 * <p><b>Threads.</b> Any may carry it about; the connection's event loop alone looks whether it was answered.
 */
final class Ticket {
    final long id;
    final int bytes;

    private boolean isAnswered;

    Ticket(long id, int bytes) {
        this.id = id;
        this.bytes = bytes;
    }

    boolean isAnswered() {
        return isAnswered;
    }

    /** False when it was answered before. */
    boolean answer() {
        boolean isFirst = !isAnswered;
        isAnswered = true;
        return isFirst;
    }
}
