package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Kills processes that append, and judges what they leave, round after round on the same directory. What a round does is drawn
 * from the seed; when exactly the kill meets the child the machine decides, so a replay is alike and not equal.
 *
 * <p>At least one process in four is killed before it has reported that the store is open: that is a crash during recovery. Of the
 * others some are killed at a time, and some at an operation on the disk. Some children are stopped and continued on the way, and
 * while they are, another process tries to open their directory.
 *
 * <p><b>Threads.</b> One.
 */
final class KillHarness {
    /** Longer than the judge takes on a busy machine. */
    private static final int LONGEST_SECONDS = 120;
    /** In most of that a process has not opened the store yet; where the machine is faster, it becomes less. */
    private static final int LONGEST_MILLIS_BEFORE_READY = 400;

    /** Of so many processes one at least is killed before it is ready. */
    private static final int EARLY_ONE_IN = 4;

    private final Path directory;
    private final long seed;
    private final Random random;
    private final KillLedger ledger;
    /** The operations at which processes are still to be killed; filled again when there is none left. */
    private final Deque<LastOperation> lastOperations = new ArrayDeque<>();

    private final Map<String, Integer> killedAt = new TreeMap<>();

    private int millisBeforeReady = LONGEST_MILLIS_BEFORE_READY;
    private int rounds;
    private int kills;
    private int earlyKills;
    private int stops;
    private int refusals;
    private int judgedElsewhere;
    private int takenOver;
    private long promises;
    private long underWay;
    private int tailsCut;

    KillHarness(Path directory, long seed) {
        this.directory = directory;
        this.seed = seed;
        this.random = new Random(seed);
        this.ledger = new KillLedger(seed);
    }

    /**
     * Goes on until so many kills have counted, which means that something was acknowledged before and more was under way, and until enough
     * processes were killed before they were ready.
     */
    void run(int wantedKills) throws IOException, InterruptedException {
        int most = rounds + 4 * wantedKills + 20;
        int goal = kills + wantedKills;
        while (kills < goal || isShortOfEarlyKills()) {
            assertThat(rounds)
                    .as("rounds for %d kills, seed %d", wantedKills, seed)
                    .isLessThan(most);
            round();
        }
        judge();
    }

    private boolean isShortOfEarlyKills() {
        return earlyKills * EARLY_ONE_IN < rounds;
    }

    private void round() throws IOException, InterruptedException {
        int drawn = random.nextInt(isShortOfEarlyKills() ? 30 : 100);
        if (drawn < 15) {
            killAtAnyTime(start(KillChild.AT_ANY_TIME), false);
        } else if (drawn < 30) {
            killAt(LastOperation.whileOpening(random));
        } else if (drawn < 67) {
            killAt(nextWhileServing());
        } else {
            killAtAnyTime(start(KillChild.AT_ANY_TIME), true);
        }
        // Now and then the next process finds what this one left, and not what a judge has recovered and closed.
        if (random.nextInt(3) > 0) {
            judge();
        }
    }

    private KillProcess start(String how) throws IOException {
        return KillProcess.start(new KillProcess.Order(directory, seed, ++rounds, how), ledger);
    }

    private LastOperation nextWhileServing() {
        if (lastOperations.isEmpty()) {
            lastOperations.addAll(LastOperation.whileServing(random));
        }
        return lastOperations.remove();
    }

    private void killAtAnyTime(KillProcess child, boolean onceReady) throws IOException, InterruptedException {
        try {
            if (onceReady) {
                child.awaitReady();
                if (random.nextInt(5) == 0 || stops == 0) {
                    stopAndContinue(child);
                }
                child.runFor(millisAtWork());
            } else {
                child.runFor(random.nextInt(millisBeforeReady));
            }
        } finally {
            child.kill();
        }
        if (!onceReady && child.isReady()) {
            millisBeforeReady = Math.max(1, millisBeforeReady / 2);
        }
        count(child);
    }

    /** How long one works that is killed while it serves. */
    private int millisAtWork() {
        return 20 + random.nextInt(120);
    }

    private void killAt(LastOperation last) throws IOException, InterruptedException {
        KillProcess child = start(last.toArgument());
        try {
            boolean isOpening = last.phase() == LastOperation.Phase.OPENING;
            if (isOpening) {
                child.awaitReadyOrTheEnd();
            }
            boolean hasCome = child.awaitTheEnd(TimeUnit.SECONDS.toMillis(isOpening ? 0 : LONGEST_SECONDS));
            if (isOpening && !hasCome) {
                // The store took fewer steps to open than that: so this one works on for a while, or comes to its last
                // operation in it.
                hasCome = child.awaitTheEnd(millisAtWork());
            }
            assertThat(hasCome || isOpening)
                    .as("came to its last operation: %s, seed %d", last, seed)
                    .isTrue();
            if (hasCome) {
                killedAt.merge(isOpening ? "while opening" : last.step(), 1, Integer::sum);
            }
        } finally {
            child.kill();
        }
        count(child);
    }

    /**
     * Lets processes be killed by another program, which sees their system calls.
     *
     * @param tracer its command line, which the child's follows
     * @param what for the table
     */
    void runUnder(List<String> tracer, String what) throws IOException, InterruptedException {
        KillProcess.Order order = new KillProcess.Order(directory, seed, ++rounds, KillChild.AT_ANY_TIME);
        KillProcess child = KillProcess.startUnder(tracer, order, ledger);
        try {
            assertThat(child.awaitDeath(TimeUnit.SECONDS.toMillis(LONGEST_SECONDS)))
                    .as("was killed: %s, seed %d", what, seed)
                    .isTrue();
        } finally {
            child.kill();
        }
        killedAt.merge(what, 1, Integer::sum);
        count(child);
        judge();
    }

    /**
     * Two processes want the directory all the time, and whoever has it is killed. The other gets it then, and never before.
     *
     * @param turns how often the directory changes hands
     */
    void fight(int turns) throws IOException, InterruptedException {
        KillProcess owner = start(KillChild.CONTENDS);
        KillProcess rival = owner;
        try {
            owner.awaitReady();
            for (int turn = 0; turn < turns; turn++) {
                rival = start(KillChild.CONTENDS);
                rival.awaitLocked();
                refusals++;
                owner.runFor(20 + random.nextInt(60));
                assertThat(rival.isReady())
                        .as("two processes have %s open, seed %d", directory, seed)
                        .isFalse();
                owner.kill();
                count(owner);
                owner = rival;
                owner.awaitReady();
                takenOver++;
            }
            owner.runFor(20);
        } finally {
            rival.kill();
            owner.kill();
        }
        count(owner);
        judge();
    }

    private void count(KillProcess child) {
        kills += child.promised() > 0 && child.underWay() > 0 ? 1 : 0;
        earlyKills += child.isReady() ? 0 : 1;
        promises += child.promised();
        underWay += child.underWay();
    }

    private void judge() throws IOException, InterruptedException {
        KillListing found = random.nextInt(5) == 0 ? listElsewhere() : listHere();
        tailsCut += found.cases().contains("R2") ? 1 : 0;
        assertThat(ledger.judge(found))
                .as("after round %d, seed %d", rounds, seed)
                .isEmpty();
    }

    /** A stopped process still has the directory: whoever else wants it is refused, at once. */
    private void stopAndContinue(KillProcess child) throws IOException, InterruptedException {
        stops++;
        child.signal("STOP");
        try {
            assertThatThrownBy(() -> Wal.open(KillChild.config(directory)).close())
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_LOCKED));
            refusals++;
        } finally {
            child.signal("CONT");
        }
    }

    private KillListing listHere() {
        try (Wal wal = Wal.open(KillChild.config(directory))) {
            return KillListing.of(wal, seed);
        }
    }

    private KillListing listElsewhere() throws IOException, InterruptedException {
        judgedElsewhere++;
        Process judge = new ProcessBuilder(
                        ChildJvm.shortLived("192m", KillListing.class, directory.toString(), Long.toString(seed)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(judge.getInputStream()))) {
            KillListing found = KillListing.readFrom(in);
            assertThat(judge.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS))
                    .as("the judge ended")
                    .isTrue();
            return found;
        } catch (EOFException e) {
            throw new AssertionError("the judge did not come to its end, seed " + seed, e);
        } finally {
            judge.destroyForcibly();
        }
    }

    /** How many kills counted. */
    int kills() {
        return kills;
    }

    /** How many processes there were. */
    int processes() {
        return rounds;
    }

    /** How many of them were killed before they were ready. */
    int earlyKills() {
        return earlyKills;
    }

    /** How many processes were stopped and continued. */
    int stops() {
        return stops;
    }

    /** How often a process was killed at a chosen place, by the place. */
    Map<String, Integer> killedAt() {
        return Map.copyOf(killedAt);
    }

    /** What happened, in a few lines. */
    String table() {
        StringBuilder text = new StringBuilder(String.format(
                "kill harness: seed=%d directory=%s%n"
                        + "  processes %6d   kills that count %6d   before ready %6d   stopped and continued %4d%n"
                        + "  acknowledged and checked %8d   under way %6d   entries in the end %8d%n"
                        + "  judged in another process %4d   torn tails cut %4d   refused as locked %4d   taken over %4d",
                seed,
                directory,
                rounds,
                kills,
                earlyKills,
                stops,
                promises,
                underWay,
                ledger.entriesKnown(),
                judgedElsewhere,
                tailsCut,
                refusals,
                takenOver));
        killedAt.forEach((where, times) -> text.append(String.format("%n    killed %-44s %4d", where, times)));
        return text.toString();
    }
}
