package dev.tidemark.fault;

import dev.tidemark.crash.Client;
import dev.tidemark.crash.History;
import dev.tidemark.crash.NumberedAppends;
import dev.tidemark.crash.Oracle;
import dev.tidemark.crash.Payloads;
import dev.tidemark.crash.SteppedStore;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.Remedy;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.ManualClock;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What a store goes through while its disk fails: every public call that reaches the disk, in an order and with sizes drawn from the seed. A
 * call that fails is told to {@code errors}, and the workload goes on as a sensible user would: it opens again what is to be opened again.
 *
 * <p>Only one thread runs. While a segment is forced or written other appends come in between, where another thread would have made them.
 *
 * <p><b>Threads.</b> One.
 */
final class FaultWorkload {
    static final Path DATA = Path.of("/data");
    static final PartitionId FIRST = new PartitionId("p", 0);
    static final PartitionId SECOND = new PartitionId("p", 1);

    /** So often a store that cannot be opened, or has failed, is opened again before the end. */
    private static final int MOST_REOPENINGS = 3;

    private static final int NESTED_PERCENT = 15;
    private static final Durability[] DURABILITIES = Durability.values();

    /** One thing a user does. */
    private enum Step {
        APPEND,
        ENQUEUE,
        TRY_ENQUEUE,
        TURN,
        TURNS,
        TIME_PASSES,
        SYNC,
        ROTATE,
        TRIM,
        CHECKPOINT,
        FILL_SEGMENT,
        READ,
        FOLLOW,
        SLICES,
        WAIT,
        REOPEN
    }

    private static final Map<Step, Integer> DECK = Map.ofEntries(
            Map.entry(Step.APPEND, 5),
            Map.entry(Step.ENQUEUE, 5),
            Map.entry(Step.TRY_ENQUEUE, 2),
            Map.entry(Step.TURN, 3),
            Map.entry(Step.TURNS, 2),
            Map.entry(Step.TIME_PASSES, 3),
            Map.entry(Step.SYNC, 1),
            Map.entry(Step.ROTATE, 1),
            Map.entry(Step.TRIM, 1),
            Map.entry(Step.CHECKPOINT, 1),
            Map.entry(Step.FILL_SEGMENT, 1),
            Map.entry(Step.READ, 2),
            Map.entry(Step.FOLLOW, 2),
            Map.entry(Step.SLICES, 1),
            Map.entry(Step.WAIT, 1),
            Map.entry(Step.REOPEN, 1));

    private final SimulatedDisk disk;
    private final History history;
    private final BiConsumer<Told.Call, WalException> errors;
    private final SplittableRandom random;
    private final Payloads payloads;
    private final ManualClock clock = new ManualClock();
    private final Map<PartitionId, Client> clients = new TreeMap<>();
    private final Map<PartitionId, Cursor> readers = new TreeMap<>();
    private final List<Client> allClients = new ArrayList<>();
    private final Map<PartitionId, NumberedAppends> numbered = new TreeMap<>();
    /** Draws for the producers alone. */
    private final SplittableRandom producers;

    /** Producers of another workload on the same disk are not these. */
    private final long firstProducer;

    private final List<CompletableFuture<Long>> waits = new ArrayList<>();

    private WalConfig config;
    private @Nullable SteppedStore store;
    private int reopenings;
    private int stepsUntilReopening = -1;
    private boolean isNested;
    private boolean isAlone;
    private boolean hasDeleted;

    FaultWorkload(
            SimulatedDisk disk,
            History history,
            WalConfig config,
            long seed,
            BiConsumer<Told.Call, WalException> errors) {
        this.disk = disk;
        this.history = history;
        this.config = config;
        this.errors = errors;
        random = new SplittableRandom(seed);
        producers = new SplittableRandom(seed);
        firstProducer = seed * 10;
        payloads = new Payloads(disk, random, 6_000);
        disk.addListener(this::between);
    }

    static WalConfig config(long seed) {
        SplittableRandom random = new SplittableRandom(seed * 31);
        return SteppedStore.stepped(WalConfig.builder(DATA))
                .reserveBytes(64 << 10)
                .segmentBytes(16 << 10)
                .prefill(random.nextBoolean())
                .maxUnforcedBytes(random.nextBoolean() ? 4 << 10 : 4 << 20)
                .maxRoundBytes(random.nextBoolean() ? 4 << 10 : 1 << 20)
                .indexIntervalBytes(512)
                .openFiles(random.nextBoolean() ? 16 : 4_096)
                .closeTimeout(Duration.ofSeconds(5))
                .build();
    }

    /** All of it, but for closing at the end. */
    void run() {
        open();
        use(FIRST, Step.APPEND);
        use(SECOND, Step.ENQUEUE);
        for (Step step : shuffled()) {
            if (store == null && reopenings++ < MOST_REOPENINGS) {
                open();
            }
            if (store == null) {
                return;
            }
            use(random.nextInt(3) == 0 ? SECOND : FIRST, step);
            numbered.values().forEach(NumberedAppends::requireNothingWrong);
            if (stepsUntilReopening >= 0 && stepsUntilReopening-- == 0 && reopenings++ < MOST_REOPENINGS) {
                reopen();
            }
        }
        settle();
        truncateOne();
        settle();
        deleteOne();
        settle();
    }

    /** One of the two ends earlier from now on, with what is on its way to it, and goes on. Towards the end, so that what comes before stays what it was. */
    private void truncateOne() {
        PartitionId id = random.nextBoolean() ? FIRST : SECOND;
        client(id).ifPresent(client -> {
            client.enqueue(request(client));
            client.truncateAfter(somewhere(client));
            use(id, Step.APPEND);
            use(id, Step.FOLLOW);
        });
    }

    /** One of the two goes, with what is on its way to it, and is made again. The last thing, so that what comes before stays what it was. */
    private void deleteOne() {
        PartitionId id = random.nextBoolean() ? FIRST : SECOND;
        Optional<Client> found = client(id);
        if (found.isEmpty() || store == null) {
            return;
        }
        Client client = found.get();
        client.enqueue(request(client));
        hasDeleted = true;
        boolean isFree = client.delete(store.engine());
        if (!isFree && !client.isDeleted()) {
            return;
        }
        client.requireDeleted();
        clients.remove(id);
        numbered.remove(id);
        Cursor reader = readers.remove(id);
        if (reader != null) {
            reader.close();
        }
        if (isFree) {
            history.deleted(id, disk.operationCount());
            use(id, Step.APPEND);
        }
    }

    private List<Step> shuffled() {
        List<Step> steps = new ArrayList<>();
        for (Step step : Step.values()) {
            steps.addAll(Collections.nCopies(DECK.getOrDefault(step, 0), step));
        }
        Collections.shuffle(steps, new Random(random.nextLong()));
        return steps;
    }

    // ---- one step

    private void use(PartitionId id, Step step) {
        if (store == null) {
            return;
        }
        switch (step) {
            case TURN -> store.step();
            case TURNS -> settle();
            case TIME_PASSES -> timePasses(Duration.ofMillis(random.nextInt(150)));
            case REOPEN -> reopen();
            default -> client(id).ifPresent(client -> use(client, step));
        }
    }

    private void use(Client client, Step step) {
        switch (step) {
            case APPEND -> send(client, Client::append);
            case ENQUEUE -> send(client, Client::enqueue);
            case TRY_ENQUEUE -> send(client, Client::tryEnqueue);
            case SYNC -> client.sync();
            case ROTATE -> client.rotate();
            case TRIM -> {
                client.rotate();
                client.trimTo(somewhere(client));
            }
            case CHECKPOINT -> client.checkpoint("reader", somewhere(client));
            case FILL_SEGMENT -> fillSegment(client);
            case READ -> attempt(Told.Call.READ, () -> read(client));
            case FOLLOW -> attempt(Told.Call.READ, () -> follow(client));
            case SLICES -> attempt(Told.Call.READ, () -> readSlices(client));
            case WAIT ->
                waits.add(client.partition()
                        .whenReadable(client.partition().ends().logEnd()));
            default -> throw new AssertionError(step);
        }
    }

    /** Between start and durable end, both included, and often the end itself. */
    private long somewhere(Client client) {
        Ends ends = client.partition().ends();
        return random.nextInt(3) == 0
                ? ends.durable()
                : ends.start() + random.nextLong(ends.durable() - ends.start() + 1);
    }

    /** Has one in three sent by a producer that numbers its appends. */
    private void send(Client client, NumberedAppends.Way way) {
        AppendRequest request = request(client);
        NumberedAppends senders = numbered(client.partition().id());
        if (senders.maySend(client) && producers.nextInt(3) == 0) {
            senders.send(client, senders.numbered(request, producers), way);
        } else {
            way.send(client, request);
        }
    }

    private NumberedAppends numbered(PartitionId id) {
        return numbered.computeIfAbsent(id, made -> new NumberedAppends(firstProducer));
    }

    private void fillSegment(Client client) {
        for (int i = 0; i < 6; i++) {
            AppendRequest request = AppendRequest.of(new byte[3_000]).withDurability(durability());
            if (i % 2 == 0) {
                client.append(request);
            } else {
                client.enqueue(request);
            }
        }
    }

    private void read(Client client) {
        LocalPartition partition = client.partition();
        long end = partition.ends().durable();
        Oracle.readAll(partition, client.log(), end, disk.operationCount());
        client.log().promise(disk.operationCount(), end, Durability.SYNCED);
    }

    private void follow(Client client) {
        PartitionId id = client.partition().id();
        try {
            client.follow(readers.computeIfAbsent(id, wanted -> client.reader()));
        } catch (InvalidCallException e) {
            // It stood in a segment that was trimmed, and needs the next one, which was trimmed, too.
            if (e.code() != ErrorCode.OFFSET_TRIMMED && e.code() != ErrorCode.OFFSET_TRUNCATED) {
                throw e;
            }
            readers.remove(id).close();
        }
    }

    private void readSlices(Client client) {
        LocalPartition partition = client.partition();
        Ends ends = partition.ends();
        if (ends.durable() == ends.start()) {
            return;
        }
        long from = ends.start() + random.nextLong(ends.durable() - ends.start());
        try (Slices slices = partition.slices(from, 8 << 10)) {
            slices.read(ByteBuffer.allocate(slices.bytes()), 0);
        }
    }

    private void attempt(Told.Call call, Runnable action) {
        try {
            action.run();
        } catch (WalException e) {
            tell(call, e);
        }
    }

    private Durability durability() {
        return DURABILITIES[random.nextInt(DURABILITIES.length)];
    }

    private AppendRequest request(Client client) {
        return payloads.next(durability(), DATA.resolve(client.partition().id().toString()));
    }

    /** Called when an operation has returned from the disk and not yet to its caller: what another thread might do meanwhile. */
    private void between(Operation operation) {
        boolean isBusy = operation.kind() == Operation.Kind.WRITE || operation.kind() == Operation.Kind.FORCE;
        if (isNested
                || isAlone
                || clients.isEmpty()
                || !isBusy
                || !operation.path().toString().endsWith(".seg")
                || random.nextInt(100) >= NESTED_PERCENT) {
            return;
        }
        isNested = true;
        try {
            List<Client> open = List.copyOf(clients.values());
            Client client = open.get(random.nextInt(open.size()));
            client.enqueue(request(client));
        } finally {
            isNested = false;
        }
    }

    // ---- the store

    private void open() {
        try {
            store = SteppedStore.open(disk, config, clock, random.nextLong());
            stepsUntilReopening = -1;
        } catch (WalException e) {
            tell(Told.Call.OPEN, e);
        }
    }

    private void reopen() {
        close();
        config = config.toBuilder().prefill(random.nextBoolean()).build();
        open();
    }

    /** The partition, made if there is none; none if the store cannot give it. */
    private Optional<Client> client(PartitionId id) {
        Client known = clients.get(id);
        if (known != null || store == null) {
            return Optional.ofNullable(known);
        }
        LocalPartition partition;
        try {
            if (history.log(id).mayBeDeleted(disk.operationCount())
                    && store.engine().find(id).isEmpty()) {
                // The opening has finished it.
                history.deleted(id, disk.operationCount());
            }
            partition = store.engine().partition(id);
        } catch (WalException e) {
            tell(Told.Call.PARTITION, e);
            return Optional.empty();
        }
        History.Log log = history.log(id);
        log.created(disk.operationCount());
        // What it has is served from now on: also what recovery kept of a process before.
        log.opened(disk.operationCount(), partition.ends().durable());
        log.promise(disk.operationCount(), partition.ends().durable(), Durability.SYNCED);
        NumberedAppends senders = numbered(id);
        Client client = new Client(disk, partition, log, (call, e) -> {
            if (!senders.refused(e)) {
                tell(Told.Call.valueOf(call.name()), e);
            }
        });
        clients.put(id, client);
        allClients.add(client);
        senders.sendAgain(client);
        return Optional.of(client);
    }

    private void tell(Told.Call call, WalException error) {
        if (error.code() == ErrorCode.PARTITION_DELETED && hasDeleted) {
            // What was under way when it was deleted.
            return;
        }
        if (error.code() == ErrorCode.OFFSET_TRUNCATED && call != Told.Call.TRUNCATE) {
            // What was staged when it was truncated.
            return;
        }
        if (stepsUntilReopening < 0 && error.remedy() == Remedy.REOPEN) {
            // Not at once: first it is seen what the others do.
            stepsUntilReopening = 4;
        }
        errors.accept(call, error);
    }

    void settle() {
        if (store != null) {
            store.settle();
        }
    }

    void timePasses(Duration time) {
        clock.advance(time);
    }

    /** Opens the store if it is not open. */
    void ensureOpen() {
        if (store == null) {
            open();
        }
    }

    /** Closes it; everybody who waited must have been answered by then. */
    void close() {
        SteppedStore closing = store;
        if (closing == null) {
            return;
        }
        // Readers that are left open must not keep a store from closing, nor a file from being let go.
        readers.values().forEach(Cursor::close);
        readers.clear();
        clients.clear();
        store = null;
        attempt(Told.Call.CLOSE, closing::close);
        requireAnswers();
    }

    private void requireAnswers() {
        for (Client client : allClients) {
            client.foreignOutcome().ifPresent(outcome -> {
                throw new Oracle.Violation("an append ended with what no append may end with: " + outcome, outcome);
            });
            if (client.stagesUnderWay() > 0) {
                throw new Oracle.Violation("the store is closed and somebody still waits: partition="
                        + client.partition().id() + " stages=" + client.stagesUnderWay());
            }
        }
        for (CompletableFuture<Long> wait : waits) {
            if (!wait.isDone()) {
                throw new Oracle.Violation("the store is closed and somebody still waits for a record");
            }
            if (wait.isCompletedExceptionally()) {
                wait.handle((end, failure) -> failure)
                        .thenAccept(this::tellWait)
                        .join();
            }
        }
        allClients.clear();
        waits.clear();
    }

    private void tellWait(Throwable failure) {
        if (!(failure instanceof WalException told)) {
            throw new Oracle.Violation("waiting for a record ended with what it may not end with: " + failure, failure);
        }
        if (told.code() != ErrorCode.PARTITION_DELETED || !hasDeleted) {
            errors.accept(Told.Call.WAIT, told);
        }
    }

    /** What became of each partition; nothing if the store is not open. */
    List<PartitionInfo> describe() {
        return store == null ? List.of() : store.engine().describe();
    }

    /** Whether a durable append works, for each partition that has not failed. */
    void requireAppends() {
        isAlone = true;
        for (PartitionInfo info : describe()) {
            if (info.state() != LifeState.OPEN) {
                continue;
            }
            goesOn(info.id());
        }
    }

    /** Has a partition take a durable append, and reads all it has; says whether there is such a partition. */
    boolean goesOn(PartitionId id) {
        isAlone = true;
        Optional<Client> found = client(id);
        found.ifPresent(client -> {
            client.append(AppendRequest.of(new byte[5_000]).withDurability(Durability.SYNCED));
            read(client);
        });
        return found.isPresent();
    }

    WalConfig config() {
        return config;
    }
}
