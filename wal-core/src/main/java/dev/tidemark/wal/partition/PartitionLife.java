package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import java.util.Optional;

/**
 * Where one partition is in its life, as its parts ask for it; see {@link Life}.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> Intake looks at it under the partition lock; whoever changes it passes through that lock afterwards, before
 * it counts what was accepted. So nothing is accepted unseen.
 */
final class PartitionLife {
    private final PartitionId id;
    private final Life life = new Life();

    PartitionLife(PartitionId id) {
        this.id = id;
        life.open();
    }

    LifeState state() {
        return life.state();
    }

    /** The first failure, if there was one; it stays when what failed is closed. */
    Optional<WalException> failure() {
        return life.failure();
    }

    boolean isOpen() {
        return life.isOpen();
    }

    /** Whether it has stopped because of an error. */
    boolean hasFailed() {
        return life.failure().isPresent();
    }

    /** Passes if the partition takes appends; else says why not. */
    void checkOpen() {
        if (life.isOpen()) {
            return;
        }
        checkNotDeleted();
        WalException cause = life.failure().orElse(null);
        if (cause != null) {
            throw new UnavailableException(
                    cause.code(),
                    "partition has stopped and takes nothing until it is reopened: partition=" + id + "; first cause: "
                            + cause.getMessage(),
                    cause);
        }
        throw closed();
    }

    /** Passes unless the partition was deleted. */
    void checkNotDeleted() {
        if (isDeleted()) {
            throw deleted();
        }
    }

    /** Whether it was deleted. It stays so, whatever comes. */
    boolean isDeleted() {
        return life.failure()
                .filter(cause -> cause.code() == ErrorCode.PARTITION_DELETED)
                .isPresent();
    }

    /** What is said to those who come after a deletion. */
    UnavailableException deleted() {
        return new UnavailableException(
                ErrorCode.PARTITION_DELETED,
                "partition was deleted: partition=" + id + "; a new one of this name is another partition");
    }

    /** Ends it because it is deleted; false if it was closed before. */
    boolean delete() {
        return life.end(deleted());
    }

    /** What is said to those who come after a close. */
    UnavailableException closed() {
        return new UnavailableException(
                ErrorCode.PARTITION_CLOSED, "partition is closed: partition=" + id + " state=" + life.state());
    }

    /** From open to draining; only the caller that is told so has to close. */
    boolean drain() {
        return life.drain();
    }

    /** From draining or failed to closed. */
    boolean close() {
        return life.closed();
    }

    /** Stops for good; false if it had stopped before, so that the first cause stays. */
    boolean fail(WalException cause) {
        return life.fail(cause);
    }
}
