package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.Truncation;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.SimulatedDisk;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Uses one partition and notes in the {@link History} what it was promised, and when.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> A submission is noted with the time <em>before</em> the call, a promise with the time <em>after</em> it was
 * made. With several threads both may be off, and then only to the side of asking less.
 */
public final class Client {
    private final SimulatedDisk disk;
    private final LocalPartition partition;
    private final History.Log log;
    private final BiConsumer<Call, WalException> errors;
    private final AtomicInteger stagesUnderWay = new AtomicInteger();
    private volatile @Nullable Throwable foreignOutcome;

    /** Where an error was seen. */
    public enum Call {
        /** A call that appends. */
        APPEND,
        /** A stage of an append that had been accepted. */
        STAGE,
        SYNC,
        ROTATE,
        TRIM,
        CHECKPOINT,
        DELETE,
        TRUNCATE
    }

    /** For who does not look at errors. */
    public Client(SimulatedDisk disk, LocalPartition partition, History.Log log) {
        this(disk, partition, log, (call, error) -> {});
    }

    /** Errors go to {@code errors} as well, as the caller sees them. */
    public Client(
            SimulatedDisk disk, LocalPartition partition, History.Log log, BiConsumer<Call, WalException> errors) {
        this.disk = disk;
        this.partition = partition;
        this.log = log;
        this.errors = errors;
    }

    public LocalPartition partition() {
        return partition;
    }

    public History.Log log() {
        return log;
    }

    private long now() {
        return disk.operationCount();
    }

    /** Waits for the outcome. */
    public Submission append(AppendRequest request) {
        Submission submission = log.submitted(request, now());
        long next = partition.ends().logEnd();
        try {
            submission.tookOffset(partition.append(request));
            log.acknowledged(now(), submission, request.durability(Durability.SYNCED));
        } catch (WalException e) {
            errors.accept(Call.APPEND, e);
            failed(submission, e);
            if (submission.offset() == Submission.NO_OFFSET) {
                // Refused, without a word about where it would have been; until the cut was forced it may be there.
                submission.tookOffset(next);
            }
        }
        return submission;
    }

    /** Does not wait, but for room. */
    public Submission enqueue(AppendRequest request) {
        Submission submission = log.submitted(request, now());
        try {
            follow(submission, partition.enqueue(request));
        } catch (WalException e) {
            errors.accept(Call.APPEND, e);
            failed(submission, e);
        }
        return submission;
    }

    /** Does not wait at all. */
    public Submission tryEnqueue(AppendRequest request) {
        Submission submission = log.submitted(request, now());
        try {
            Optional<Appended> accepted = partition.tryEnqueue(request);
            if (accepted.isPresent()) {
                follow(submission, accepted.get());
            } else {
                submission.refused(submission.submittedAt() - 1);
            }
        } catch (WalException e) {
            errors.accept(Call.APPEND, e);
            failed(submission, e);
        }
        return submission;
    }

    private void follow(Submission submission, Appended appended) {
        submission.tookOffset(appended.offset());
        stagesUnderWay.addAndGet(2);
        appended.written().whenComplete((offset, failure) -> settled(submission, failure, Durability.WRITTEN));
        appended.durable().whenComplete((offset, failure) -> settled(submission, failure, Durability.SYNCED));
    }

    /** Stages that the log has not completed. */
    public int stagesUnderWay() {
        return stagesUnderWay.get();
    }

    /** With what an append ended that is none of the log's own errors; nothing is known that should lead to this. */
    public Optional<Throwable> foreignOutcome() {
        return Optional.ofNullable(foreignOutcome);
    }

    private void settled(Submission submission, Throwable failure, Durability reached) {
        stagesUnderWay.decrementAndGet();
        if (failure == null) {
            log.acknowledged(now(), submission, reached);
        } else {
            Throwable cause = failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
            if (cause instanceof WalException told) {
                errors.accept(Call.STAGE, told);
            } else {
                // What is thrown from here nobody would hear.
                foreignOutcome = cause;
            }
            failed(submission, cause);
        }
    }

    private void failed(Submission submission, Throwable failure) {
        if (failure instanceof AppendRefusedException) {
            submission.refused(now());
        } else if (failure instanceof OutcomeUnknownException unknown) {
            submission.tookOffset(unknown.offset());
        } else if (!(failure instanceof WalException)) {
            throw new AssertionError("an append ended with what no append may end with: " + failure, failure);
        }
    }

    public void sync() {
        int truncationsOver = log.truncationsOver();
        try {
            long end = partition.sync();
            log.synced(now(), end, truncationsOver);
        } catch (WalException e) {
            // A partition that has failed makes no promise.
            errors.accept(Call.SYNC, e);
        }
    }

    public void rotate() {
        try {
            partition.rotate();
        } catch (WalException e) {
            // Likewise.
            errors.accept(Call.ROTATE, e);
        }
    }

    /** Gives up what lies below. */
    public void trimTo(long offset) {
        log.trimming(now(), offset);
        try {
            long start = partition.trimTo(offset);
            log.trimmed(now(), start);
        } catch (WalException e) {
            // It begins there or not.
            errors.accept(Call.TRIM, e);
        }
    }

    /** Has the log end there, with all that may be readable; does nothing where it cannot. */
    public void truncateAfter(long end) {
        log.truncating(now(), end);
        try {
            partition.truncateAfter(end, Truncation.ALSO_OF_WHAT_IS_READABLE);
            log.truncated(now());
        } catch (WalException e) {
            if (e.code() != ErrorCode.PARTITION_FAILED) {
                log.notTruncated();
            }
            if (e.code() != ErrorCode.ARGUMENT_INVALID) {
                // In the middle of a batch no log can end.
                errors.accept(Call.TRUNCATE, e);
            }
        }
    }

    /** Deletes the partition; true if that came to its end, so that the name is free. */
    public boolean delete(Engine engine) {
        log.deleting(now());
        try {
            engine.delete(partition.id());
            return true;
        } catch (WalException e) {
            errors.accept(Call.DELETE, e);
            if (!isDeleted()) {
                log.notDeleted();
            }
            return false;
        }
    }

    /** Whether it is gone for everybody who uses it, also where its files are not. */
    public boolean isDeleted() {
        return partition
                .describe()
                .failure()
                .filter(failure -> failure.code() == ErrorCode.PARTITION_DELETED)
                .isPresent();
    }

    /** Nothing comes through this any more, and least of all into another partition of the same name. */
    public void requireDeleted() {
        require(() -> partition.checkpoint("nowhere", 0));
        require(() -> partition.append(new byte[10]));
    }

    private void require(Runnable call) {
        try {
            call.run();
        } catch (WalException e) {
            if (e.code() == ErrorCode.PARTITION_DELETED) {
                return;
            }
            throw new Oracle.Violation("a deleted partition says something else: " + e.getMessage(), e);
        }
        throw new Oracle.Violation("a deleted partition has taken a change: " + partition.id());
    }

    public void checkpoint(String name, long offset) {
        try {
            partition.checkpoint(name, offset);
        } catch (WalException e) {
            errors.accept(Call.CHECKPOINT, e);
        }
    }

    public Cursor reader() {
        return partition.read(From.start());
    }

    /** Reads on to the durable end. What it saw must have been submitted, and must never vanish. */
    public void follow(Cursor reader) {
        int truncationsOver = log.truncationsOver();
        while (reader.next()) {
            log.seen(now(), reader, truncationsOver);
            truncationsOver = log.truncationsOver();
        }
    }

    /** Reads the next entry, if there is one within the time, as {@link #follow}. */
    void read(Cursor reader, Duration patience) {
        int truncationsOver = log.truncationsOver();
        if (reader.next(patience)) {
            log.seen(now(), reader, truncationsOver);
        }
    }
}
