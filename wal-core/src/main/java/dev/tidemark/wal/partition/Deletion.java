package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes a partition away for good (ADR 0009): intent, rename, parent forced, then the files, each segment as soon as nobody reads it. Begun again after
 * a failure it goes on with the step that failed.
 *
 * <p><b>Threads.</b> One at a time, which the store's table of partitions sees to; the files of segments that were read are deleted by a flusher, under
 * a lock of rank {@link LockRank#TRIM}.
 *
 * <p><b>Ordering.</b> Nothing touches a path in the directory any more when it is renamed; and the segments know where they will lie before they lie
 * there, so whoever opens one finds it at one of two places.
 *
 * <p><b>Crash.</b> Before the intent is durable the partition is as it was. Afterwards recovery renames and removes (R6).
 *
 * <p><b>Failure.</b> Before the intent nothing has changed. Later the partition is deleted for everybody, its name is taken until the deletion has
 * come to its end, and a failed force of the parent is final.
 */
public final class Deletion {

    /** What is deleted: an open partition, or what a refused one has left in its directory. */
    interface Doomed {
        /** Records it durably, and ends the partition's life. Throws where nothing has changed. */
        void decide(Intent.Delete intent);

        /**
         * From now on nobody touches a path in the directory.
         *
         * @throws WalException when that was not so by the deadline
         */
        void quieten(long deadlineNanos);

        /** The segments that somebody may read, each with a reference that is the caller's now. Called once. */
        List<Segment> segments();
    }

    private final PartitionServices services;
    private final PartitionId id;
    private final Path directory;
    private final Path doomedDirectory;
    private final Intent.Delete intent;
    private final Doomed doomed;
    private final Disk disk;
    private final RankedLock lock;

    private boolean isDecided;
    private boolean isRenamed;
    private boolean isReleased;
    private @Nullable StorageException forceFailed;

    /** Under the lock. */
    private final List<Segment> left = new ArrayList<>();

    Deletion(PartitionServices services, PartitionId id, Path directory, Doomed doomed) {
        this.services = services;
        this.id = id;
        this.directory = directory;
        this.doomed = doomed;
        intent = new Intent.Delete(services.environment().random().nextLong());
        doomedDirectory = directory.resolveSibling(Names.deleteDirectory(intent.deleteId()));
        disk = services.environment().disk();
        lock = services.lock(LockRank.TRIM);
    }

    /** Whether there is no way back: the partition is deleted, if perhaps not to the end. */
    public boolean isDecided() {
        return isDecided;
    }

    /**
     * Deletes. When it returns the name is free.
     *
     * @param deadlineNanos until when to wait for what is under way, by the environment's clock
     * @throws WalException nothing has changed; or, where {@link #isDecided}, it has to be run again
     */
    public void run(long deadlineNanos) {
        if (forceFailed != null) {
            throw forceFailed;
        }
        if (!isDecided) {
            doomed.decide(intent);
            isDecided = true;
        }
        doomed.quieten(deadlineNanos);
        List<Segment> segments = takeSegments();
        rename();
        forceParent();
        if (!isReleased) {
            // Once, also where what follows fails and all of this is run again.
            isReleased = true;
            services.events().deleted(id, release(segments));
        }
        removeUnread();
    }

    private List<Segment> takeSegments() {
        List<Segment> taken = doomed.segments();
        lock.lockForWork();
        try {
            for (Segment segment : taken) {
                // Before the rename: between the two somebody may open it.
                segment.movesTo(doomedDirectory.resolve(segment.name().segmentFile()));
                left.add(segment);
            }
            return List.copyOf(left);
        } finally {
            lock.unlock();
        }
    }

    private void rename() {
        if (isRenamed) {
            return;
        }
        try {
            // An earlier attempt may have been told of a failure and have done it all the same.
            if (disk.exists(directory) || !disk.exists(doomedDirectory)) {
                // A journaled file system may want blocks for it.
                services.room().withReserve(() -> {
                    disk.rename(directory, doomedDirectory);
                    return id;
                });
            }
            isRenamed = true;
        } catch (IOException e) {
            throw unfinished("its directory could not be renamed", "; delete it again, or open the store again", e);
        }
    }

    /** Without it a loss of power could bring the name back, and with it one of two partitions. */
    private void forceParent() {
        try {
            disk.forceDirectory(PartitionCreator.parentOf(directory));
        } catch (IOException e) {
            StorageException failure = unfinished(
                    "the directory of the store could not be forced",
                    DiskErrors.isTooManyOpenFiles(e) ? "; delete it again" : "; open the store again",
                    e);
            if (!DiskErrors.isTooManyOpenFiles(e)) {
                // The disk was asked, and is not asked again: it may have forgotten what it should have made durable.
                forceFailed = failure;
            }
            throw failure;
        }
    }

    private StorageException unfinished(String what, String remedy, IOException cause) {
        ErrorCode code = ErrorCode.STORAGE_FAILED;
        if (DiskErrors.isFull(cause)) {
            services.room().full(cause);
            code = ErrorCode.STORAGE_FULL;
        } else if (DiskErrors.isTooManyOpenFiles(cause)) {
            code = ErrorCode.TOO_MANY_OPEN_FILES;
        }
        return new StorageException(
                code,
                "partition is deleted, and " + what + ": partition=" + id + " (" + DiskErrors.said(cause) + ")"
                        + remedy,
                cause);
    }

    // ---------------------------------------------------------------- the files

    private int release(List<Segment> segments) {
        int stillRead = 0;
        for (Segment segment : segments) {
            services.files().forget(segment);
            segment.release();
            stillRead += segment.isUnread() || !segment.whenUnread(this::handOver) ? 0 : 1;
        }
        return stillRead;
    }

    /** By whoever gave back the last reference of a segment. */
    private void handOver() {
        services.flushers().submit(this::removeUnread);
    }

    private void removeUnread() {
        lock.lockForWork();
        try {
            for (Iterator<Segment> all = left.iterator(); all.hasNext(); ) {
                Segment segment = all.next();
                if (segment.isUnread()) {
                    // Somebody may have opened it since.
                    services.files().forget(segment);
                    all.remove();
                    disk.delete(segment.path());
                }
            }
            if (left.isEmpty() && disk.exists(doomedDirectory)) {
                DoomedDirectory.remove(disk, doomedDirectory).ifPresent(services.events()::warning);
            }
        } catch (IOException e) {
            services.events()
                    .warning("files of a deleted partition could not be removed, the next opening does: partition=" + id
                            + " directory=" + doomedDirectory.getFileName() + " (" + DiskErrors.said(e) + ")");
        } finally {
            lock.unlock();
        }
    }
}
