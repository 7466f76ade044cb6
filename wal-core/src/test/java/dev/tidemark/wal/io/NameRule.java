package dev.tidemark.wal.io;

/** When a simulated disk makes names durable. */
public enum NameRule {
    /**
     * Changes of names and truncations go to one journal in their order, and any force of anything commits what is in it,
     * as on ext4 and XFS. A crash leaves a beginning of that order.
     */
    ANY_FORCE,
    /**
     * Only forcing a directory makes its names durable, which is all POSIX promises. Otherwise each change may have
     * happened or not, apart from the order of changes to the same name or file.
     */
    DIRECTORY_FORCE
}
