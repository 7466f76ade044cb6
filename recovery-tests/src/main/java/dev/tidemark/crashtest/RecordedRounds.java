package dev.tidemark.crashtest;

import dev.tidemark.cli.Quantity;
import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.CrashStates;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Loss of power of a log that does its input and output as it likes. One process that appends is traced; what it asked of the kernel is done again on a simulated disk; and
 * what a loss of power could have left between any two of these calls is put into a directory, where another process opens it with the log.
 *
 * <p><b>Threads.</b> One.
 */
final class RecordedRounds {
    private static final int OPENINGS = 2;
    private static final int APPENDS_OF_A_THREAD = 10;
    private static final int MOST_PROBLEMS = 3;
    /** So many are judged, however slow it is. */
    private static final int LEAST_STATES = 20;
    /** A first look goes along all of the record in about so many steps, the next ones between them. */
    private static final int STEPS_OF_A_LOOK = 40;

    private static final int GOES_ON_ONE_IN = 8;
    /** When all that was drawn had been judged before, all is judged. */
    private static final int MOST_LOOKS_WITHOUT_A_NEW_STATE = 3;

    /** The number of the process whose append shows that the log goes on after a crash. */
    private static final int AFTERWARDS = 1000;

    private final Children children;
    private final Path directory;
    private final Random random;
    private final Ledger ledger = new Ledger();
    private final List<String> problems = new ArrayList<>();
    /** What the log gave of a state that was judged before, by the state's fingerprint. */
    private final Map<Long, Reading> known = new HashMap<>();

    private Optional<TestChild> reader = Optional.empty();
    private int states;
    private int kept;

    RecordedRounds(Children children, Path directory) {
        this.children = children;
        this.directory = directory;
        this.random = new Random(children.settings().seed());
    }

    /** Judges states for so long; recording comes on top. */
    Checked run(Duration time) throws IOException {
        Optional<String> whyNot = Strace.whyNot();
        if (whyNot.isPresent()) {
            return Checked.notTested(SimulatedRounds.POWER, whyNot.get() + "; or see --witness");
        }
        RecordedDisk recorded;
        try {
            recorded = record();
            lose(recorded.disk(), System.nanoTime() + time.toNanos());
        } catch (NotRecordableException e) {
            return Checked.notTested(
                    SimulatedRounds.POWER, "the log cannot be recorded: " + e.getMessage() + "; see --witness");
        } catch (AdapterFailureException e) {
            return Checked.failed(SimulatedRounds.POWER, String.valueOf(e.getMessage()));
        } finally {
            reader.ifPresent(TestChild::close);
        }
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("calls", (long) recorded.calls());
        counts.put("acknowledged", (long) recorded.acknowledged());
        counts.put("states", (long) states);
        String text = Quantity.count(states, "state") + " of " + Quantity.count(recorded.calls(), "recorded call")
                + " with " + Quantity.count(recorded.acknowledged(), "acknowledged append") + ", on a simulated disk";
        return Checked.judged(SimulatedRounds.POWER, text, counts, problems);
    }

    // ---- the record

    private RecordedDisk record() throws IOException, AdapterFailureException, NotRecordableException {
        Path log = Tree.createDurably(directory.resolve("recorded")).toRealPath();
        Path trace = directory.resolve("trace");
        try (TestChild child = children.start(Strace.command(trace))) {
            for (int opening = 0; opening < OPENINGS; opening++) {
                child.send("work", log, opening, APPENDS_OF_A_THREAD);
                // What it reports is in the trace, in its place between the calls.
                Ending ending = child.hearOut(children.settings().patience(), message -> {});
                children.goOnUnlessStopped();
                if (!ending.is(Ending.How.DONE)) {
                    throw new AdapterFailureException("while it was recorded: " + ending.text());
                }
            }
            child.endInOrder();
        }
        RecordedDisk recorded = new RecordedDisk(log, ledger);
        Trace.read(trace, recorded);
        recorded.requireSame();
        Files.delete(trace);
        return recorded;
    }

    // ---- the losses

    private void lose(SimulatedDisk disk, long untilNanos) throws IOException, AdapterFailureException {
        int without = 0;
        while (without < MOST_LOOKS_WITHOUT_A_NEW_STATE && goesOn(untilNanos)) {
            int before = states;
            CrashStates walk = disk.crashStates();
            int most = Math.max(1, 2 * walk.operations().size() / STEPS_OF_A_LOOK);
            int skipped = random.nextInt(most);
            while (goesOn(untilNanos) && walk.next()) {
                if (skipped-- <= 0) {
                    skipped = random.nextInt(most);
                    loseHere(walk);
                }
            }
            without = states == before ? without + 1 : 0;
        }
    }

    private boolean goesOn(long untilNanos) {
        return problems.size() < MOST_PROBLEMS && (states < LEAST_STATES || System.nanoTime() - untilNanos < 0);
    }

    private void loseHere(CrashStates walk) throws IOException, AdapterFailureException {
        for (CrashPlan plan : List.of(
                CrashPlan.keepNothing(NameRule.DIRECTORY_FORCE),
                CrashPlan.keepNothing(NameRule.ANY_FORCE),
                CrashPlan.random(random.nextLong()))) {
            SimulatedDisk left = walk.powerLoss(plan);
            String where = "power lost behind call " + walk.boundary() + " (" + walk.last() + "), " + plan;
            Reading reading = known.get(left.fingerprint());
            List<String> found;
            if (reading != null) {
                found = ledger.judge(reading, walk.boundary());
            } else {
                states++;
                found = judge(left, walk.boundary());
            }
            if (!found.isEmpty() && problems.size() < MOST_PROBLEMS) {
                problems.add(where + ": " + String.join("; and ", found));
            }
        }
    }

    private List<String> judge(SimulatedDisk left, long boundary) throws IOException, AdapterFailureException {
        Path state = directory.resolve("state-" + kept);
        copy(left, RecordedDisk.ROOT, state);
        Reading first = new Reading(children.settings().seed());
        List<String> found = read(state, first, "the log cannot be opened, read or closed");
        if (found.isEmpty()) {
            known.put(left.fingerprint(), first);
            found = new ArrayList<>(ledger.judge(first, boundary));
            if (found.isEmpty() && random.nextInt(GOES_ON_ONE_IN) == 0) {
                found.addAll(goOn(state, first));
            }
        }
        if (found.isEmpty()) {
            Tree.delete(state);
        } else {
            kept++;
            found = List.of(String.join("; and ", found) + "; kept in " + state);
        }
        return found;
    }

    /** One more append, and what is there then. */
    private List<String> goOn(Path state, Reading first) throws IOException, AdapterFailureException {
        long more = Payload.id(AFTERWARDS, 0, 0);
        List<String> failed = tell("the log cannot be appended to", message -> {}, "fill", state, AFTERWARDS, 1);
        if (!failed.isEmpty()) {
            return failed;
        }
        Ledger next = new Ledger();
        next.settle(first);
        next.submits(more, 0);
        next.acknowledged(more, 0);
        Reading second = new Reading(children.settings().seed());
        List<String> found = read(state, second, "the log cannot be opened, read or closed once more");
        return found.isEmpty()
                ? next.judge(second).stream()
                        .map(problem -> "one more append and another opening later: " + problem)
                        .toList()
                : found;
    }

    private List<String> read(Path state, Reading reading, String failure) throws IOException, AdapterFailureException {
        return tell(failure, message -> reading.add(message.body()), "read", state);
    }

    /** Has the child that reads do something; what is wrong if it does not come to its end. */
    private List<String> tell(String failure, Consumer<Message> listener, Object... command)
            throws IOException, AdapterFailureException {
        TestChild child = reader.isPresent() ? reader.get() : children.start();
        reader = Optional.of(child);
        child.send(command);
        Ending ending = child.hearOut(children.settings().patience(), listener);
        children.goOnUnlessStopped();
        if (ending.is(Ending.How.DONE)) {
            return List.of();
        }
        if (!ending.is(Ending.How.FAILED)) {
            child.close();
            reader = Optional.empty();
        }
        return List.of(failure + ": " + ending.text());
    }

    /** Puts what is on a simulated disk into a directory of the real one. */
    private static void copy(SimulatedDisk from, Path source, Path target) throws IOException {
        Files.createDirectories(target);
        for (DiskEntry entry : from.list(source)) {
            Path path = source.resolve(entry.name());
            if (entry.directory()) {
                copy(from, path, target.resolve(entry.name()));
            } else {
                Files.write(target.resolve(entry.name()), from.contents(path));
            }
        }
    }
}
