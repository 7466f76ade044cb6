package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The same with real threads: writers, readers that follow them, the store's own flushers and completions, real time. What
 * reaches the disk in which order is not made by the seed alone; but whatever it was is recorded, and every crash of that is tried.
 *
 * <p><b>Threads.</b> One object, one thread; it starts the others.
 */
final class ThreadedWorkload {
    private static final int PARTITIONS = 2;
    private static final int WRITERS = 4;
    private static final Durability[] DURABILITIES = Durability.values();

    private final SplittableRandom random;
    private final SimulatedDisk disk = new SimulatedDisk();
    private final History history = new History();
    private final WalConfig config;
    private final AtomicBoolean isWriting = new AtomicBoolean(true);

    private ThreadedWorkload(long seed) {
        random = new SplittableRandom(seed);
        config = WalConfig.builder(Workload.DATA)
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

    private void run(Engine engine, ExecutorService pool) throws InterruptedException {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < PARTITIONS; i++) {
            PartitionId id = new PartitionId("p", i);
            LocalPartition partition = engine.partition(id);
            History.Log log = history.log(id);
            log.created(disk.operationCount());
            clients.add(new Client(disk, partition, log));
        }
        List<Callable<Boolean>> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            SplittableRandom own = random.split();
            writers.add(() -> write(clients, own));
        }
        List<Future<Boolean>> readers = new ArrayList<>();
        for (Client client : clients) {
            readers.add(pool.submit(() -> follow(client)));
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

    private boolean write(List<Client> clients, SplittableRandom own) {
        Payloads payloads = new Payloads(disk, own, 4_000);
        for (int i = 0; i < 12; i++) {
            Client client = clients.get(own.nextInt(clients.size()));
            Durability durability = DURABILITIES[own.nextInt(DURABILITIES.length)];
            AppendRequest request = payloads.next(
                    durability, Workload.DATA.resolve(client.partition().id().toString()));
            int what = own.nextInt(10);
            if (what < 5) {
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

    private boolean follow(Client client) {
        try (Cursor reader = client.reader()) {
            while (isWriting.get()) {
                if (reader.next(Duration.ofMillis(1))) {
                    client.saw(reader);
                }
            }
            client.follow(reader);
        }
        return true;
    }
}
