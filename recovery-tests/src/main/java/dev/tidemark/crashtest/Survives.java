package dev.tidemark.crashtest;

/** What an acknowledged append is promised to survive. */
public enum Survives {
    /** The end of the process, however it comes; not that of the machine. */
    END_OF_PROCESS,
    /** Loss of power, and so the end of the process, too. */
    LOSS_OF_POWER
}
