package dev.tidemark.wal.segment;

import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One segment as all threads see it: its name, its header, and once sealed its end.
 *
 * <p>After a clean close a partition opens without reading its sealed segments, so the header of such a segment is not known until
 * somebody opens the file and calls {@link #load}. {@code SegmentFiles} does that: whoever holds an {@code OpenSegment} may call
 * {@link #header()} and {@link #salt()}.
 *
 * <p>Reference counted. The partition's list holds the first reference; each cursor and slice that reads the segment holds one. While
 * one is held the file is not deleted; {@link #whenUnread} says what is to be done then.
 *
 * <p><b>Threads.</b> Any. Only the writer of the partition seals, once.
 *
 * <p><b>Ordering.</b> The header and the end are each published by one volatile store and never change after that. The writer seals the old
 * segment before it publishes the list that has the new one: whoever finds a successor in the list finds this one sealed.
 *
 * <p><b>Crash.</b> Nothing here is stored. Recovery builds it from the file.
 */
public final class Segment {

    private static final VarHandle REFERENCES = references();

    private final Path path;

    /** Where it lies, or is about to lie, since its partition was deleted. */
    private volatile @Nullable Path movedTo;

    private final SegmentName name;
    private final SparseIndex index = new SparseIndex();
    private volatile @Nullable SegmentHeader header;
    private volatile @Nullable Sealed sealed;

    /** Written by who trims, before it looks at the references; read by who gives back the last of them, afterwards: one sees the other. */
    private volatile @Nullable Runnable whenUnread;

    @SuppressWarnings("unused") // by REFERENCES
    private volatile int references = 1;

    /** A segment whose header has been read and checked, or just been written. */
    public Segment(Path path, SegmentHeader header) {
        this.path = path;
        this.name = header.name();
        this.header = header;
    }

    /** A sealed segment of which only the name is known, and the offset at which the next one begins. */
    public Segment(Path path, SegmentName name, long endOffset, long fileBytes) {
        this.path = path;
        this.name = name;
        this.sealed = new Sealed(endOffset, fileBytes, Optional.empty());
    }

    /** Where its file lies. */
    public Path path() {
        Path moved = movedTo;
        return moved == null ? path : moved;
    }

    /** Its partition is deleted, and the directory gets another name in a moment: from now on the file is looked for there first. */
    public void movesTo(Path newPath) {
        movedTo = newPath;
    }

    /** Where its file lay before its partition was deleted, if that was so: the name may be another partition's by now. */
    Optional<Path> pathBefore() {
        return movedTo == null ? Optional.empty() : Optional.of(path);
    }

    /** The file with the directory of its partition, as it stands in messages. */
    public String displayName() {
        return displayName(path);
    }

    /** The last two parts of a path, as they stand in messages: neither longer nor with where the store lies. */
    public static String displayName(Path path) {
        int parts = path.getNameCount();
        return parts <= 2 ? path.toString() : path.subpath(parts - 2, parts).toString();
    }

    public SegmentName name() {
        return name;
    }

    public long baseOffset() {
        return name.baseOffset();
    }

    public int epoch() {
        return name.epoch();
    }

    /** Where to begin looking in the file; empty until somebody adds to it or loads it. */
    public SparseIndex index() {
        return index;
    }

    public boolean isLoaded() {
        return header != null;
    }

    /** The header; {@link #isLoaded} must hold, as it does while somebody holds the open file. */
    public SegmentHeader header() {
        SegmentHeader known = header;
        if (known == null) {
            throw new IllegalStateException("segment was not opened yet: file=" + displayName());
        }
        return known;
    }

    public long segmentId() {
        return header().segmentId();
    }

    public int salt() {
        return header().salt();
    }

    /**
     * Reads and checks the header, unless it is known.
     *
     * @param file this segment's file, open
     * @param store what the header must say it was written for
     * @throws DamageException if the file is not what its name says
     * @throws UnavailableException if a newer version wrote it
     */
    public void load(DiskFile file, SegmentOwner store) throws IOException {
        if (isLoaded()) {
            return;
        }
        ByteBuffer block = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
        int bytes = file.readFully(block, 0);
        Decoded<SegmentHeader> decoded = store.check(SegmentHeader.decode(block, 0, bytes), name);
        if (decoded instanceof Decoded.Newer<SegmentHeader> newer) {
            throw new UnavailableException(
                    ErrorCode.FORMAT_NEWER,
                    "segment was written by a newer version: file=" + displayName() + " version=" + newer.version());
        }
        if (decoded instanceof Decoded.Damaged<SegmentHeader> damaged) {
            throw new DamageException(
                    ErrorCode.SEGMENT_CORRUPT,
                    damaged.reason() + ": file=" + displayName() + "; run 'wal verify', restore before reopening",
                    new Damage(
                            store.partition().toString(),
                            displayName(),
                            0,
                            baseOffset(),
                            isSealed() ? endOffset() : -1),
                    null);
        }
        header = decoded.value().orElseThrow();
    }

    public boolean isSealed() {
        return sealed != null;
    }

    /**
     * Nothing will be added. Called once, by the writer or by recovery.
     *
     * @param end where the frames end, the seal not counted
     * @param fileBytes the size of the file, with the seal
     */
    public void seal(SegmentEnd end, long fileBytes) {
        if (isSealed()) {
            throw new IllegalStateException("segment is sealed already: file=" + displayName());
        }
        sealed = new Sealed(end.endOffset(), fileBytes, Optional.of(end));
    }

    /** The same, when no more is known than the offset at which the next segment begins. */
    public Segment sealedAt(long endOffset, long fileBytes) {
        if (isSealed()) {
            throw new IllegalStateException("segment is sealed already: file=" + displayName());
        }
        sealed = new Sealed(endOffset, fileBytes, Optional.empty());
        return this;
    }

    /** The offset behind the last record of a sealed segment. */
    public long endOffset() {
        return sealed().endOffset;
    }

    /** The size of the file of a sealed segment. */
    public long fileBytes() {
        return sealed().fileBytes;
    }

    /** Where the frames of a sealed segment end, if it was sealed or checked since the store was opened. */
    public Optional<SegmentEnd> end() {
        return sealed().end;
    }

    /** Takes a reference, unless the last one is gone already. */
    public boolean tryRetain() {
        while (true) {
            int now = (int) REFERENCES.getAcquire(this);
            if (now == 0) {
                return false;
            }
            if (REFERENCES.compareAndSet(this, now, now + 1)) {
                return true;
            }
        }
    }

    /** Whether somebody besides the list of its log holds it at the moment. */
    public boolean isRead() {
        return (int) REFERENCES.getAcquire(this) > 1;
    }

    /** Whether nobody holds it any more, nor ever will. */
    public boolean isUnread() {
        return (int) REFERENCES.getAcquire(this) == 0;
    }

    /**
     * Has a task run when nobody reads this segment any more, by whoever gives back the last reference: so it may not block.
     *
     * @return false if nobody does already; then the task is not run, or is being run by the one who did so a moment ago
     */
    public boolean whenUnread(Runnable task) {
        whenUnread = task;
        // A volatile load, as release() has one: an acquire load could come before the store, and each would miss the
        // other.
        return references != 0;
    }

    /** Gives a reference back. */
    public void release() {
        int before = (int) REFERENCES.getAndAdd(this, -1);
        if (before <= 0) {
            throw new IllegalStateException("segment was released too often: file=" + displayName());
        }
        if (before == 1) {
            index.unload();
            Runnable task = whenUnread;
            if (task != null) {
                task.run();
            }
        }
    }

    @Override
    public String toString() {
        return displayName();
    }

    private Sealed sealed() {
        Sealed known = sealed;
        if (known == null) {
            throw new IllegalStateException("segment is not sealed: file=" + displayName());
        }
        return known;
    }

    private static VarHandle references() {
        try {
            return MethodHandles.lookup().findVarHandle(Segment.class, "references", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private record Sealed(long endOffset, long fileBytes, Optional<SegmentEnd> end) {}
}
