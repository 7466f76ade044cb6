package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.PartitionFile;
import java.io.IOException;
import java.util.NavigableMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The named positions of a partition: in {@code PARTITION}, durable before a call returns, never above the durable end (ADR 0008).
 *
 * <p><b>Threads.</b> Any. Changes follow one another under the lock {@link LockRank#METADATA}; reading takes none.
 *
 * <p><b>Crash.</b> A change is there or not. Once there it is a proof: what lies below it was durable.
 *
 * <p><b>Failure.</b> As for every replacement of {@code PARTITION}: before the rename nothing has changed; later the partition stops.
 */
final class Checkpoints {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,200}");

    private final PartitionServices services;
    private final PartitionParts parts;
    private final Consumer<WalException> stop;

    /**
     * For one partition.
     *
     * @param stop stops the partition, when it is not known what a crash would leave
     */
    Checkpoints(PartitionServices services, PartitionParts parts, Consumer<WalException> stop) {
        this.services = services;
        this.parts = parts;
        this.stop = stop;
    }

    NavigableMap<String, Long> all() {
        return parts.metadata().current().checkpoints();
    }

    void set(String name, long offset) {
        requireName(name);
        parts.life().checkOpen();
        long end = parts.positions().durable();
        if (offset < 0) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "no such offset: partition=" + parts.id() + " offset=" + offset);
        }
        if (offset > end) {
            throw ReadErrors.beyondEnd(parts.id(), offset, end);
        }
        replace(file -> {
            // A truncation may have come between; it lowers the end in its hold of the lock under which this is run.
            long endNow = parts.positions().durable();
            if (offset > endNow) {
                throw ReadErrors.beyondEnd(parts.id(), offset, endNow);
            }
            if (!file.checkpoints().containsKey(name) && file.checkpoints().size() == PartitionFile.MAX_CHECKPOINTS) {
                throw new InvalidCallException(
                        ErrorCode.ARGUMENT_INVALID,
                        "a partition has at most " + PartitionFile.MAX_CHECKPOINTS + " checkpoints: partition="
                                + parts.id());
            }
            return file.change().checkpoint(name, offset).done();
        });
    }

    /** Removes one. False if there was none. */
    boolean remove(String name) {
        requireName(name);
        parts.life().checkOpen();
        boolean isThere = all().containsKey(name);
        if (isThere) {
            replace(file -> file.change().withoutCheckpoint(name).done());
        }
        return isThere;
    }

    private void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new InvalidCallException(
                    ErrorCode.NAME_INVALID,
                    "a checkpoint is called by 1 to 200 of [A-Za-z0-9._-]: partition=" + parts.id() + " length="
                            + name.length());
        }
    }

    private void replace(UnaryOperator<PartitionFile> change) {
        try {
            parts.metadata().replace(change);
        } catch (IOException e) {
            throw parts.metadata().failed("checkpoint was not changed", parts.id(), services.room(), stop, e);
        }
    }
}
