package dev.tidemark.wal.io;

/** Answers what a loss of power left behind, wherever the rules of the disk leave it open. */
interface CrashChoices {

    /**
     * Which of several states something was left in.
     *
     * @param operations the operation that produced each, oldest first; -1 for what was there before all of them
     * @return an index
     */
    int among(long[] operations);

    /** Whether space that was allocated and never forced holds remains of another file, and not zeros. */
    boolean remains();

    /** A number below the bound, where any will do. */
    int any(int bound);
}
