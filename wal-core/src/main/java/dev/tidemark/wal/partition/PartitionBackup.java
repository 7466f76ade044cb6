package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentScan;
import dev.tidemark.wal.segment.SegmentTotals;
import dev.tidemark.wal.segment.TotalsCounter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Copies partitions into the directory of a backup, one after the other, and reads each copy back (ADR 0010, step 2).
 *
 * <p><b>Threads.</b> Confined to the one that backs up. It holds no lock while it reads or writes.
 *
 * <p><b>Crash.</b> What is in the target counts for nothing before {@code STORE} is there, which is written last and by somebody else. The source is
 * only read.
 */
public final class PartitionBackup {

    /** Beside the writer of another process files may change while they are copied; after so many attempts it is told what was met. */
    private static final int MAX_LOOKS = 10;

    private final PartitionServices services;
    private final Disk source;
    private final Disk target;
    private final Path store;
    private final LongConsumer progress;
    private final ByteBuffer window = ByteBuffer.allocateDirect(SegmentScan.WINDOW_BYTES);

    /** Tells what a partition is at the moment of the call. */
    @FunctionalInterface
    interface Moment {
        BackupSource take();
    }

    /**
     * For one store.
     *
     * @param target where the copy is written to, and read back from
     * @param store the directory of the copy
     * @param progress is told how many more bytes were copied
     */
    public PartitionBackup(PartitionServices services, Disk target, Path store, LongConsumer progress) {
        this.services = services;
        this.source = services.environment().disk();
        this.target = target;
        this.store = store;
        this.progress = progress;
    }

    /** A buffer that is not used while a partition is being looked at. */
    ByteBuffer window() {
        return window;
    }

    /** Copies one partition and reads the copy back. */
    BackupReport.PartitionBackup copy(PartitionId id, Moment moment) throws IOException {
        Path directory = store.resolve(Names.partitionDirectory(id));
        target.createDirectory(directory);
        String metBefore = "";
        for (int looks = 1; ; looks++) {
            try (BackupSource now = moment.take()) {
                BackupReport.PartitionBackup copied = copied(now, directory);
                requireGood(now, directory);
                return copied;
            } catch (IOException e) {
                if (looks == MAX_LOOKS || !Refusal.saysChanged(e)) {
                    throw e;
                }
            } catch (DamageException e) {
                // In a store of this process only a truncation changes anything below the durable end. Damage is there
                // the next time, too, at the same place.
                String met = String.valueOf(e.getMessage());
                if (looks == MAX_LOOKS || met.equals(metBefore)) {
                    throw e;
                }
                metBefore = met;
            }
            clear(directory);
        }
    }

    private void clear(Path directory) throws IOException {
        for (DiskEntry entry : target.list(directory)) {
            target.delete(directory.resolve(entry.name()));
        }
    }

    // ---------------------------------------------------------------- copying

    private BackupReport.PartitionBackup copied(BackupSource now, Path directory) throws IOException {
        SegmentEnd end = endOf(now);
        long bytes = 0;
        for (Segment segment : now.segments()) {
            boolean isNewest = segment == now.newest();
            bytes += copyFile(segment, directory, isNewest ? end.endPosition() : Long.MAX_VALUE);
        }
        write(directory.resolve(Names.PARTITION), metadata(now, end).encode());
        target.forceDirectory(directory);
        return new BackupReport.PartitionBackup(
                now.id().toString(), now.start(), now.end(), now.segments().size(), bytes);
    }

    /** Where the copy of the newest segment ends. All its frames are read: the running checksum is that of all of them. */
    private SegmentEnd endOf(BackupSource now) throws IOException {
        Segment newest = now.newest();
        SegmentHeader header = newest.header();
        TotalsCounter counter = new TotalsCounter(SegmentTotals.none(header.segmentId()));
        long position = SegmentHeader.BYTES;
        long offset = newest.baseOffset();
        try (DiskFile file = source.open(newest.path(), Disk.Access.READ)) {
            SegmentScan scan = new SegmentScan(file, header.salt(), window, Long.MAX_VALUE);
            while (offset < now.end()) {
                if (!scan.check(position, offset).isValid() || scan.frame().endOffset() > now.end()) {
                    throw damaged(now, newest, position, offset);
                }
                counter.add(
                        scan.frame().count(),
                        scan.frame().payloadLength(),
                        scan.frame().timestampMillis(),
                        scan.frame().headerCrc());
                position = scan.frame().endPosition();
                offset = scan.frame().endOffset();
            }
        }
        return new SegmentEnd(
                header.segmentId(),
                header.name(),
                offset,
                position,
                counter.totals().runningChecksum());
    }

    private static DamageException damaged(BackupSource now, Segment segment, long position, long offset) {
        return new DamageException(
                ErrorCode.SEGMENT_CORRUPT,
                "frame fails its check inside what was to be backed up: file=" + segment.displayName() + " at="
                        + position + " offset=" + offset + "; run 'wal verify'",
                new Damage(now.id().toString(), segment.displayName(), position, offset, -1),
                null);
    }

    private long copyFile(Segment segment, Path directory, long limit) throws IOException {
        Path to = directory.resolve(segment.name().segmentFile());
        try (DiskFile from = source.open(segment.path(), Disk.Access.READ);
                DiskFile copy = target.create(to)) {
            long bytes = Math.min(from.size(), limit);
            for (long at = 0; at < bytes; at += window.capacity()) {
                long next = Math.min(bytes, at + window.capacity());
                FileCopy.copy(from, at, next, copy, at, window);
                progress.accept(next - at);
            }
            copy.force(false);
            return bytes;
        }
    }

    /** What the copy says of itself: closed where it ends, so that no segment id ever stands for two histories. */
    private static PartitionFile metadata(BackupSource now, SegmentEnd end) {
        Segment newest = now.newest();
        PartitionFile.Change change = now.metadata()
                .change()
                .start(now.start(), now.segments().get(0).name())
                .active(new SegmentRef(newest.name(), newest.segmentId()))
                .provenEnd(now.end())
                .checkpointsAtMost(now.end())
                .lossesAtMost(now.end())
                .withoutCleanStamp()
                .closed(end);
        for (Intent intent : now.metadata().intents()) {
            change.withoutIntent(intent);
        }
        return change.done();
    }

    private void write(Path path, byte[] bytes) throws IOException {
        try (DiskFile file = target.create(path)) {
            file.writeFully(ByteBuffer.wrap(bytes), 0);
            file.force(false);
        }
    }

    // ---------------------------------------------------------------- reading back

    private void requireGood(BackupSource now, Path directory) {
        RecoveryContext context = new RecoveryContext(
                services.storeId(),
                services.environment().withDisk(target),
                services.room(),
                () -> services.lock(LockRank.METADATA),
                true,
                services.config().indexIntervalBytes());
        VerifiedPartition verified = new PartitionVerifier(context, now.id(), directory, window, unused -> {}).verify();
        Optional<VerifyFinding> worst = verified.findings().stream()
                .filter(finding -> finding.severity() != Severity.NOTE)
                .findFirst();
        if (worst.isPresent()) {
            throw notGood(now, worst.get());
        }
        if (verified.start() != now.start() || verified.end() != now.end()) {
            throw new DamageException(
                    ErrorCode.SEGMENT_CORRUPT,
                    "copy does not hold what was copied: partition=" + now.id() + " start=" + verified.start() + " end="
                            + verified.end() + " wantedStart=" + now.start() + " wantedEnd=" + now.end(),
                    new Damage(now.id().toString(), now.id().toString(), -1, now.start(), now.end()),
                    null);
        }
    }

    private static DamageException notGood(BackupSource now, VerifyFinding finding) {
        return new DamageException(
                finding.severity() == Severity.UNREADABLE ? ErrorCode.SEGMENT_UNREADABLE : ErrorCode.SEGMENT_CORRUPT,
                "what was copied does not verify, the backup is not finished: partition=" + now.id() + " ("
                        + finding.message() + "); run 'wal verify' on the store to see whether it is the store",
                new Damage(
                        now.id().toString(),
                        finding.file(),
                        finding.filePosition(),
                        finding.firstOffset(),
                        finding.endOffset()),
                null);
    }
}
