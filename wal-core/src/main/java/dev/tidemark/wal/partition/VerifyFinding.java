package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.RecoveryCase;
import java.util.Optional;

/**
 * Something that {@code verify} has to say about one place.
 *
 * @param severity how bad it is
 * @param row the row of the recovery table that opening would meet, if it says anything there
 * @param partition the partition's name, or empty for the store itself
 * @param file relative to the store
 * @param filePosition the first byte concerned, or -1 where the whole file is
 * @param firstOffset the first offset concerned, or -1 where it is not known or none is
 * @param endOffset the offset after the last one concerned, or -1
 * @param message what it is, for people, with everything above in it
 */
public record VerifyFinding(
        Severity severity,
        Optional<RecoveryCase> row,
        String partition,
        String file,
        long filePosition,
        long firstOffset,
        long endOffset,
        String message) {

    /** How bad it is; the worst first. */
    public enum Severity {
        /** Data that were acknowledged, or what is needed to find them, are damaged or gone. */
        DAMAGE,
        /** Something could not be read: nothing can be said about it. */
        UNREADABLE,
        /** A newer version wrote it. */
        NEWER,
        /** A torn tail, or damage to it, which no single log can tell apart. Opening cuts it and keeps it aside. */
        UNDECIDED,
        /** Nothing is wrong with the data. */
        NOTE
    }
}
