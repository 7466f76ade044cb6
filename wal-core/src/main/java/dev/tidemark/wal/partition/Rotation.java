package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.format.SegmentSummary;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.segment.OpenSegment;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentTotals;
import dev.tidemark.wal.segment.TotalsCounter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Seals the active segment and goes on in a new one, step after step ({@link RotationStep}).
 *
 * <p><b>Threads.</b> {@link #advance} runs with both rights, after everything in the old segment was forced. {@link #prepare}
 * runs on a flusher beside everything else.
 *
 * <p><b>Crash.</b> Before the rename: a temporary file, which recovery deletes, and the old segment as it was. After it: a
 * verified successor that says where the old segment ends, and recovery finishes the steps (R6).
 *
 * <p><b>Failure.</b> Before the rename the new file is given up and the old segment stays in use. From the rename on a full disk or
 * the want of a descriptor leaves the step to be repeated, by the next append; any other error stops the partition.
 */
final class Rotation {
    /** So much of a new segment is zeros from the beginning, when it was prepared ahead. */
    private static final int PREPARED_ZEROS_BYTES = 64 << 10;

    /**
     * How an attempt ended.
     *
     * @param next the new segment, or null where the attempt has to be repeated
     * @param isOldClosed whether nothing may be written to the old segment any more
     * @param cause why it has to be repeated
     */
    record Outcome(
            @Nullable ActiveSegment next,
            boolean isOldClosed,
            @Nullable IOException cause) {}

    /** A file under a temporary name, complete but for its header. */
    private record Prepared(long segmentId, Path path, long fileBytes) {}

    private final PartitionServices services;
    private final PartitionParts parts;
    private final Environment environment;
    private final Disk disk;
    private final Path directory;
    private final AtomicReference<@Nullable Prepared> prepared = new AtomicReference<>();
    /** Taken by who prepares, and for good by who must not be disturbed by that any more. */
    private final Semaphore preparing = new Semaphore(1);

    private @Nullable Segment successor;
    private long successorBytes;
    private RotationStep done = RotationStep.OLD_FORCED;

    Rotation(PartitionServices services, PartitionParts parts) {
        this.services = services;
        this.parts = parts;
        this.environment = services.environment();
        this.disk = environment.disk();
        this.directory = parts.directory();
    }

    /**
     * Goes as far as it can.
     *
     * @param old the segment in use; all of it is forced
     * @throws IOException when an error leaves unknown what is on the disk
     */
    Outcome advance(ActiveSegment old) throws IOException {
        // Zeros written behind a seal would hide it: recovery looks for it at the end of the file.
        old.prefill.stop();
        SegmentEnd end = old.end();
        if (done == RotationStep.OLD_FORCED) {
            try {
                // A new segment is a change, too, and may be the first one after a clean close.
                parts.metadata().withdrawCleanStamp();
                makeSuccessor(end, lastTimestampMillis(old));
                done = RotationStep.HEADER_FORCED;
            } catch (IOException e) {
                if (parts.metadata().isOutcomeUnknown()) {
                    throw e;
                }
                discard(e);
                old.prefill.restart();
                return new Outcome(null, false, e);
            }
        }
        Segment next = named();
        try {
            advanceFromRename(old, end, next);
        } catch (IOException e) {
            if (DiskErrors.isPassing(e) && isRepeatable(e)) {
                return new Outcome(null, true, e);
            }
            if (DiskErrors.isFull(e) && isStillUnnamed(next)) {
                done = RotationStep.OLD_FORCED;
                discard(e);
                old.prefill.restart();
                return new Outcome(null, false, e);
            }
            throw e;
        }
        return new Outcome(swap(old, end, next), false, null);
    }

    /** What only writes, aside or behind the end, may be done again; a rename and a force may not, unless the disk was not even asked. */
    private boolean isRepeatable(IOException e) {
        return done == RotationStep.NAMED_ACTIVE
                || (done == RotationStep.RENAMED && DiskErrors.isTooManyOpenFiles(e))
                || (done == RotationStep.NAME_FORCED && !parts.metadata().isOutcomeUnknown());
    }

    /** Whether the successor has its name and is not in use: there is only forward. With both rights. */
    boolean isHalfDone() {
        return done == RotationStep.RENAMED || done == RotationStep.NAME_FORCED || done == RotationStep.NAMED_ACTIVE;
    }

    /**
     * Whether the rename has not taken place, by what the directory says. A journaled file system may want blocks for it, and refuses it
     * before it has begun when there are none.
     */
    private boolean isStillUnnamed(Segment next) throws IOException {
        return done == RotationStep.HEADER_FORCED
                && disk.exists(directory.resolve(Names.nextSegment(next.segmentId())))
                && !disk.exists(next.path());
    }

    /** The newest timestamp up to the end of this segment. */
    static long lastTimestampMillis(ActiveSegment segment) {
        return Math.max(
                segment.segment.header().firstTimestampMillis(),
                segment.totals.totals().maxTimestampMillis());
    }

    private Segment named() {
        Segment named = successor;
        if (named == null) {
            throw new IllegalStateException("no successor was made: step=" + done);
        }
        return named;
    }

    private void makeSuccessor(SegmentEnd end, long lastTimestampMillis) throws IOException {
        Prepared space = prepared.getAndSet(null);
        long segmentId = space == null ? newSegmentId() : space.segmentId;
        int epoch = parts.metadata().current().lastEpoch() + 1;
        SegmentHeader header = new SegmentHeader(
                services.storeId(),
                parts.metadata().current().partitionId(),
                segmentId,
                new SegmentName(end.endOffset(), epoch),
                Optional.of(end),
                environment.clock().millis(),
                lastTimestampMillis);
        Path temporary = directory.resolve(Names.nextSegment(segmentId));
        ByteBuffer block = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
        header.encodeTo(block, 0);
        try (DiskFile file = space == null ? disk.create(temporary) : disk.open(temporary, Disk.Access.READ_WRITE)) {
            successorBytes = space == null ? SegmentHeader.BYTES : space.fileBytes;
            successor = new Segment(directory.resolve(header.name().segmentFile()), header);
            file.writeFully(block, 0);
            file.force(true);
        }
    }

    private long newSegmentId() {
        long id = environment.random().nextLong();
        return id == 0 ? 1 : id;
    }

    /** The old segment goes on; what was made of a new one is removed, or by the next opening. */
    private void discard(IOException cause) {
        Segment given = successor;
        successor = null;
        if (given == null) {
            return;
        }
        try {
            disk.delete(directory.resolve(Names.nextSegment(given.segmentId())));
        } catch (NoSuchFileException e) {
            // It was not created in the first place.
            return;
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private void advanceFromRename(ActiveSegment old, SegmentEnd end, Segment next) throws IOException {
        if (done == RotationStep.HEADER_FORCED) {
            Path temporary = directory.resolve(Names.nextSegment(next.segmentId()));
            services.room().withReserve(() -> {
                disk.rename(temporary, next.path());
                return next;
            });
            done = RotationStep.RENAMED;
        }
        if (done == RotationStep.RENAMED) {
            // Before PARTITION names it. A PARTITION that names a file whose own name was lost would read as a loss
            // (R5).
            disk.forceDirectory(directory);
            done = RotationStep.NAME_FORCED;
        }
        if (done == RotationStep.NAME_FORCED) {
            parts.metadata()
                    .replaceForWork(file -> file.change()
                            .active(new SegmentRef(next.name(), next.segmentId()))
                            .provenEnd(end.endOffset())
                            .notClosed(end.segmentId())
                            .done());
            done = RotationStep.NAMED_ACTIVE;
        }
        if (done == RotationStep.NAMED_ACTIVE) {
            seal(old, end);
        }
    }

    private void seal(ActiveSegment old, SegmentEnd end) throws IOException {
        ByteBuffer frame = sealFrame(old, end);
        long fileBytes = end.endPosition() + frame.limit();
        OpenSegment file = old.enter();
        try {
            services.room().withReserve(() -> {
                file.file().writeFully(frame.clear(), end.endPosition());
                file.file().truncate(fileBytes);
                return end;
            });
            done = RotationStep.SEAL_WRITTEN;
            file.file().force(false);
        } finally {
            old.leave();
        }
        old.segment.seal(end, fileBytes);
        done = RotationStep.OLD_SEALED;
    }

    private ByteBuffer sealFrame(ActiveSegment old, SegmentEnd end) {
        SegmentTotals totals = old.totals.totals();
        long timestampMillis = lastTimestampMillis(old);
        List<ProducerState> producers = parts.producers().at(end.endOffset(), timestampMillis);
        byte[] payload = new SealPayload(summary(end.endOffset(), totals), producers).encode();
        return controlFrame(FrameKind.SEAL, payload, old.segment.salt(), end, timestampMillis);
    }

    /** The totals in the form in which the format stores them. */
    static SegmentSummary summary(long endOffset, SegmentTotals totals) {
        return new SegmentSummary(
                endOffset,
                totals.frames(),
                totals.records(),
                totals.payloadBytes(),
                totals.minTimestampMillis(),
                totals.maxTimestampMillis(),
                totals.runningChecksum());
    }

    /** A whole frame without offsets, to be written at {@code end}, below which everything is durable. */
    static ByteBuffer controlFrame(FrameKind kind, byte[] payload, int salt, SegmentEnd end, long timestampMillis) {
        ByteBuffer frame = ByteBuffer.allocateDirect(FrameCodec.frameBytes(payload.length, 0));
        CRC32C scratch = new CRC32C();
        frame.put(FrameCodec.HEADER_BYTES, payload);
        FrameCodec.putHeader(
                frame,
                0,
                payload.length,
                end.endOffset(),
                FrameCodec.stamp(timestampMillis, kind, FrameCodec.NO_EXTENSION),
                0,
                FrameCodec.crcOf(frame, FrameCodec.HEADER_BYTES, payload.length, scratch));
        FrameCodec.finish(frame, 0, salt, end.endPosition(), end.endOffset(), scratch);
        return frame;
    }

    private ActiveSegment swap(ActiveSegment old, SegmentEnd end, Segment next) {
        next.index().keepEvery(services.config().indexIntervalBytes());
        ActiveSegment active = new ActiveSegment(
                next,
                new TotalsCounter(SegmentTotals.none(next.segmentId())),
                parts.files(),
                services.lock(LockRank.SEGMENT_FILE),
                new Prefill(services, successorBytes, old.prefill.averageRoundBytes()),
                SegmentHeader.BYTES,
                end.endOffset());
        // The old segment was sealed above, and only then may a reader find the new one in the list.
        parts.segmentAdded().accept(next);
        services.events()
                .sealed(parts.id(), old.segment.name().segmentFile(), old.segment.baseOffset(), end.endOffset());
        successor = null;
        done = RotationStep.OLD_FORCED;
        return active;
    }

    // ---------------------------------------------------------------- ahead of time

    /** Makes a file of zeros for the next segment, so that the rotation itself is short. A failure means only that it is not. */
    void prepare() {
        if (!preparing.tryAcquire()) {
            return;
        }
        try {
            prepareOne();
        } finally {
            preparing.release();
        }
    }

    /** Nothing is prepared any more. False when that is still under way at the deadline. */
    boolean stopPreparing(long deadlineNanos) throws InterruptedException {
        return preparing.tryAcquire(
                Math.max(0, deadlineNanos - environment.clock().nanos()), TimeUnit.NANOSECONDS);
    }

    private void prepareOne() {
        if (prepared.get() != null) {
            return;
        }
        long segmentId = newSegmentId();
        Path temporary = directory.resolve(Names.nextSegment(segmentId));
        int bytes = (int) Math.min(PREPARED_ZEROS_BYTES, services.config().segmentBytes());
        try (DiskFile file = disk.create(temporary)) {
            file.writeFully(ByteBuffer.allocateDirect(bytes), 0);
            file.force(true);
        } catch (IOException e) {
            services.meters().prefillFailed();
            remove(temporary);
            return;
        }
        if (!prepared.compareAndSet(null, new Prepared(segmentId, temporary, bytes))) {
            remove(temporary);
        }
    }

    /** Removes what was prepared and not used. What cannot be removed now is removed by the next opening. */
    void close() {
        Prepared unused = prepared.getAndSet(null);
        if (unused != null) {
            remove(unused.path);
        }
    }

    private void remove(Path temporary) {
        try {
            disk.delete(temporary);
        } catch (IOException e) {
            services.events().warning("prepared space could not be removed: file=" + Segment.displayName(temporary));
        }
    }
}
