package dev.tidemark.crashtest;

import dev.tidemark.cli.Quantity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Changes the files of a log that was closed in order, and looks whether it says so. The log may give the right records, or it may give an error,
 * and before that some of the right ones; it may not give wrong bytes, and not end early as if that were all. A process that dies of damage, or
 * hangs, has not given anything wrong; it is counted.
 *
 * <p><b>Threads.</b> One.
 */
final class DamageRounds {
    static final String NAME = "damage";

    private static final int RECORDS = 200;
    private static final int LEAST_TRIALS = 10;
    private static final int MOST_TRIALS = 5_000;
    /** A process that has seen so much damage may have something left of it. */
    private static final int TRIALS_OF_ONE_PROCESS = 50;

    private static final int SHOWN_PROBLEMS = 3;

    private final Children children;
    private final Path directory;
    private final Ledger ledger = new Ledger();
    private final List<String> problems = new ArrayList<>();
    private int trials;
    private int harmless;
    private int told;
    private int died;
    private int hung;
    private int shorter;
    private int wrong;

    DamageRounds(Children children, Path directory) {
        this.children = children;
        this.directory = directory;
    }

    /** Damages until the time is over. */
    Checked run(long untilNanos) throws IOException {
        try {
            Path original = fill();
            Injurer injurer =
                    Injurer.of(original, new Random(children.settings().seed()));
            while (trials < MOST_TRIALS && (trials < LEAST_TRIALS || System.nanoTime() - untilNanos < 0)) {
                runOneProcess(original, injurer, untilNanos);
            }
            summarize();
            return Checked.judged(NAME, text(injurer.files()), counts(), problems);
        } catch (AdapterFailureException e) {
            return Checked.failed(NAME, String.valueOf(e.getMessage()));
        }
    }

    /** A log with some records, closed in order, which gives all of them as long as nobody changes it. */
    private Path fill() throws IOException, AdapterFailureException {
        Path original = Tree.createDurably(directory.resolve("closed"));
        try (TestChild child = children.start()) {
            child.send("fill", original, 0, RECORDS);
            long[] time = new long[1];
            Ending ending = child.hearOut(children.settings().patience(), message -> {
                long id = ByteBuffer.wrap(message.body()).getLong();
                if (message.kind() == Message.Kind.SUBMITS) {
                    ledger.submits(id, ++time[0]);
                } else {
                    ledger.acknowledged(id, ++time[0]);
                }
            });
            children.goOnUnlessStopped();
            if (!ending.is(Ending.How.DONE)) {
                throw new AdapterFailureException("while it appended and closed in order: " + ending.text());
            }
        }
        return original;
    }

    private void runOneProcess(Path original, Injurer injurer, long untilNanos)
            throws IOException, AdapterFailureException {
        try (TestChild child = children.start()) {
            Ending ending = new Ending(Ending.How.DONE, "");
            for (int i = 0; i < TRIALS_OF_ONE_PROCESS; i++) {
                children.goOnUnlessStopped();
                if (trials >= LEAST_TRIALS && System.nanoTime() - untilNanos >= 0) {
                    return;
                }
                // The first is not damaged: it shows that what follows comes from the damage.
                ending = trial(original, injurer, child, trials > 0);
                if (!ending.is(Ending.How.DONE) && !ending.is(Ending.How.FAILED)) {
                    return;
                }
            }
        }
    }

    private Ending trial(Path original, Injurer injurer, TestChild child, boolean isDamaged)
            throws IOException, AdapterFailureException {
        Path copy = directory.resolve("trial-" + trials);
        Tree.copy(original, copy);
        String injury = isDamaged ? injurer.injure(copy) : "unchanged";
        Reading reading = new Reading(children.settings().seed());
        child.send("read", copy);
        Ending ending = child.hearOut(children.settings().patience(), message -> {
            if (reading.count() + reading.strangers() <= 2 * RECORDS) {
                reading.add(message.body());
            }
        });
        children.goOnUnlessStopped();
        if (ending.is(Ending.How.GARBLED)) {
            throw new AdapterFailureException("while it read: " + ending.text());
        }
        if (!isDamaged && !ending.is(Ending.How.DONE)) {
            throw new AdapterFailureException("what was closed in order cannot be read: " + ending.text());
        }
        trials++;
        boolean isKept = judge(reading, ending, injury, copy);
        if (!isKept) {
            Tree.delete(copy);
        }
        return ending;
    }

    /** Judges one trial, and says whether its files are to be kept. */
    private boolean judge(Reading reading, Ending ending, String injury, Path copy) {
        boolean isRight = reading.strangers() == 0;
        for (int i = 0; i < reading.count() && isRight; i++) {
            isRight = reading.id(i) == Payload.id(0, 0, i);
        }
        if (!isRight) {
            wrong++;
            return kept(injury + ": it gave records that were not appended, or in another order", copy);
        }
        if (ending.is(Ending.How.DONE) && reading.count() < RECORDS) {
            shorter++;
            return kept(
                    injury + ": it gave the first " + Quantity.count(reading.count()) + " of " + RECORDS
                            + " records, and no error",
                    copy);
        }
        switch (ending.how()) {
            case DONE -> harmless++;
            case FAILED -> told++;
            case HUNG -> hung++;
            default -> died++;
        }
        return false;
    }

    private boolean kept(String problem, Path copy) {
        if (problems.size() < SHOWN_PROBLEMS) {
            problems.add(problem + "; kept in " + copy);
            return true;
        }
        return false;
    }

    private void summarize() {
        if (wrong + shorter > problems.size()) {
            problems.add("and so in " + Quantity.count(wrong + shorter - problems.size()) + " more trials");
        }
    }

    private String text(int files) {
        return Quantity.count(trials, "trial") + " on " + Quantity.count(files, "file") + ": "
                + Quantity.count(harmless)
                + " without effect, " + Quantity.count(told) + " answered by an error, " + Quantity.count(shorter)
                + " shortened in silence, " + Quantity.count(wrong) + " wrong"
                + (died + hung == 0 ? "" : ", " + died + " ended the process, " + hung + " hung");
    }

    private Map<String, Long> counts() {
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("trials", (long) trials);
        counts.put("harmless", (long) harmless);
        counts.put("told", (long) told);
        counts.put("died", (long) died);
        counts.put("hung", (long) hung);
        counts.put("shorter", (long) shorter);
        counts.put("wrong", (long) wrong);
        return counts;
    }
}
