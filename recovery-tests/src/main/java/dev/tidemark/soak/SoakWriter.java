package dev.tidemark.soak;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Appends in every way there is, to all partitions in turn. Nothing may be refused.
 *
 * <p><b>Threads.</b> One. Answers to asynchronous appends come in threads of the store.
 */
final class SoakWriter implements Runnable {
    private static final int MOST_UNANSWERED = 64;
    private static final int MOST_IN_A_BATCH = 16;
    /** Readers must keep up, or the disk fills: retention waits for them. */
    private static final long MOST_BEHIND = 20_000;

    private static final List<Durability> DURABILITIES = List.of(Durability.values());
    private static final long ANSWER_SECONDS = 120;

    private final SoakState state;
    private final List<LocalPartition> partitions;
    private final int writer;
    private final long seed;
    private final SplittableRandom random;
    private final Semaphore unanswered = new Semaphore(MOST_UNANSWERED);

    SoakWriter(SoakState state, List<LocalPartition> partitions, int writer, long seed) {
        this.state = state;
        this.partitions = partitions;
        this.writer = writer;
        this.seed = seed;
        this.random = new SplittableRandom(seed + writer + state.appended());
    }

    @Override
    public void run() {
        try {
            while (!state.isStopped()) {
                int partition = random.nextInt(partitions.size());
                if (state.behind(partition) > MOST_BEHIND) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
                } else {
                    append(partition);
                }
            }
            if (!unanswered.tryAcquire(MOST_UNANSWERED, ANSWER_SECONDS, TimeUnit.SECONDS)) {
                state.wrong("writer " + writer + ": appends were not answered within " + ANSWER_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            state.wrong("writer " + writer + ": " + e);
        }
    }

    private void append(int partition) throws InterruptedException {
        LocalPartition log = partitions.get(partition);
        Durability durability = DURABILITIES.get(random.nextInt(DURABILITIES.size()));
        switch (random.nextInt(6)) {
            case 0 -> log.append(next(partition), durability);
            case 1 -> log.append(ByteBuffer.wrap(next(partition)));
            case 2 -> log.append(batch(partition));
            case 3 -> later(log.appendAsync(AppendRequest.of(next(partition)).withDurability(durability)));
            case 4 -> later(log.enqueue(AppendRequest.of(batch(partition))).durable());
            default -> later(log.enqueue(next(partition)).written());
        }
    }

    private byte[] next(int partition) {
        byte[] value = new SoakPayload(writer, partition, state.written[writer][partition]++).bytes(seed);
        state.hasAppended(partition, 1, value.length);
        return value;
    }

    private List<WalRecord> batch(int partition) {
        List<WalRecord> records = new ArrayList<>();
        for (int i = 1 + random.nextInt(MOST_IN_A_BATCH); i > 0; i--) {
            records.add(WalRecord.of(next(partition)));
        }
        return records;
    }

    private void later(CompletionStage<Long> answer) throws InterruptedException {
        // The answer gives the place back, in whatever thread; it cannot be waited for here for ever.
        var unused = answer.whenComplete((offset, failure) -> {
            if (failure != null) {
                state.wrong("writer " + writer + ", asynchronously: " + failure);
            }
            unanswered.release();
        });
        if (!unanswered.tryAcquire(ANSWER_SECONDS, TimeUnit.SECONDS)) {
            state.wrong("writer " + writer + ": no append was answered within " + ANSWER_SECONDS + " s");
        }
    }
}
