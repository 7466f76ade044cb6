package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The same with real threads: writers, readers that follow them, the store's own flushers and completions, real time. In every second one the writers also
 * trim, truncate, delete and make again what the others are using. What reaches the disk in which order is not made by the seed alone; but whatever it was is
 * recorded, and every crash of that is tried.
 *
 * <p><b>Threads.</b> One object, one thread; it starts the others.
 */
final class ThreadedWorkload {
    private static final int PARTITIONS = 2;
    private static final int WRITERS = 4;
    private static final int STEPS_OF_A_WRITER = 12;
    private static final Durability[] DURABILITIES = Durability.values();

    /** What a reader is told whose place in the log is gone. */
    private static final Set<ErrorCode> PLACE_IS_GONE =
            EnumSet.of(ErrorCode.OFFSET_TRIMMED, ErrorCode.OFFSET_TRUNCATED, ErrorCode.PARTITION_DELETED);

    private final SplittableRandom random;
    private final SimulatedDisk disk = new SimulatedDisk();
    private final History history = new History();
    private final WalConfig config;
    private final boolean hasLives;
    private final AtomicBoolean isWriting = new AtomicBoolean(true);

    private ThreadedWorkload(long seed) {
        random = new SplittableRandom(seed);
        hasLives = seed % 2 == 0;
        config = WalConfig.builder(Workload.DATA)
                .damagePolicy(seed % 3 == 0 ? DamagePolicy.QUARANTINE : DamagePolicy.FAIL)
                .reserveBytes(64 << 10)
                .segmentBytes(16 << 10)
                .prefill(random.nextBoolean())
                .maxUnforcedBytes(4 << 10)
                .maxUnforcedAge(Duration.ofMillis(2))
                .proofDelay(Duration.ofMillis(1))
                .flusherThreads(2)
                .indexIntervalBytes(512)
                .build();
    }

    static Recording record(long seed) throws InterruptedException {
        ThreadedWorkload workload = new ThreadedWorkload(seed);
        ExecutorService pool = Executors.newCachedThreadPool();
        Stage.Times stages = new Stage.Times();
        Engine engine = Engine.open(workload.config, Environment.real().withDisk(workload.disk));
        stages.begins(Stage.SERVING, workload.disk.operationCount());
        CrashStates states;
        List<Operation> operations;
        try {
            workload.run(engine, pool);
            // Whatever the store still does in the background comes after these, and so do its promises.
            states = workload.disk.crashStates();
            operations = states.operations();
        } finally {
            pool.shutdownNow();
            engine.close();
        }
        WalConfig judged = SteppedStore.stepped(workload.config.toBuilder()).build();
        return new Recording(seed, judged, states, operations, workload.history, stages);
    }

    /**
     * A name, and the partition that has it. One thread at a time gives something of it up; the others use it meanwhile as they like.
     *
     * <p><b>Ordering.</b> Only who has deleted the partition makes the next one, and only after the deletion is in the history. So whatever of the new one
     * reaches the disk does so in the new one's time.
     */
    private final class Slot {
        private final Engine engine;
        private final PartitionId id;
        private volatile Client client;

        Slot(Engine engine, PartitionId id) {
            this.engine = engine;
            this.id = id;
            client = made();
        }

        private Client made() {
            LocalPartition partition = engine.partition(id);
            History.Log log = history.log(id);
            log.created(disk.operationCount());
            return new Client(disk, partition, log);
        }

        Client client() {
            return client;
        }

        synchronized void giveUpSomething(SplittableRandom own) {
            Ends ends = client.partition().ends();
            long offset = ends.start() + own.nextLong(ends.durable() - ends.start() + 1);
            switch (own.nextInt(4)) {
                case 0 -> client.trimTo(offset);
                case 1 -> deleteAndMakeAgain();
                default -> client.truncateAfter(offset);
            }
        }

        private void deleteAndMakeAgain() {
            Client deleted = client;
            if (!deleted.delete(engine)) {
                throw new AssertionError("could not be deleted, on a disk that does not fail: partition=" + id);
            }
            history.deleted(id, disk.operationCount());
            client = made();
            deleted.requireDeleted();
        }

        /** The partition that has the name when nobody is just exchanging it. */
        synchronized Client settled() {
            return client;
        }
    }

    private void run(Engine engine, ExecutorService pool) throws InterruptedException {
        List<Slot> slots = new ArrayList<>();
        for (int i = 0; i < PARTITIONS; i++) {
            slots.add(new Slot(engine, new PartitionId("p", i)));
        }
        List<Callable<Boolean>> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            SplittableRandom own = random.split();
            writers.add(() -> write(slots, own));
        }
        List<Future<Boolean>> readers = new ArrayList<>();
        for (Slot slot : slots) {
            readers.add(pool.submit(() -> follow(slot)));
        }
        try {
            for (Future<Boolean> writer : pool.invokeAll(writers)) {
                writer.get();
            }
            isWriting.set(false);
            for (Future<Boolean> reader : readers) {
                reader.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError("a thread of the workload failed: " + e.getCause(), e.getCause());
        } finally {
            isWriting.set(false);
        }
    }

    private boolean write(List<Slot> slots, SplittableRandom own) {
        Payloads payloads = new Payloads(disk, own, 4_000);
        for (int i = 0; i < STEPS_OF_A_WRITER; i++) {
            Slot slot = slots.get(own.nextInt(slots.size()));
            Client client = slot.client();
            Durability durability = DURABILITIES[own.nextInt(DURABILITIES.length)];
            AppendRequest request = payloads.next(
                    durability, Workload.DATA.resolve(client.partition().id().toString()));
            int what = own.nextInt(10);
            if (hasLives && own.nextInt(6) == 0) {
                slot.giveUpSomething(own);
            } else if (what < 5) {
                client.append(request);
            } else if (what < 8) {
                client.enqueue(request);
            } else if (what < 9) {
                client.sync();
            } else {
                client.rotate();
            }
        }
        return true;
    }

    /** Reads from the start again wherever the ground has gone. */
    private boolean follow(Slot slot) {
        boolean isToEnd = false;
        while (!isToEnd) {
            Client client = slot.settled();
            try (Cursor reader = client.reader()) {
                while (isWriting.get()) {
                    client.read(reader, Duration.ofMillis(1));
                }
                client.follow(reader);
                isToEnd = true;
            } catch (WalException e) {
                boolean isLeftDeleted = e.code() == ErrorCode.PARTITION_DELETED && slot.settled() == client;
                if (isLeftDeleted || !PLACE_IS_GONE.contains(e.code())) {
                    throw e;
                }
            }
        }
        return true;
    }
}
