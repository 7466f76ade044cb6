package dev.tidemark.examples.broker;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One consumer of a group. It reads each of its partitions from the group's checkpoint on; {@link #commit} moves the checkpoints to behind what {@link #poll}
 * has returned. After a crash the group goes on from its last commit: a message may come twice, and none is left out.
 *
 * <p><b>Threads.</b> One. It does not need a thread for each partition: it waits for whichever gets something first.
 *
 * <p><b>Crash.</b> A commit is durable when it has returned, for each partition by itself.
 */
public final class Consumer implements AutoCloseable {
    private final String topic;
    private final String group;
    private final List<Reader> readers = new ArrayList<>();
    private int turn;

    Consumer(String topic, String group) {
        this.topic = topic;
        this.group = group;
    }

    /** One partition, and how far this consumer is in it. */
    private static final class Reader {
        final LocalPartition partition;
        final Cursor cursor;
        long committed;
        CompletableFuture<Long> arrival = CompletableFuture.completedFuture(0L);

        Reader(LocalPartition partition, long from) {
            this.partition = partition;
            this.cursor = partition.read(From.offset(from));
            this.committed = from;
        }

        /** Completes when there is something to read. Asked for once, and kept until it has come. */
        CompletableFuture<Long> arrival() {
            if (arrival.isDone()) {
                arrival = partition.whenReadable(cursor.nextOffset());
            }
            return arrival;
        }
    }

    void add(LocalPartition partition) {
        Long checkpoint = partition.checkpoints().get(group);
        long start = partition.ends().start();
        if (checkpoint == null) {
            // A new group says at once where it is: what it has yet to read must not be trimmed away.
            partition.checkpoint(group, start);
        }
        readers.add(new Reader(partition, checkpoint == null ? start : Math.max(start, checkpoint)));
    }

    /**
     * The next message of any of its partitions, in turn; empty if none comes in this time.
     *
     * @throws dev.tidemark.wal.api.WalException if a partition is damaged, or the broker is closed
     */
    public Optional<Message> poll(Duration patience) throws InterruptedException {
        long until = System.nanoTime() + patience.toNanos();
        while (true) {
            for (int i = 0; i < readers.size(); i++) {
                Reader reader = readers.get(turn);
                turn = (turn + 1) % readers.size();
                if (reader.cursor.next()) {
                    return Optional.of(message(reader));
                }
            }
            long left = until - System.nanoTime();
            if (left <= 0) {
                return Optional.empty();
            }
            awaitOne(left);
        }
    }

    private Message message(Reader reader) {
        return new Message(
                topic,
                reader.partition.id().number(),
                reader.cursor.offset(),
                Broker.text(reader.cursor.key().orElseThrow()),
                Broker.text(reader.cursor.value()));
    }

    private void awaitOne(long nanos) throws InterruptedException {
        CompletableFuture<?>[] arrivals = readers.stream().map(Reader::arrival).toArray(CompletableFuture[]::new);
        try {
            CompletableFuture.anyOf(arrivals).get(nanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            // The caller looks once more, and then says that nothing came.
            return;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException("waiting for a message failed", e.getCause());
        }
    }

    /** Everything that {@link #poll} has returned so far is done with: the group goes on behind it, also after a crash. */
    public void commit() {
        for (Reader reader : readers) {
            long position = reader.cursor.nextOffset();
            if (position != reader.committed) {
                reader.partition.checkpoint(group, position);
                reader.committed = position;
            }
        }
    }

    /** Lets go of its partitions. What was not committed comes again. */
    @Override
    public void close() {
        readers.forEach(reader -> reader.cursor.close());
    }
}
