package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.segment.FrameWindow;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;

/** What readers of a log throw, with one wording for each. */
final class ReadErrors {

    private static final String WHAT_TO_DO = "; run 'wal verify', restore before reopening";

    private ReadErrors() {}

    /** What is only accepted is in memory, and nobody can read it. */
    static void requireReadable(Durability visibility) {
        if (visibility == Durability.ACCEPTED) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "SYNCED or WRITTEN data can be read: visibility=" + visibility);
        }
    }

    static InvalidCallException trimmed(PartitionId partition, long offset, long start) {
        return new InvalidCallException(
                ErrorCode.OFFSET_TRIMMED,
                "offset is before the start of the log: partition=" + partition + " offset=" + offset + " first="
                        + start);
    }

    static InvalidCallException beyondEnd(PartitionId partition, long offset, long end) {
        return new InvalidCallException(
                ErrorCode.OFFSET_BEYOND_END,
                "offset is beyond the end of the log: partition=" + partition + " offset=" + offset + " end=" + end);
    }

    /** A reader stands behind an end to which the log went back since. */
    static InvalidCallException truncated(PartitionId partition, long offset, long end) {
        return new InvalidCallException(
                ErrorCode.OFFSET_TRUNCATED,
                "the log was truncated below this place since: partition=" + partition + " offset=" + offset + " end="
                        + end);
    }

    static InvalidCallException closedHandle(String what, PartitionId partition) {
        return new InvalidCallException(ErrorCode.CLOSED_HANDLE, what + " was closed: partition=" + partition);
    }

    /** The frame that was looked at last in {@code window} is not what must be there. */
    static DamageException badFrame(
            PartitionId partition, Segment segment, FrameWindow window, FrameVerdict verdict, long offset) {
        boolean isShort = verdict == FrameVerdict.END_OF_FILE
                || verdict == FrameVerdict.CUT_OFF
                || (verdict == FrameVerdict.BAD_LENGTH && window.isEndOfFileKnown());
        StringBuilder message = new StringBuilder(120)
                .append(
                        isShort
                                ? "segment ends inside readable data"
                                : verdict == FrameVerdict.ZEROS
                                        ? "zeros where a frame must be inside readable data"
                                        : "frame fails its check inside readable data")
                .append(": file=")
                .append(segment.displayName())
                .append(" at=")
                .append(window.framePosition())
                .append(" offset=")
                .append(offset);
        if (!isShort) {
            message.append(" verdict=").append(verdict);
        }
        if (verdict == FrameVerdict.BAD_HEADER_CRC || verdict == FrameVerdict.BAD_PAYLOAD_CRC) {
            message.append(
                    String.format(" crcFound=0x%08x crcComputed=0x%08x", window.crcFound(), window.crcComputed()));
        }
        long endOffset = verdict == FrameVerdict.BAD_PAYLOAD_CRC ? window.endOffset() : -1;
        return new DamageException(
                isShort ? ErrorCode.SEGMENT_TRUNCATED : ErrorCode.SEGMENT_CORRUPT,
                message.append(WHAT_TO_DO).toString(),
                new Damage(partition.toString(), segment.displayName(), window.framePosition(), offset, endOffset),
                null);
    }

    /** Losses as callers see them. */
    static List<LostRange> told(List<Loss> losses) {
        return losses.stream()
                .map(loss -> new LostRange(loss.firstOffset(), loss.endOffset(), loss.reason(), loss.atMillis()))
                .toList();
    }

    /** A hole that is on record. */
    static DamageException lost(PartitionId partition, Segment segment, long filePosition, Loss loss) {
        return new DamageException(
                ErrorCode.RECORDS_LOST,
                "records were lost here, which is on record: partition=" + partition + " file=" + segment.displayName()
                        + " at=" + filePosition + " offset=" + loss.firstOffset() + " end=" + loss.endOffset()
                        + " reason=" + loss.reason() + "; reading goes on at the end of the range",
                new Damage(
                        partition.toString(),
                        segment.displayName(),
                        filePosition,
                        loss.firstOffset(),
                        loss.endOffset()),
                null);
    }

    /** A file has become shorter than the frames that were found in it. */
    static DamageException shortFile(
            PartitionId partition, Segment segment, long filePosition, long offset, long endOffset) {
        return new DamageException(
                ErrorCode.SEGMENT_TRUNCATED,
                "segment ends inside readable data: file=" + segment.displayName() + " at=" + filePosition + " offset="
                        + offset + WHAT_TO_DO,
                new Damage(partition.toString(), segment.displayName(), filePosition, offset, endOffset),
                null);
    }

    /** A segment ends below an end that was told, and the next one begins above it. */
    static DamageException missingAfter(PartitionId partition, Segment segment, long offset) {
        return new DamageException(
                ErrorCode.SEGMENT_MISSING,
                "no segment follows: file=" + segment.displayName() + " offset=" + offset + WHAT_TO_DO,
                new Damage(partition.toString(), segment.displayName(), -1, offset, -1),
                null);
    }

    static WalException unreadable(
            PartitionId partition, Segment segment, long filePosition, long offset, IOException cause) {
        if (DiskErrors.isTooManyOpenFiles(cause)) {
            return new StorageException(
                    ErrorCode.TOO_MANY_OPEN_FILES,
                    "no file can be opened: file=" + segment.displayName() + " (" + DiskErrors.reason(cause)
                            + "); raise the limit of the process or lower openFiles",
                    cause);
        }
        if (DiskErrors.isDenied(cause)) {
            return new StorageException(
                    ErrorCode.STORAGE_FAILED,
                    "no permission to read: file=" + segment.displayName() + " at=" + filePosition + " offset=" + offset
                            + " (" + DiskErrors.reason(cause) + "); give it, and read again",
                    cause);
        }
        boolean isMissing = cause instanceof NoSuchFileException;
        return new DamageException(
                isMissing ? ErrorCode.SEGMENT_MISSING : ErrorCode.SEGMENT_UNREADABLE,
                (isMissing ? "segment is not there" : "segment cannot be read")
                        + ": file=" + segment.displayName() + " at=" + filePosition + " offset=" + offset + " ("
                        + DiskErrors.reason(cause) + ")" + WHAT_TO_DO,
                new Damage(partition.toString(), segment.displayName(), filePosition, offset, -1),
                cause);
    }
}
