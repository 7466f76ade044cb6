package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.segment.Segment;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Ends a recovery: the partition is not opened, for this row of the table and this reason. Never leaves the package. */
final class Refusal extends Exception {

    private static final String ADVICE = "; run 'wal verify', restore before reopening";

    private final RecoveryCase row;
    private final WalException failure;

    private Refusal(RecoveryCase row, WalException failure) {
        super(failure.getMessage(), failure, false, false);
        this.row = row;
        this.failure = failure;
    }

    /** The row of the table. */
    RecoveryCase row() {
        return row;
    }

    /** What a caller is told. */
    WalException failure() {
        return failure;
    }

    /** Whether a repair may be tried: not where a newer version has written, nor where the disk did not give the bytes, which may be readable yet. */
    boolean isMendable() {
        return row != RecoveryCase.R7 && failure instanceof DamageException;
    }

    /** Whether a file was shorter or gone when it was to be read. Beside a live writer it is what that writer has made of it since. */
    boolean isOfChangedFile() {
        return saysChanged(failure.getCause());
    }

    /** Whether an error says that a file was shorter or gone when it was to be read. */
    static boolean saysChanged(@Nullable Throwable error) {
        return error instanceof EOFException || error instanceof NoSuchFileException;
    }

    /**
     * Damage to a file.
     *
     * @param what what is wrong
     * @param detail further {@code name=value} pairs, or nothing
     * @param filePosition the first byte concerned, or -1 where the whole file is
     * @param firstOffset the first offset concerned, or -1 where it is not known
     * @param endOffset the offset after the last one concerned, or -1
     */
    static Refusal damage(
            RecoveryCase row,
            ErrorCode code,
            String partition,
            Path file,
            String what,
            String detail,
            long filePosition,
            long firstOffset,
            long endOffset) {
        String name = Segment.displayName(file);
        StringBuilder message = new StringBuilder(what).append(": file=").append(name);
        append(message, "at", filePosition);
        append(message, "offset", firstOffset);
        append(message, "end", endOffset);
        if (!detail.isEmpty()) {
            message.append(' ').append(detail);
        }
        message.append(" case=").append(row).append(ADVICE);
        return new Refusal(
                row,
                new DamageException(
                        code,
                        message.toString(),
                        new Damage(partition, name, filePosition, firstOffset, endOffset),
                        null));
    }

    /** A file of a newer version, which was left as it is. */
    static Refusal newer(RecoveryCase row, Path file, int version) {
        return new Refusal(
                row,
                new UnavailableException(
                        ErrorCode.FORMAT_NEWER,
                        "file was written by a newer version: file=" + Segment.displayName(file) + " version=" + version
                                + "; open it with that version"));
    }

    /** R7: a file could not be read. */
    static Refusal unreadable(String partition, Path file, IOException cause) {
        String name = file.endsWith(partition) ? partition : Segment.displayName(file);
        if (DiskErrors.isTooManyOpenFiles(cause)) {
            return new Refusal(
                    RecoveryCase.R7,
                    new StorageException(
                            ErrorCode.TOO_MANY_OPEN_FILES, "too many open files: file=" + name + reason(cause), cause));
        }
        if (DiskErrors.isDenied(cause)) {
            return new Refusal(
                    RecoveryCase.R7,
                    new StorageException(
                            ErrorCode.STORAGE_FAILED,
                            "no permission to read: file=" + name + " case=R7" + reason(cause)
                                    + "; give it, and reopen",
                            cause));
        }
        return new Refusal(
                RecoveryCase.R7,
                new DamageException(
                        ErrorCode.SEGMENT_UNREADABLE,
                        "file could not be read: file=" + name + " case=R7" + reason(cause) + ADVICE,
                        new Damage(partition, name, -1, -1, -1),
                        cause));
    }

    /** R7: a step of recovery failed. What was to be cut, if anything, is still there or was kept aside. */
    static Refusal notWritten(Path directory, String step, IOException cause) {
        ErrorCode code = DiskErrors.isFull(cause)
                ? ErrorCode.STORAGE_FULL
                : DiskErrors.isTooManyOpenFiles(cause) ? ErrorCode.TOO_MANY_OPEN_FILES : ErrorCode.STORAGE_FAILED;
        return new Refusal(
                RecoveryCase.R7,
                new StorageException(
                        code,
                        "recovery could not " + step + ": partition=" + directory.getFileName() + " ("
                                + DiskErrors.said(cause) + ")" + "; reopen to recover again",
                        cause));
    }

    /** R8: the partition's own file is missing or bad. */
    static Refusal metadata(String partition, Path directory, String what) {
        return damage(
                RecoveryCase.R8,
                ErrorCode.METADATA_CORRUPT,
                partition,
                directory.resolve(Names.PARTITION),
                what,
                "",
                -1,
                -1,
                -1);
    }

    private static String reason(IOException cause) {
        return " (" + DiskErrors.reason(cause) + ")";
    }

    private static void append(StringBuilder message, String name, long value) {
        if (value >= 0) {
            message.append(' ').append(name).append('=').append(value);
        }
    }
}
