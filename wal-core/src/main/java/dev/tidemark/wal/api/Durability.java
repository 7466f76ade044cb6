package dev.tidemark.wal.api;

/** What an acknowledgement promises to survive. Ordered: each constant promises all that the ones before it do. */
public enum Durability {
    /** Survives nothing: the append has its place in the order, and is in this process's memory. */
    ACCEPTED,
    /** Survives the end of this process: the operating system has the bytes. */
    WRITTEN,
    /** Survives loss of power: the bytes, and the names that lead to them, were forced to the device. */
    SYNCED
}
