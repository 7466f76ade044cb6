package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/**
 * What a store goes through before the crash: appends of all kinds to a few partitions, readers, rotations, closing and opening
 * again; now and then a disk that fails. All of it follows from the {@link Plan}.
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

    private final Tape random;
    private final SimulatedDisk disk = new SimulatedDisk();
    private final Disk asSeen;
    private final ManualClock clock = new ManualClock();
    private final History history = new History();
    private final Payloads payloads;
    private final Plan plan;
    private final Stage.Times stages = new Stage.Times();
    private final List<String> steps = new ArrayList<>();
    private final int nestedPercent;
    private final Map<PartitionId, Client> clients = new HashMap<>();
    private final Map<PartitionId, NumberedAppends> numbered = new HashMap<>();
    /** Draws for the producers alone, so that workloads without any stay what they were. */
    private SplittableRandom producers = new SplittableRandom(0);

    /** Draws for the ends of partitions alone. */
    private SplittableRandom lives = new SplittableRandom(0);

    private final Map<PartitionId, Cursor> readers = new HashMap<>();
    private WalConfig config;
    private SteppedStore store;
    private boolean isNested;
    private int millisSinceOpened;

    private Workload(Plan plan, Tape tape, UnaryOperator<Disk> lies) {
        this.plan = plan;
        random = tape;
        asSeen = lies.apply(disk);
        config = config(random).toBuilder().damagePolicy(policy(plan.seed())).build();
        payloads = new Payloads(disk, random, Math.min(40 << 10, config.largestAppendBytes()));
        nestedPercent = random.nextInt(3) * 15;
        store = SteppedStore.open(asSeen, config, clock, random.nextLong());
        stages.begins(Stage.SERVING, disk.operationCount());
        disk.addListener(this::between);
    }

    static WalConfig config(RandomGenerator random) {
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

    /** Every third is opened with {@code QUARANTINE}, each time: where nothing is damaged that changes nothing. */
    private static DamagePolicy policy(long seed) {
        return seed % 3 == 0 ? DamagePolicy.QUARANTINE : DamagePolicy.FAIL;
    }

    /** Runs it on a disk that does what it says. */
    static Recording record(long seed) {
        return record(seed, honest -> honest);
    }

    /** Runs it with the store seeing the disk through something else. */
    static Recording record(long seed, UnaryOperator<Disk> lies) {
        return record(Plan.of(seed), lies);
    }

    /** Runs what the plan has of it. */
    static Recording record(Plan plan, UnaryOperator<Disk> lies) {
        Workload workload = new Workload(plan, tape(plan, lies), lies);
        workload.run();
        CrashStates states = workload.disk.crashStates();
        workload.end();
        return new Recording(
                plan.seed(), workload.config, states, states.operations(), workload.history, workload.stages);
    }

    /** What each step is, in words, as far as it comes. */
    static List<String> describe(Plan plan, UnaryOperator<Disk> lies) {
        Workload workload = new Workload(plan, tape(plan, lies), lies);
        try {
            workload.run();
            workload.end();
        } catch (RuntimeException | AssertionError e) {
            workload.steps.add("  then: " + e.getMessage());
        }
        return workload.steps;
    }

    /** How many steps there are, whether or not the plan takes them. */
    static int steps(long seed) {
        Tape tape = Tape.record(seed);
        Workload workload = new Workload(Plan.of(seed), tape, honest -> honest);
        workload.end();
        return workload.drawSteps();
    }

    /** The numbers that the whole workload draws; a smaller one takes them from there. */
    private static Tape tape(Plan plan, UnaryOperator<Disk> lies) {
        Tape tape = Tape.record(plan.seed());
        if (plan.without().isEmpty()) {
            return tape;
        }
        Workload whole = new Workload(Plan.of(plan.seed()), tape, lies);
        try {
            whole.run();
            whole.end();
        } catch (RuntimeException | AssertionError e) {
            // It fails so early that the recorded steps are all that count.
            whole.steps.add("failed: " + e);
        }
        return tape.again();
    }

    private void run() {
        int last = drawSteps();
        if (random.nextInt(100) < 40) {
            Fault fault = fault(1 + random.nextInt(last / 2));
            if (plan.has(Plan.FAULT)) {
                disk.inject(fault);
                steps.add(Plan.FAULT + ": the disk fails once");
            }
        }
        for (int step = 1; step <= last; step++) {
            random.step(step);
            producers = new SplittableRandom(plan.seed() * 1_000 + step);
            lives = new SplittableRandom(~plan.seed() * 1_000 - step);
            if (plan.has(step)) {
                steps.add(step + ": " + oneStep());
                numbered.values().forEach(NumberedAppends::requireNothingWrong);
            }
        }
        random.step(last + 1);
        if (random.nextInt(3) == 0 && plan.has(last + 1)) {
            steps.add(last + 1 + ": " + reopen());
        }
    }

    private int drawSteps() {
        return 15 + random.nextInt(40);
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

    /** Takes one and says what it was. */
    private String oneStep() {
        if (hasLives() && !clients.isEmpty() && lives.nextInt(8) == 0) {
            List<Client> open = List.copyOf(new TreeMap<>(clients).values());
            Client client = open.get(lives.nextInt(open.size()));
            return lives.nextInt(3) == 0 ? delete(client) : truncate(client);
        }
        int what = random.nextInt(100);
        if (what < 24) {
            Client client = client();
            return send(client, "append", Client::append);
        } else if (what < 54) {
            Client client = client();
            return send(client, "enqueue", Client::enqueue);
        } else if (what < 60) {
            Client client = client();
            return send(client, "tryEnqueue", Client::tryEnqueue);
        } else if (what < 74) {
            return store.step() ? "a flusher's turn" : "no flusher had anything to do";
        } else if (what < 78) {
            store.settle();
            return "all flushers' turns";
        } else if (what < 80) {
            return trim(client());
        } else if (what < 87) {
            return advance(random.nextInt(150));
        } else if (what < 88) {
            Client client = client();
            long offset = somewhere(client);
            client.checkpoint("reader" + random.nextInt(2), offset);
            return client.partition().id() + " checkpoint " + offset;
        } else if (what < 91) {
            Client client = client();
            client.sync();
            return client.partition().id() + " sync";
        } else if (what < 93) {
            Client client = client();
            client.rotate();
            return client.partition().id() + " rotate";
        } else if (what < 98) {
            Client client = client();
            follow(client);
            return client.partition().id() + " read on";
        } else {
            return reopen();
        }
    }

    /** Every eighth truncates and deletes partitions, too. */
    private boolean hasLives() {
        return plan.seed() % 8 == 0;
    }

    private String truncate(Client client) {
        if (lives.nextInt(4) == 0) {
            client.rotate();
        }
        Ends ends = client.partition().ends();
        if (lives.nextInt(3) == 0) {
            client.checkpoint("ahead", ends.durable());
        }
        long end = ends.start() + lives.nextLong(ends.durable() - ends.start() + 1);
        client.truncateAfter(end);
        return client.partition().id() + " truncate after " + end;
    }

    private String delete(Client client) {
        PartitionId id = client.partition().id();
        Cursor reader = readers.remove(id);
        boolean isRead = lives.nextBoolean();
        if (reader != null && !isRead) {
            reader.close();
        }
        if (!client.delete(store.engine())) {
            return id + " could not be deleted";
        }
        clients.remove(id);
        numbered.remove(id);
        history.deleted(id, disk.operationCount());
        if (lives.nextBoolean()) {
            client(id);
        }
        client.requireDeleted();
        if (reader != null && isRead) {
            reader.close();
        }
        return id + " delete" + (clients.containsKey(id) ? " and make again" : "");
    }

    private String trim(Client client) {
        if (random.nextBoolean()) {
            client.rotate();
        }
        long offset = somewhere(client);
        client.trimTo(offset);
        return client.partition().id() + " trim to " + offset;
    }

    /** Between start and durable end, both included, and often the end itself. */
    private long somewhere(Client client) {
        Ends ends = client.partition().ends();
        return random.nextInt(3) == 0
                ? ends.durable()
                : ends.start() + random.nextLong(ends.durable() - ends.start() + 1);
    }

    /** Has it sent by a producer that numbers its appends, now and then. */
    private String send(Client client, String call, NumberedAppends.Way way) {
        AppendRequest request = request(client, durability());
        NumberedAppends senders = numbered(client);
        if (hasProducers() && senders.maySend(client) && producers.nextInt(3) > 0) {
            request = senders.numbered(request, producers);
            senders.send(client, request, way);
        } else {
            way.send(client, request);
        }
        return words(client, call, request);
    }

    /** Every fourth. */
    private boolean hasProducers() {
        return plan.seed() % 4 == 3 || hasLives();
    }

    private NumberedAppends numbered(Client client) {
        return numbered.computeIfAbsent(client.partition().id(), id -> new NumberedAppends(0));
    }

    private static String words(Client client, String call, AppendRequest request) {
        return client.partition().id() + " " + call + " " + request.durability(Durability.SYNCED) + " "
                + Submission.words(request);
    }

    /** Never so far that a store on a full disk would look for room: it does that in a thread of its own. */
    private String advance(int millis) {
        millisSinceOpened += millis;
        if (millisSinceOpened >= 900) {
            return reopen();
        }
        clock.advance(Duration.ofMillis(millis));
        return "time passes: millis=" + millis;
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
                send(client, "enqueue", Client::enqueue);
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
        return client(new PartitionId("p", random.nextInt(random.nextInt(MAX_PARTITIONS) + 1)));
    }

    private Client client(PartitionId id) {
        Client known = clients.get(id);
        if (known != null) {
            return known;
        }
        LocalPartition partition = partition(id);
        History.Log log = history.log(id);
        log.created(disk.operationCount());
        // What it has is served from now on: also what recovery kept of a process before.
        log.opened(disk.operationCount(), partition.ends().durable());
        log.promise(disk.operationCount(), partition.ends().durable(), Durability.SYNCED);
        NumberedAppends senders = numbered.computeIfAbsent(id, made -> new NumberedAppends(0));
        Client client = new Client(disk, partition, log, (call, error) -> senders.refused(error));
        clients.put(id, client);
        senders.sendAgain(client);
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
        try {
            client.follow(readers.computeIfAbsent(id, wanted -> client.reader()));
        } catch (InvalidCallException e) {
            // It stood in a segment that was trimmed, and needs the next one, which was trimmed, too; or in what was
            // truncated.
            if (e.code() != ErrorCode.OFFSET_TRIMMED && e.code() != ErrorCode.OFFSET_TRUNCATED) {
                throw e;
            }
            readers.remove(id).close();
        }
    }

    private String reopen() {
        stages.begins(Stage.CLOSING, disk.operationCount());
        closeStore();
        millisSinceOpened = 0;
        config = config.toBuilder().prefill(random.nextBoolean()).build();
        stages.begins(Stage.OPENING, disk.operationCount());
        store = SteppedStore.open(asSeen, config, clock, random.nextLong());
        stages.begins(Stage.SERVING, disk.operationCount());
        Oracle.requireNothingQuarantined(store.engine().recovery());
        for (PartitionInfo info : store.engine().describe()) {
            if (info.failure().isPresent()) {
                throw new AssertionError(
                        "refused after a close: " + info, info.failure().get());
            }
        }
        return "closed and opened again";
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
