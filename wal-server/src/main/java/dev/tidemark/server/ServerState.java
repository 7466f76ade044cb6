package dev.tidemark.server;

/** Where a server is in its life. Only forward. */
public enum ServerState {
    /** Listens, and recovers its store. */
    STARTING,
    /** Serves. */
    SERVING,
    /** Takes nothing new, and answers what it has. */
    STOPPING,
    /** Everything is closed. */
    STOPPED,
    /** The store could not be opened; only closing is left. */
    FAILED
}
