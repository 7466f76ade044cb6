package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.SimulatedDisk;
import java.util.Optional;
import java.util.concurrent.CompletionException;

/**
 * Uses one partition and notes in the {@link History} what it was promised, and when.
 *
 * <p><b>Threads.</b> Any.
 *
 * <p><b>Ordering.</b> A submission is noted with the time <em>before</em> the call, a promise with the time <em>after</em> it was
 * made. With several threads both may be off, and then only to the side of asking less.
 */
final class Client {
    private final SimulatedDisk disk;
    private final LocalPartition partition;
    private final History.Log log;

    Client(SimulatedDisk disk, LocalPartition partition, History.Log log) {
        this.disk = disk;
        this.partition = partition;
        this.log = log;
    }

    LocalPartition partition() {
        return partition;
    }

    History.Log log() {
        return log;
    }

    private long now() {
        return disk.operationCount();
    }

    /** Waits for the outcome. */
    void append(AppendRequest request) {
        Submission submission = log.submitted(request, now());
        long next = partition.ends().logEnd();
        try {
            submission.tookOffset(partition.append(request));
            log.promise(now(), submission.endOffset(), request.durability(Durability.SYNCED));
        } catch (WalException e) {
            failed(submission, e);
            if (submission.offset() == Submission.NO_OFFSET) {
                // Refused, without a word about where it would have been; until the cut was forced it may be there.
                submission.tookOffset(next);
            }
        }
    }

    /** Does not wait, but for room. */
    void enqueue(AppendRequest request) {
        Submission submission = log.submitted(request, now());
        try {
            follow(submission, partition.enqueue(request));
        } catch (WalException e) {
            failed(submission, e);
        }
    }

    /** Does not wait at all. */
    void tryEnqueue(AppendRequest request) {
        Submission submission = log.submitted(request, now());
        try {
            Optional<Appended> accepted = partition.tryEnqueue(request);
            if (accepted.isPresent()) {
                follow(submission, accepted.get());
            } else {
                submission.refused(submission.submittedAt() - 1);
            }
        } catch (WalException e) {
            failed(submission, e);
        }
    }

    private void follow(Submission submission, Appended appended) {
        submission.tookOffset(appended.offset());
        appended.written().whenComplete((offset, failure) -> settled(submission, failure, Durability.WRITTEN));
        appended.durable().whenComplete((offset, failure) -> settled(submission, failure, Durability.SYNCED));
    }

    private void settled(Submission submission, Throwable failure, Durability reached) {
        if (failure == null) {
            log.promise(now(), submission.endOffset(), reached);
        } else {
            failed(submission, failure instanceof CompletionException wrapped ? wrapped.getCause() : failure);
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

    void sync() {
        try {
            long end = partition.sync();
            log.promise(now(), end, Durability.SYNCED);
        } catch (WalException e) {
            // A partition that has failed makes no promise.
            return;
        }
    }

    void rotate() {
        try {
            partition.rotate();
        } catch (WalException e) {
            // Likewise.
            return;
        }
    }

    Cursor reader() {
        return partition.read(From.start());
    }

    /** Reads on to the durable end. What it saw must have been submitted, and must never vanish. */
    void follow(Cursor reader) {
        while (reader.next()) {
            saw(reader);
        }
    }

    /** Notes the entry on which the cursor stands. */
    void saw(Cursor reader) {
        long end = reader.offset() + reader.count();
        log.promise(now(), end, Durability.SYNCED);
    }
}
