package dev.tidemark.crashtest;

import dev.tidemark.cli.Quantity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Kills processes that append, round after round on the same log, and judges what each next one reads before it appends. A kill counts only if
 * something had been acknowledged before it and more was under way. Some processes are killed while they open the log.
 *
 * <p><b>Threads.</b> One.
 */
final class KillRounds {
    static final String NAME = "kill";

    /** In so many appends a kill meets a log in many of its states; longer rounds would only make more of the same. */
    private static final int LONGEST_MILLIS = 250;

    private static final int EARLY_ONE_IN = 5;
    private static final int LEAST_PROCESSES = 5;
    /** A larger log takes its time to be read; then another is begun. */
    private static final int MOST_RECORDS = 50_000;

    private final Children children;
    private final Path directory;
    private final Witness witness;
    private final Random random;
    private Ledger ledger = new Ledger();
    private Path log;
    private int logs;
    private int processes;
    private int kills;
    private int earlyKills;
    private long acknowledged;
    private long judged;
    private long openingMillis = 50;
    private long longestMillis = LONGEST_MILLIS;

    KillRounds(Children children, Path directory, Witness witness) throws IOException {
        this.children = children;
        this.directory = directory;
        this.witness = witness;
        this.random = new Random(children.settings().seed());
        this.log = newLog();
    }

    private Path newLog() throws IOException {
        ledger = new Ledger();
        log = Tree.createDurably(directory.resolve("log-" + logs));
        witness.newLog(logs);
        logs++;
        return log;
    }

    /** Kills until so many kills counted, or the time is over. */
    Checked run(int mostKills, long untilNanos) throws IOException {
        try {
            while (kills < mostKills && (System.nanoTime() - untilNanos < 0 || hasYetToBegin())) {
                children.goOnUnlessStopped();
                if (ledger.settled() > MOST_RECORDS) {
                    Path old = log;
                    newLog();
                    Tree.delete(old);
                }
                Round round = new Round(random.nextInt(EARLY_ONE_IN) == 0 && processes > 0);
                round.run();
                if (!round.problems.isEmpty()) {
                    return Checked.judged(NAME, text(), counts(), round.problems);
                }
            }
            List<String> problems = judgeTheLast();
            witness.awaitNoted();
            if (kills == 0 && problems.isEmpty()) {
                return Checked.failed(
                        NAME, "the time was over before one kill met a process at work; give it more --seconds");
            }
            return Checked.judged(NAME, text(), counts(), problems);
        } catch (AdapterFailureException e) {
            return Checked.failed(NAME, "process " + processes + ": " + e.getMessage());
        }
    }

    /** On a slow machine the time may be over before one kill counts; then a few processes more have their turn. */
    private boolean hasYetToBegin() {
        return kills == 0 && processes < LEAST_PROCESSES;
    }

    /** One process, from its start to its end. */
    private final class Round {
        final List<String> problems = new ArrayList<>();
        private final boolean isEarly;
        private final Reading reading = new Reading(children.settings().seed());
        private boolean isReady;
        private long openedAt;
        private long time;
        private long underWay;
        private long answered;

        Round(boolean isEarly) {
            this.isEarly = isEarly;
        }

        void run() throws IOException, AdapterFailureException {
            try (TestChild child = children.start()) {
                processes++;
                child.send("append", log, processes);
                Ending ending = child.hearOut(children.settings().patience(), message -> take(message, child));
                children.goOnUnlessStopped();
                conclude(ending);
            }
        }

        private void take(Message message, TestChild child) {
            switch (message.kind()) {
                case OPENING -> {
                    openedAt = System.nanoTime();
                    if (isEarly) {
                        child.killAfter(Duration.ofMillis(random.nextInt((int) Math.max(1, openingMillis))));
                    }
                }
                case RECORD -> reading.add(message.body());
                case READY -> {
                    isReady = true;
                    openingMillis =
                            Duration.ofNanos(System.nanoTime() - openedAt).toMillis();
                    judge();
                    child.killAfter(
                            problems.isEmpty()
                                    ? Duration.ofMillis(1 + random.nextInt((int) longestMillis))
                                    : Duration.ZERO);
                }
                case SUBMITS -> {
                    ledger.submits(idOf(message), ++time);
                    underWay++;
                }
                case ACKNOWLEDGED -> {
                    long id = idOf(message);
                    ledger.acknowledged(id, ++time);
                    underWay--;
                    answered++;
                    witness.note(id);
                }
                default -> throw new IllegalStateException("not to be said here: " + message.kind());
            }
        }

        private void judge() {
            problems.addAll(ledger.judge(reading));
            judged += reading.count();
            ledger.settle(reading);
        }

        private void conclude(Ending ending) throws AdapterFailureException {
            if (!ending.is(Ending.How.KILLED)) {
                if (ending.is(Ending.How.FAILED) && !isReady && processes > 1) {
                    problems.add("after a kill the log cannot be opened and read: " + ending.text());
                    return;
                }
                throw new AdapterFailureException(
                        (isReady ? "while it appended: " : "while it opened the log: ") + ending.text());
            }
            acknowledged += answered;
            if (!isReady) {
                earlyKills++;
            } else if (answered > 0 && underWay > 0) {
                kills++;
                longestMillis = LONGEST_MILLIS;
            } else if (answered == 0 && problems.isEmpty()) {
                // A slow machine, or a log that hangs: that is told apart by waiting longer, up to the limit.
                if (longestMillis > children.settings().patience().toMillis()) {
                    throw new AdapterFailureException("no append was acknowledged within "
                            + children.settings().patience().toMillis() + " ms");
                }
                longestMillis *= 4;
            }
        }
    }

    /** What the last kill left, nobody has read yet. */
    private List<String> judgeTheLast() throws IOException, AdapterFailureException {
        Reading reading = new Reading(children.settings().seed());
        try (TestChild child = children.start()) {
            child.send("read", log);
            Ending ending = child.hearOut(children.settings().patience(), message -> reading.add(message.body()));
            children.goOnUnlessStopped();
            if (ending.is(Ending.How.FAILED)) {
                return List.of("after a kill the log cannot be opened, read and closed: " + ending.text());
            }
            if (!ending.is(Ending.How.DONE)) {
                throw new AdapterFailureException("while it read the log: " + ending.text());
            }
        }
        judged += reading.count();
        return ledger.judge(reading);
    }

    private static long idOf(Message message) {
        return ByteBuffer.wrap(message.body()).getLong();
    }

    private String text() {
        return "kills that count: " + Quantity.count(kills) + ", of " + Quantity.count(processes) + " processes, "
                + Quantity.count(earlyKills) + " killed while they opened the log; " + Quantity.count(acknowledged)
                + " acknowledged, " + Quantity.count(judged) + " read back";
    }

    private Map<String, Long> counts() {
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("kills", (long) kills);
        counts.put("processes", (long) processes);
        counts.put("earlyKills", (long) earlyKills);
        counts.put("acknowledged", acknowledged);
        counts.put("readBack", judged);
        return counts;
    }
}
