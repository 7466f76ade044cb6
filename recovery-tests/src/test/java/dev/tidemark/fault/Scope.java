package dev.tidemark.fault;

/** Which calls go wrong, counted from the n-th. */
enum Scope {
    /** That one. */
    ONCE,
    /** That one and all later ones of its kind. */
    FROM_THEN_ON,
    /** The same, but only where the files of one partition are concerned. */
    IN_ONE_PARTITION
}
