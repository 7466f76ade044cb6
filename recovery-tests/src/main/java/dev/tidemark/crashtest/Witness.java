package dev.tidemark.crashtest;

/**
 * Somebody who notes what was acknowledged, where a loss of this machine's power cannot take it back.
 *
 * <p><b>Threads.</b> One.
 */
interface Witness extends AutoCloseable {

    /** The records of one kind of note. */
    enum Kind {
        /** From here on another log of the run is used: its number. */
        LOG('L'),
        /** The log has acknowledged an append: its id. */
        ACKNOWLEDGED('A'),
        /** The run has ended in order. */
        END('E');

        private final char letter;

        Kind(char letter) {
            this.letter = letter;
        }

        byte letter() {
            return (byte) letter;
        }
    }

    /** Nobody. */
    Witness NONE = new Witness() {
        @Override
        public void newLog(int number) {}

        @Override
        public void note(long id) {}

        @Override
        public void awaitNoted() {}

        @Override
        public void close() {}
    };

    /** Another log is used now. */
    void newLog(int number);

    /** This append was acknowledged. Returns at once, as long as the witness keeps up. */
    void note(long id);

    /** The run has ended in order: waits until all of it is noted and forced. */
    void awaitNoted();

    @Override
    void close();

    /** The witness does not answer any more. */
    final class LostException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        LostException(String message) {
            super(message);
        }
    }
}
