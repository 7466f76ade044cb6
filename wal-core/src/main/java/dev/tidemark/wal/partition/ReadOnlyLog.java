package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ThreadRules;
import dev.tidemark.wal.segment.FrameWindow;
import dev.tidemark.wal.segment.IndexLoader;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentFiles;
import dev.tidemark.wal.segment.SegmentOwner;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A log that another process may be writing, read without its lock and without changing anything. It finds out what was added by looking at the files, at
 * most every {@value #LOOK_MILLIS} ms while somebody waits, and not at all while nobody does.
 *
 * <p>What lies below a proof is what {@code SYNCED} readers see: a later frame, or a later segment, that says it was durable. {@code WRITTEN} readers see
 * all good frames; those above the proof are unproven, and a crash of the writer may still take them away.
 *
 * <p><b>Threads.</b> Any. One at a time looks; the others go by what it has published.
 *
 * <p><b>Ordering.</b> Whoever looks publishes the segments, then the end, then the proven end. The right to look is taken and given back by an atomic
 * flag, so what one has found out is seen by the next.
 *
 * <p><b>Crash.</b> Changes nothing. When the writer took back a refused write, or has crashed and was recovered, unproven frames may be gone: once
 * that is noticed, this log is at its end and has to be opened again.
 */
final class ReadOnlyLog implements ReadView {

    private static final Logger LOG = LoggerFactory.getLogger(ReadOnlyLog.class);

    static final long LOOK_MILLIS = 20;

    static final long LIST_MILLIS = 1_000;

    private static final int READ_BYTES = 256 << 10;

    private final PartitionId id;
    private final Path directory;
    private final SegmentOwner owner;
    private final Environment environment;
    private final SegmentFiles files;
    private final IndexLoader indexes;
    private final ByteBufAllocator memory;

    /** As it was found; what is there now is read anew. */
    private final PartitionMetadata metadata;

    private volatile SegmentList segments;
    private volatile long start;
    private volatile long end;
    private volatile long provenEnd;
    private volatile @Nullable WalException failure;

    private final AtomicBoolean isClosed = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicBoolean looking = new AtomicBoolean();

    // Written by whoever looks.
    private volatile long position;
    private volatile long lookedNanos;
    private volatile long listedNanos;
    /** Where a frame began or begins of which all before is proven. */
    private volatile long surePosition;

    private volatile long sureOffset;

    /**
     * From what recovery found, which in a read-only store has changed nothing.
     *
     * @param files of a read-only store
     * @param memory where buffers come from
     * @param indexIntervalBytes how much log lies between two entries of an index that is made anew
     * @param recovered its segments' first references are taken over
     */
    ReadOnlyLog(
            Environment environment,
            SegmentFiles files,
            ByteBufAllocator memory,
            int indexIntervalBytes,
            RecoveredLog recovered) {
        this.environment = environment;
        this.files = files;
        this.memory = memory;
        id = recovered.id();
        directory = recovered.directory();
        owner = recovered.owner();
        start = recovered.start();
        metadata = recovered.metadata();
        indexes = new IndexLoader(environment.disk(), files, memory, indexIntervalBytes, true);
        segments = SegmentList.of(recovered.segments());
        position = recovered.active().end().endPosition();
        lookedNanos = environment.clock().nanos();
        listedNanos = lookedNanos;
        end = recovered.end();
        provenEnd = recovered.provenEnd();
        boolean isProven = provenEnd == end;
        surePosition = isProven ? position : SegmentHeader.BYTES;
        sureOffset = isProven ? end : segments.last().baseOffset();
    }

    // ---------------------------------------------------------------- looking

    /** Looks, unless somebody did so just now. */
    @Override
    public void look() {
        long sinceNanos = environment.clock().nanos() - lookedNanos;
        if (sinceNanos >= TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS)) {
            lookNow();
        }
    }

    /** Looks whether the files hold more good frames than before, unless another thread does. */
    void lookNow() {
        ThreadRules.assertMayBlock();
        if (failure != null || !looking.compareAndSet(false, true)) {
            return;
        }
        try (FrameWindow window = new FrameWindow(files, memory, READ_BYTES)) {
            long before = position;
            boolean isSealed = readOn(window, segments.last());
            boolean isStuck = position == before && !isSealed && isTimeToList();
            boolean isNextFound = (isSealed || isStuck) && goOn();
            if (isStuck && !isNextFound && !isStillThere(window)) {
                throw changed();
            }
            while (isNextFound) {
                isNextFound = readOn(window, segments.last()) && goOn();
            }
        } catch (IOException e) {
            throw ReadErrors.unreadable(id, segments.last(), position, end, e);
        } finally {
            lookedNanos = environment.clock().nanos();
            looking.set(false);
        }
    }

    /** Reads {@code PARTITION} anew. What cannot be read now leaves the start where it was known to be. */
    @Override
    public void lookAtStart() {
        try {
            PartitionMetadata.read(environment.disk(), directory)
                    .value()
                    .filter(now -> now.partitionId() == owner.partitionId() && now.startOffset() > start)
                    .ifPresent(now -> start = now.startOffset());
        } catch (IOException e) {
            // The error that made the reader ask is the one to be told.
            LOG.debug("start was not read again: partition={}", id, e);
        }
    }

    /** Goes over new frames of the newest segment; true if a seal follows them. */
    private boolean readOn(FrameWindow window, Segment newest) throws IOException {
        window.enter(newest, owner);
        long nextOffset = end;
        long proven = provenEnd;
        boolean isSealed = false;
        // A frame that is not good may be one that is being written: it is looked at again the next time.
        while (!isSealed
                && window.header(position, nextOffset).isValid()
                && window.payload().isValid()) {
            isSealed = window.kind() == FrameKind.SEAL;
            if (!isSealed) {
                proven = Math.max(proven, window.synced());
                nextOffset = window.endOffset();
                position = window.nextPosition();
            }
        }
        end = nextOffset;
        provenEnd = Math.min(proven, nextOffset);
        if (provenEnd == nextOffset) {
            surePosition = position;
            sureOffset = nextOffset;
        }
        return isSealed;
    }

    /** Whether what is not proven still leads to where this log has come: a refused write takes back what it wrote, and a recovery cuts. */
    private boolean isStillThere(FrameWindow window) throws IOException {
        window.forget();
        long at = surePosition;
        long offset = sureOffset;
        while (at < position
                && window.header(at, offset).isValid()
                && window.payload().isValid()) {
            at = window.nextPosition();
            offset = window.endOffset();
        }
        return at == position && offset == end;
    }

    /**
     * A seal is nearly always seen. But what was seen here above the last proof may have been cut away: then nothing ever follows, but in a newer
     * segment, or after other frames in this one.
     */
    private boolean isTimeToList() {
        return environment.clock().nanos() - listedNanos >= TimeUnit.MILLISECONDS.toNanos(LIST_MILLIS);
    }

    /** Goes over to the successor of the newest segment, if there is one and all before it was read. */
    private boolean goOn() throws IOException {
        Segment newest = segments.last();
        listedNanos = environment.clock().nanos();
        NavigableMap<SegmentName, Long> listed =
                PartitionListing.read(environment.disk(), directory).segments();
        SegmentName name = listed.higherKey(newest.name());
        if (name == null) {
            return false;
        }
        Segment next = new Segment(directory.resolve(name.segmentFile()), headerOf(name));
        SegmentEnd before = next.header()
                .predecessor()
                .filter(said -> said.segmentId() == newest.segmentId())
                .orElseThrow(this::changed);
        if (before.endPosition() > position) {
            return false;
        }
        if (before.endPosition() < position || before.endOffset() != end) {
            throw changed();
        }
        newest.seal(before, listed.getOrDefault(newest.name(), position));
        segments = segments.plus(next);
        position = SegmentHeader.BYTES;
        provenEnd = Math.max(provenEnd, next.baseOffset());
        surePosition = position;
        sureOffset = next.baseOffset();
        return true;
    }

    private UnavailableException changed() {
        UnavailableException changed = new UnavailableException(
                ErrorCode.PARTITION_CLOSED,
                "log was changed by a recovery or a truncation while it was read: partition=" + id + " end=" + end
                        + "; open it again");
        failure = changed;
        return changed;
    }

    /** Another process truncates and deletes without asking who reads. */
    @Override
    public void lookWhetherChanged() {
        try {
            Optional<PartitionFile> now =
                    PartitionMetadata.read(environment.disk(), directory).value();
            boolean isGone = now.isEmpty() && !environment.disk().exists(directory);
            if (isGone
                    || now.filter(file -> file.partitionId() != owner.partitionId())
                            .isPresent()) {
                throw deleted();
            }
            if (now.isPresent() && isCutBack(now.get())) {
                throw changed();
            }
        } catch (IOException e) {
            // The error that made the reader ask is the one to be told.
            LOG.debug("partition was not looked at again: partition={}", id, e);
        }
    }

    private UnavailableException deleted() {
        UnavailableException deleted = new UnavailableException(
                ErrorCode.PARTITION_DELETED,
                "partition was deleted: partition=" + id + "; a new one of this name is another partition");
        failure = deleted;
        return deleted;
    }

    /** Whether the segments that this log has come over are no longer those of the log. */
    private boolean isCutBack(PartitionFile now) throws IOException {
        long known = end;
        if (now.intents().stream()
                .anyMatch(intent -> intent instanceof Intent.Truncate truncate && truncate.endOffset() < known)) {
            return true;
        }
        List<Segment> mine = segments.asList();
        NavigableMap<SegmentName, Long> listed =
                PartitionListing.read(environment.disk(), directory).segments();
        for (int i = 0; i < mine.size(); i++) {
            SegmentName name = mine.get(i).name();
            boolean isNewest = i == mine.size() - 1;
            long endHere = isNewest ? known : mine.get(i + 1).baseOffset();
            SegmentName next = listed.higherKey(name);
            boolean isSuccessorAnother = isNewest
                    ? next != null && next.baseOffset() < endHere
                    : !mine.get(i + 1).name().equals(next);
            boolean isCut = now.closedByRecovery().stream()
                    .anyMatch(closed -> closed.name().equals(name) && closed.endOffset() < endHere);
            if (name.epoch() >= now.startSegment().epoch()
                    && (isCut || isSuccessorAnother || !listed.containsKey(name))) {
                return true;
            }
        }
        return false;
    }

    private SegmentHeader headerOf(SegmentName name) throws IOException {
        Path path = directory.resolve(name.segmentFile());
        ByteBuffer block = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
        int bytes;
        try (DiskFile file = environment.disk().open(path, Disk.Access.READ)) {
            bytes = file.readFully(block, 0);
        }
        Decoded<SegmentHeader> decoded = owner.check(SegmentHeader.decode(block, 0, bytes), name);
        if (decoded instanceof Decoded.Newer<SegmentHeader> newer) {
            throw new UnavailableException(
                    ErrorCode.FORMAT_NEWER,
                    "segment was written by a newer version: file=" + Segment.displayName(path) + " version="
                            + newer.version());
        }
        return decoded.value()
                .orElseThrow(() -> new DamageException(
                        ErrorCode.SEGMENT_CORRUPT,
                        ((Decoded.Damaged<SegmentHeader>) decoded).reason() + ": file=" + Segment.displayName(path),
                        new Damage(id.toString(), Segment.displayName(path), 0, name.baseOffset(), -1),
                        null));
    }

    @Override
    public boolean awaitVisible(long offset, Durability visibility, long waitNanos) throws InterruptedException {
        ThreadRules.assertMayBlock();
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        WalException reason = failure;
        if (reason != null) {
            throw reason;
        }
        long left = waitNanos;
        while (visibleEnd(visibility) <= offset) {
            long stepNanos = Math.min(left, TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
            if (left <= 0 || closed.await(stepNanos, TimeUnit.NANOSECONDS)) {
                return false;
            }
            left -= stepNanos;
            lookNow();
        }
        return true;
    }

    /** Lets go of the segments; readers are told. Closing twice does nothing. */
    void close(WalException reason) {
        if (!isClosed.compareAndSet(false, true)) {
            return;
        }
        failure = reason;
        closed.countDown();
        SegmentList held = segments;
        held.asList().forEach(files::forget);
        held.asList().forEach(Segment::release);
    }

    // ---------------------------------------------------------------- what is known

    Ends ends() {
        long proven = provenEnd;
        long written = end;
        return new Ends(start, proven, proven, written, written);
    }

    /** The checkpoints in {@code PARTITION}, read anew. */
    NavigableMap<String, Long> checkpoints() {
        ThreadRules.assertMayBlock();
        Decoded<PartitionFile> decoded;
        try {
            decoded = PartitionMetadata.read(environment.disk(), directory);
        } catch (IOException e) {
            throw new StorageException(
                    ErrorCode.STORAGE_FAILED,
                    "PARTITION cannot be read: partition=" + id + " (" + DiskErrors.said(e) + ")",
                    e);
        }
        return decoded.value()
                .orElseThrow(
                        () -> Refusal.metadata(id.toString(), directory, "file is not as it was when it was opened")
                                .failure())
                .checkpoints();
    }

    /** Where the frames of the newest segment end, as far as is known. */
    long usedBytes() {
        return position;
    }

    /** The size of a segment's file, as the directory tells it now; nothing when it cannot be told. */
    OptionalLong fileBytes(Segment segment) {
        try {
            return environment.disk().list(directory).stream()
                    .filter(entry -> entry.name().equals(segment.name().segmentFile()))
                    .mapToLong(DiskEntry::sizeBytes)
                    .findFirst();
        } catch (IOException e) {
            // The writer may be deleting the partition. Who reads from it is told; a size is only shown to people.
            return OptionalLong.empty();
        }
    }

    @Override
    public PartitionId id() {
        return id;
    }

    @Override
    public SegmentOwner owner() {
        return owner;
    }

    @Override
    public long start() {
        return start;
    }

    @Override
    public long visibleEnd(Durability visibility) {
        return visibility == Durability.WRITTEN ? end : provenEnd;
    }

    @Override
    public SegmentList segments() {
        return segments;
    }

    @Override
    public Optional<WalException> readFailure() {
        return Optional.ofNullable(failure);
    }

    /** As they were when it was opened: only who opens a store for itself adds one. */
    @Override
    public List<Loss> recordedLosses() {
        return metadata.current().losses();
    }

    @Override
    public SegmentFiles files() {
        return files;
    }

    @Override
    public IndexLoader indexes() {
        return indexes;
    }

    @Override
    public ByteBufAllocator memory() {
        return memory;
    }

    @Override
    public Clock clock() {
        return environment.clock();
    }
}
