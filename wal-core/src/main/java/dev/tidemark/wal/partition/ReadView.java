package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.segment.IndexLoader;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentFiles;
import dev.tidemark.wal.segment.SegmentOwner;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import java.util.Optional;

/**
 * What cursors and slices need to know about the log they read: one that this process writes, or one that another process does.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> Whoever moves the log makes it readable first and tells it last: the segments, their ends and indexes, then {@link
 * #visibleEnd}. A reader goes the other way: it loads the end, then the list of segments, then bytes. So below the end that it has
 * loaded it finds everything, in the list that it loads afterwards. In particular a segment that is not the last one any more was sealed
 * before its successor came into the list, and before the end went beyond it. When the start moves up, {@link #start} is told first and the
 * list shortened afterwards: whoever does not find a segment in the list can load a start that explains it.
 */
interface ReadView {

    PartitionId id();

    /** To whom the segments must belong. */
    SegmentOwner owner();

    /** The first offset that can still be read. An acquire load. */
    long start();

    /** Where reading ends at this visibility, {@link Durability#SYNCED} or {@link Durability#WRITTEN}. An acquire load. */
    long visibleEnd(Durability visibility);

    /** The segments at present. An acquire load; whoever wants to use one retains it, and loads the list again if that fails. */
    SegmentList segments();

    /** How often the end went back, of which it tells before anything else shows it. */
    default Truncations truncations() {
        return Truncations.NONE;
    }

    /** Why nothing can be read any more: closed or deleted. */
    Optional<WalException> readFailure();

    /** What is on record as lost, by first offset. */
    default List<Loss> recordedLosses() {
        return List.of();
    }

    SegmentFiles files();

    IndexLoader indexes();

    /** Where read-ahead comes from; what is taken is given back. */
    ByteBufAllocator memory();

    Clock clock();

    /** Looks whether the log has grown, where nobody tells: in a store that another process writes. Cheap, and may do nothing. */
    default void look() {}

    /** Looks whether the start has moved up, where nobody tells: see {@link #look}. */
    default void lookAtStart() {}

    /**
     * Looks whether what seems damaged was truncated or deleted, where nobody tells: see {@link #look}.
     *
     * @throws WalException if it was
     */
    default void lookWhetherChanged() {}

    /**
     * Waits until the record at {@code offset} is visible. False when the time is up, or the log is closed or truncated meanwhile.
     *
     * @throws WalException if the log was closed, has failed or was deleted before: nothing more will come
     * @throws InterruptedException when the thread is interrupted before or while it waits
     */
    boolean awaitVisible(long offset, Durability visibility, long waitNanos) throws InterruptedException;

    /**
     * The segment that holds {@code offset} or, at the end of the log, the last one; retained.
     *
     * @param offset not above an end that the caller has loaded
     */
    default Segment pin(long offset) {
        while (true) {
            SegmentList now = segments();
            if (offset < now.first().baseOffset() || offset < start()) {
                throw ReadErrors.trimmed(id(), offset, start());
            }
            Segment found = now.floor(offset);
            if (found.tryRetain()) {
                return found;
            }
            // The list gave its reference back after it was replaced, so the one that is loaded next is another one; or
            // the log was closed.
            Optional<WalException> failure = readFailure();
            if (failure.isPresent()) {
                throw failure.get();
            }
        }
    }
}
