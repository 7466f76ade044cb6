package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A store that is backed up while it is used: between any two operations of the backup others append, change the segment, trim, set checkpoints and
 * do flushers' turns, as other threads would. All of it follows from the seed.
 *
 * <p><b>Threads.</b> One.
 */
public final class BackupScene implements AutoCloseable {
    public static final Path DATA = Path.of("/data");
    public static final Path COPY = Path.of("/copy");
    private static final Set<ErrorCode> NOT_A_STORE = Set.of(ErrorCode.STORE_UNKNOWN, ErrorCode.METADATA_CORRUPT);

    private final SplittableRandom random;
    private final SimulatedDisk disk = new SimulatedDisk();
    private final History history = new History();
    private final Map<PartitionId, Client> clients = new HashMap<>();
    private final WalConfig config;
    private final SteppedStore store;
    private final int nestedPercent;
    private boolean isBackingUp;
    private boolean isNested;

    /** Uses the store for a while. */
    public BackupScene(long seed) {
        random = new SplittableRandom(seed);
        config = config(DATA, random.nextBoolean());
        nestedPercent = random.nextInt(3) * 12;
        store = SteppedStore.open(disk, config, new ManualClock(), random.nextLong());
        int partitions = 1 + random.nextInt(2);
        for (int i = 0; i < partitions; i++) {
            client(new PartitionId("p", i));
        }
        int steps = 10 + random.nextInt(40);
        for (int i = 0; i < steps; i++) {
            use();
        }
        store.settle();
        disk.addListener(this::between);
        disk.recordFromHere();
    }

    public static WalConfig config(Path directory, boolean prefill) {
        return SteppedStore.stepped(WalConfig.builder(directory))
                .reserveBytes(64 << 10)
                .segmentBytes(16 << 10)
                .prefill(prefill)
                .indexIntervalBytes(512)
                .closeTimeout(Duration.ofSeconds(5))
                .build();
    }

    public SimulatedDisk disk() {
        return disk;
    }

    public History history() {
        return history;
    }

    public SteppedStore store() {
        return store;
    }

    /** What clients of the store were promised so far, by name: so much must be in a backup that begins now. */
    public Map<PartitionId, Ends> ends() {
        Map<PartitionId, Ends> ends = new HashMap<>();
        clients.forEach((id, client) -> ends.put(id, client.partition().ends()));
        return ends;
    }

    /** Backs it up to {@link #COPY}, while it is used. */
    public BackupReport backup() {
        return backup(COPY);
    }

    /** Backs it up, while it is used. */
    public BackupReport backup(Path target) {
        isBackingUp = true;
        try {
            return store.engine().backup(target, bytes -> {});
        } finally {
            isBackingUp = false;
        }
    }

    private Client client(PartitionId id) {
        History.Log log = history.log(id);
        Client client = new Client(disk, store.engine().partition(id), log);
        log.created(disk.operationCount());
        clients.put(id, client);
        return client;
    }

    private void between(Operation operation) {
        boolean isSegment = operation.path().toString().endsWith(".seg");
        if (!isBackingUp || isNested || !isSegment || random.nextInt(100) >= nestedPercent) {
            return;
        }
        isNested = true;
        try {
            use();
        } finally {
            isNested = false;
        }
    }

    private void use() {
        List<Client> all = List.copyOf(clients.values());
        Client client = all.get(random.nextInt(all.size()));
        int what = random.nextInt(20);
        if (what < 8) {
            client.append(request(client, Durability.SYNCED));
        } else if (what < 13) {
            client.enqueue(request(client, Durability.values()[random.nextInt(3)]));
        } else if (what < 16) {
            store.step();
        } else if (what < 18) {
            client.rotate();
        } else if (what < 19) {
            client.trimTo(somewhere(client));
        } else {
            client.checkpoint("reader", somewhere(client));
        }
    }

    private AppendRequest request(Client client, Durability durability) {
        return new Payloads(disk, random, 6_000)
                .next(durability, DATA.resolve(client.partition().id().toString()));
    }

    private long somewhere(Client client) {
        Ends ends = client.partition().ends();
        return ends.start() + random.nextLong(ends.durable() - ends.start() + 1);
    }

    // ---- judging

    /**
     * Opens what lies in a directory as one would who wants to restore it.
     *
     * @param boundary what was submitted later cannot be there
     * @return what it holds; null when it is not a store
     */
    public Oracle.@Nullable Found restore(SimulatedDisk left, Path directory, long boundary) {
        boolean isEmpty = isEmpty(left, directory);
        WalConfig wanted =
                config(directory, false).toBuilder().createIfMissing(!isEmpty).build();
        try (SteppedStore restored = SteppedStore.open(left, wanted, new ManualClock(), boundary)) {
            return Oracle.read(restored.engine(), history, boundary);
        } catch (WalException e) {
            if (!NOT_A_STORE.contains(e.code())) {
                throw e;
            }
            return null;
        }
    }

    private static boolean isEmpty(SimulatedDisk left, Path directory) {
        try {
            return !left.exists(directory) || left.list(directory).isEmpty();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Whether a restored store is exactly the backup that was reported. */
    public static void requireIs(BackupReport report, Oracle.Found found) {
        Map<PartitionId, History.Extent> expected = new HashMap<>();
        report.partitions()
                .forEach(copied -> expected.put(
                        PartitionId.parse(copied.partition()), new History.Extent(copied.start(), copied.end())));
        if (!expected.equals(found.extents())) {
            throw new Oracle.Violation(
                    "a backup holds something else than it said: said=" + expected + " holds=" + found.extents());
        }
    }

    /** Whether a backup holds all that was durable when it began. */
    public static void requireHolds(BackupReport report, Map<PartitionId, Ends> before) {
        before.forEach((id, ends) -> {
            BackupReport.PartitionBackup copied = report.partitions().stream()
                    .filter(one -> one.partition().equals(id.toString()))
                    .findFirst()
                    .orElseThrow(() -> new Oracle.Violation("a partition is not in the backup: " + id));
            if (copied.end() < ends.durable()) {
                throw new Oracle.Violation("what was durable is not in the backup: partition=" + id + " durable="
                        + ends.durable() + " backedUp=" + copied.end());
            }
        });
    }

    @Override
    public void close() {
        disk.removeFaults();
        store.close();
    }
}
