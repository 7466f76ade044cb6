package dev.tidemark.fault;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import java.util.List;

/**
 * What a caller may be told when a call on the disk has failed: the table in {@code docs/testing-faults.md}. Nothing else may leave a public
 * call.
 *
 * @param type of the exception
 * @param when which faults lead to it
 */
record Told(Call call, Class<? extends WalException> type, ErrorCode code, When when) {

    /** What was called. */
    enum Call {
        /** Opening a store. */
        OPEN,
        /** Asking for a partition, which makes it if there is none, or tells why it could not be recovered. */
        PARTITION,
        /** Appending, until the append is accepted, and for who waits until it is acknowledged. */
        APPEND,
        /** What a stage or future of an append ends with. */
        STAGE,
        SYNC,
        ROTATE,
        TRIM,
        CHECKPOINT,
        DELETE,
        TRUNCATE,
        /** Cursors and slices. */
        READ,
        /** {@code whenReadable}. */
        WAIT,
        CLOSE
    }

    /** Which faults. */
    enum When {
        ANY_FAULT,
        /** Any but a disk that has merely no room. */
        NOT_MERELY_FULL,
        DISK_FULL,
        TOO_MANY_FILES;

        boolean fits(Way way) {
            switch (this) {
                case NOT_MERELY_FULL:
                    return way != Way.DISK_IS_FULL;
                case DISK_FULL:
                    return way.isFull();
                case TOO_MANY_FILES:
                    return way == Way.EMFILE;
                default:
                    return true;
            }
        }
    }

    private static Told told(Call call, Class<? extends WalException> type, ErrorCode code, When when) {
        return new Told(call, type, code, when);
    }

    static final List<Told> TABLE = List.of(
            told(Call.OPEN, StorageException.class, ErrorCode.STORAGE_FAILED, When.NOT_MERELY_FULL),
            told(Call.OPEN, StorageException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.OPEN, StorageException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.PARTITION, StorageException.class, ErrorCode.STORAGE_FAILED, When.NOT_MERELY_FULL),
            told(Call.PARTITION, StorageException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.PARTITION, StorageException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.PARTITION, DamageException.class, ErrorCode.SEGMENT_UNREADABLE, When.NOT_MERELY_FULL),
            told(Call.APPEND, AppendRefusedException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.APPEND, AppendRefusedException.class, ErrorCode.STORAGE_REFUSED, When.NOT_MERELY_FULL),
            told(Call.APPEND, AppendRefusedException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.APPEND, AppendRefusedException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.APPEND, OutcomeUnknownException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.APPEND, UnavailableException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.STAGE, AppendRefusedException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.STAGE, AppendRefusedException.class, ErrorCode.STORAGE_REFUSED, When.NOT_MERELY_FULL),
            told(Call.STAGE, AppendRefusedException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.STAGE, AppendRefusedException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.STAGE, OutcomeUnknownException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.SYNC, AppendRefusedException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.SYNC, AppendRefusedException.class, ErrorCode.STORAGE_REFUSED, When.NOT_MERELY_FULL),
            told(Call.SYNC, AppendRefusedException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.SYNC, AppendRefusedException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.SYNC, OutcomeUnknownException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.SYNC, UnavailableException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.ROTATE, AppendRefusedException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.ROTATE, AppendRefusedException.class, ErrorCode.STORAGE_REFUSED, When.NOT_MERELY_FULL),
            told(Call.ROTATE, AppendRefusedException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.ROTATE, AppendRefusedException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.ROTATE, OutcomeUnknownException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.ROTATE, UnavailableException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.TRIM, StorageException.class, ErrorCode.STORAGE_FAILED, When.NOT_MERELY_FULL),
            told(Call.TRIM, StorageException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.TRIM, StorageException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.TRIM, StorageException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.TRIM, UnavailableException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.CHECKPOINT, StorageException.class, ErrorCode.STORAGE_FAILED, When.NOT_MERELY_FULL),
            told(Call.CHECKPOINT, StorageException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.CHECKPOINT, StorageException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.CHECKPOINT, StorageException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.CHECKPOINT, UnavailableException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.DELETE, StorageException.class, ErrorCode.STORAGE_FAILED, When.NOT_MERELY_FULL),
            told(Call.DELETE, StorageException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.DELETE, StorageException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.TRUNCATE, StorageException.class, ErrorCode.STORAGE_FAILED, When.NOT_MERELY_FULL),
            told(Call.TRUNCATE, StorageException.class, ErrorCode.STORAGE_FULL, When.DISK_FULL),
            told(Call.TRUNCATE, StorageException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.TRUNCATE, StorageException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.TRUNCATE, DamageException.class, ErrorCode.SEGMENT_UNREADABLE, When.NOT_MERELY_FULL),
            told(Call.TRUNCATE, UnavailableException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.READ, DamageException.class, ErrorCode.SEGMENT_UNREADABLE, When.NOT_MERELY_FULL),
            told(Call.READ, StorageException.class, ErrorCode.TOO_MANY_OPEN_FILES, When.TOO_MANY_FILES),
            told(Call.WAIT, UnavailableException.class, ErrorCode.PARTITION_CLOSED, When.ANY_FAULT),
            told(Call.WAIT, StorageException.class, ErrorCode.PARTITION_FAILED, When.NOT_MERELY_FULL),
            told(Call.CLOSE, StorageException.class, ErrorCode.STORAGE_FAILED, When.NOT_MERELY_FULL));

    /** Whether the table has it. */
    static boolean allows(Call call, WalException error, Way way) {
        return TABLE.stream()
                .anyMatch(row -> row.call == call
                        && row.type.isInstance(error)
                        && row.code == error.code()
                        && row.when.fits(way));
    }
}
