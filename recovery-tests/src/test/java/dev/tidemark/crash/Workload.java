package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/**
 * What a store goes through before the crash: appends of all kinds to a few partitions, readers, rotations, closing and opening
 * again; now and then a disk that fails. All of it follows from the seed.
 *
 * <p>Only one thread runs, and yet calls overlap: while a segment is being written or forced, other appends and other turns come
 * in between, in the place where another thread would have done them.
 *
 * <p><b>Threads.</b> One.
 */
final class Workload {
    static final Path DATA = Path.of("/data");
    private static final int MAX_PARTITIONS = 3;
    private static final Durability[] DURABILITIES = Durability.values();

    private final SplittableRandom random;
    private final SimulatedDisk disk = new SimulatedDisk();
    private final Disk asSeen;
    private final ManualClock clock = new ManualClock();
    private final History history = new History();
    private final Payloads payloads;
    private final long seed;
    private final int nestedPercent;
    private final Map<PartitionId, Client> clients = new HashMap<>();
    private final Map<PartitionId, Cursor> readers = new HashMap<>();
    private WalConfig config;
    private SteppedStore store;
    private boolean isNested;
    private int millisSinceOpened;

    private Workload(long seed, UnaryOperator<Disk> lies) {
        this.seed = seed;
        random = new SplittableRandom(seed);
        asSeen = lies.apply(disk);
        config = config(random);
        payloads = new Payloads(disk, random, Math.min(40 << 10, config.largestAppendBytes()));
        nestedPercent = random.nextInt(3) * 15;
        store = SteppedStore.open(asSeen, config, clock, random.nextLong());
        disk.addListener(this::between);
    }

    static WalConfig config(SplittableRandom random) {
        return SteppedStore.stepped(WalConfig.builder(DATA))
                .reserveBytes(64 << 10)
                .segmentBytes(random.nextInt(4) == 0 ? 64 << 10 : 16 << 10)
                .prefill(random.nextBoolean())
                .maxUnforcedBytes(random.nextBoolean() ? 4 << 10 : 4 << 20)
                .maxRoundBytes(random.nextBoolean() ? 4 << 10 : 1 << 20)
                .maxRoundAppends(random.nextInt(4) == 0 ? 2 : 1_000)
                .indexIntervalBytes(512)
                .openFiles(random.nextBoolean() ? 16 : 4_096)
                .closeTimeout(Duration.ofSeconds(5))
                .build();
    }

    /** Runs it on a disk that does what it says. */
    static Recording record(long seed) {
        return record(seed, honest -> honest);
    }

    /** Runs it with the store seeing the disk through something else. */
    static Recording record(long seed, UnaryOperator<Disk> lies) {
        Workload workload = new Workload(seed, lies);
        workload.run();
        CrashStates states = workload.disk.crashStates();
        workload.end();
        return new Recording(seed, workload.config, states, states.operations(), workload.history);
    }

    private void run() {
        int steps = 15 + random.nextInt(40);
        if (random.nextInt(100) < 40) {
            disk.inject(fault(1 + random.nextInt(steps / 2)));
        }
        for (int i = 0; i < steps; i++) {
            oneStep();
        }
        if (random.nextInt(3) == 0) {
            reopen();
        }
    }

    private Fault fault(long nth) {
        CallMatch force = CallMatch.on(Operation.Kind.FORCE).named(".seg").number(nth);
        CallMatch write = CallMatch.on(Operation.Kind.WRITE).named(".seg").number(nth);
        switch (random.nextInt(8)) {
            case 0:
                return Fault.full(write);
            case 1:
                return Fault.shortWrite(write, 1 + random.nextInt(600));
            case 2:
                return Fault.ioError(write).afterBytes(random.nextInt(5_000));
            case 3:
                return Fault.full(write).afterBytes(random.nextInt(5_000));
            default:
                return Fault.ioError(force);
        }
    }

    private void oneStep() {
        int what = random.nextInt(100);
        if (what < 24) {
            Client client = client();
            client.append(request(client, durability()));
        } else if (what < 54) {
            Client client = client();
            client.enqueue(request(client, durability()));
        } else if (what < 60) {
            Client client = client();
            client.tryEnqueue(request(client, durability()));
        } else if (what < 74) {
            store.step();
        } else if (what < 80) {
            store.settle();
        } else if (what < 88) {
            advance(random.nextInt(150));
        } else if (what < 91) {
            client().sync();
        } else if (what < 93) {
            client().rotate();
        } else if (what < 98) {
            follow(client());
        } else {
            reopen();
        }
    }

    /** Never so far that a store on a full disk would look for room: it does that in a thread of its own. */
    private void advance(int millis) {
        millisSinceOpened += millis;
        if (millisSinceOpened >= 900) {
            reopen();
        } else {
            clock.advance(Duration.ofMillis(millis));
        }
    }

    /** Called when an operation has taken effect and has not returned: what another thread might do meanwhile. */
    private void between(Operation operation) {
        boolean isBusy = operation.kind() == Operation.Kind.WRITE || operation.kind() == Operation.Kind.FORCE;
        if (isNested
                || clients.isEmpty()
                || !isBusy
                || !operation.path().toString().endsWith(".seg")
                || random.nextInt(100) >= nestedPercent) {
            return;
        }
        isNested = true;
        try {
            List<Client> open = List.copyOf(clients.values());
            Client client = open.get(random.nextInt(open.size()));
            // Who writes zeros ahead is waited for by others, and one thread cannot be both.
            if (random.nextInt(3) == 0 && !operation.wroteOnlyZeros()) {
                store.step();
            } else {
                client.enqueue(request(client, durability()));
            }
        } finally {
            isNested = false;
        }
    }

    private Durability durability() {
        return DURABILITIES[random.nextInt(DURABILITIES.length)];
    }

    private AppendRequest request(Client client, Durability durability) {
        return payloads.next(durability, DATA.resolve(client.partition().id().toString()));
    }

    private Client client() {
        PartitionId id = new PartitionId("p", random.nextInt(random.nextInt(MAX_PARTITIONS) + 1));
        Client known = clients.get(id);
        if (known != null) {
            return known;
        }
        LocalPartition partition = partition(id);
        History.Log log = history.log(id);
        log.created(disk.operationCount());
        // What it has is served from now on: also what recovery kept of a process before.
        log.promise(disk.operationCount(), partition.ends().durable(), Durability.SYNCED);
        Client client = new Client(disk, partition, log);
        clients.put(id, client);
        return client;
    }

    private LocalPartition partition(PartitionId id) {
        try {
            return store.engine().partition(id);
        } catch (WalException e) {
            // The fault of this workload came in the middle of it, or the disk is taken for full since.
            reopen();
            return store.engine().partition(id);
        }
    }

    private void follow(Client client) {
        PartitionId id = client.partition().id();
        client.follow(readers.computeIfAbsent(id, wanted -> client.reader()));
    }

    private void reopen() {
        closeStore();
        millisSinceOpened = 0;
        config = config.toBuilder().prefill(random.nextBoolean()).build();
        store = SteppedStore.open(asSeen, config, clock, random.nextLong());
        for (PartitionInfo info : store.engine().describe()) {
            if (info.failure().isPresent()) {
                throw new AssertionError(
                        "refused after a close: " + info, info.failure().get());
            }
        }
    }

    private void closeStore() {
        readers.values().forEach(Cursor::close);
        readers.clear();
        try {
            store.close();
        } catch (WalException e) {
            // A partition had failed; the next opening recovers it.
            return;
        } finally {
            clients.clear();
        }
    }

    /** Gives memory back; nobody looks at the disk any more. */
    private void end() {
        disk.removeFaults();
        closeStore();
    }
}
