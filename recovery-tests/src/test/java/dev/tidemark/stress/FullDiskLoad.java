package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Threads that append until they have been told often enough that the disk is full. Any other error is wrong.
 *
 * <p><b>Threads.</b> Its own; reports come from those and from completions.
 */
final class FullDiskLoad {
    private static final int THREADS = 4;
    private static final int MOST_UNANSWERED = 16;
    /** Of so many appends some meet the end of the room: what a thread appends at most when there is enough. */
    private static final int MOST_APPENDS = 20_000;

    private final Wal wal;
    private final long seed;
    private final int round;
    private final Report report;

    /** Who is told what happens, before and after. */
    interface Report {
        void submits(long id);

        void acknowledged(long id, long offset, Durability reached);

        /** The append was refused, since the disk is full. */
        void refused(long id);

        /** Something else happened. */
        void wrong(Throwable failure);
    }

    FullDiskLoad(Wal wal, long seed, int round, Report report) {
        this.wal = wal;
        this.seed = seed;
        this.round = round;
        this.report = report;
    }

    static WalConfig config(Path directory) {
        return WalConfig.builder(directory)
                .segmentBytes(96 << 10)
                .reserveBytes(256 << 10)
                .build();
    }

    /** Ends when each thread was refused so often, or has appended much; everything is answered then. */
    void run(int refusalsEach) throws InterruptedException, ExecutionException {
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> threads = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                int number = thread;
                threads.add(pool.submit(() -> {
                    append(number, refusalsEach);
                    return null;
                }));
            }
            for (Future<?> thread : threads) {
                thread.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private void append(int thread, int mostRefusals) throws InterruptedException {
        Semaphore unanswered = new Semaphore(MOST_UNANSWERED);
        Semaphore refusals = new Semaphore(0);
        for (int number = 0; number < MOST_APPENDS && refusals.availablePermits() < mostRefusals; number++) {
            KillPayload payload = new KillPayload(seed, KillPayload.id(round, thread, number));
            LocalPartition partition = KillChild.partition(wal, payload.partition(KillChild.PARTITIONS));
            report.submits(payload.id());
            unanswered.acquire(2);
            append(partition, payload, unanswered, refusals);
        }
        unanswered.acquire(MOST_UNANSWERED);
    }

    private void append(LocalPartition partition, KillPayload payload, Semaphore unanswered, Semaphore refusals) {
        int left = 2;
        try {
            if (payload.call() == KillPayload.Call.STAGES) {
                Appended appended = partition.enqueue(payload.request());
                left = 0;
                // The durable stage alone tells of a refusal: both end alike.
                answer(appended.written(), payload, Durability.WRITTEN, unanswered, new Semaphore(0));
                answer(appended.durable(), payload, Durability.SYNCED, unanswered, refusals);
            } else {
                long offset = partition.append(payload.request());
                report.acknowledged(payload.id(), offset, payload.durability());
            }
        } catch (RuntimeException e) {
            failed(payload, e, refusals);
        } finally {
            unanswered.release(left);
        }
    }

    private void answer(
            CompletionStage<Long> stage,
            KillPayload payload,
            Durability reached,
            Semaphore unanswered,
            Semaphore refusals) {
        var unused = stage.whenComplete((offset, failure) -> {
            try {
                if (failure == null) {
                    report.acknowledged(payload.id(), offset, reached);
                } else {
                    failed(payload, failure instanceof CompletionException e ? e.getCause() : failure, refusals);
                }
            } finally {
                unanswered.release();
            }
        });
    }

    private void failed(KillPayload payload, Throwable failure, Semaphore refusals) {
        if (failure instanceof AppendRefusedException refused && refused.code() == ErrorCode.STORAGE_FULL) {
            report.refused(payload.id());
            refusals.release();
        } else {
            report.wrong(failure);
        }
    }
}
