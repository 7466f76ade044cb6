package dev.tidemark.crashtest;

/**
 * How a conversation with a child has ended.
 *
 * @param how in which of the ways
 * @param text what there is to say about it
 */
record Ending(How how, String text) {

    enum How {
        /** It has done what it was told. */
        DONE,
        /** It was killed, when that was planned. */
        KILLED,
        /** The log threw something. */
        FAILED,
        /** The process ended, and nobody had killed it. */
        ENDED,
        /** It did not answer in time, and was killed for that. */
        HUNG,
        /** It said what none of ours would say. */
        GARBLED
    }

    boolean is(How other) {
        return how == other;
    }
}
