package dev.tidemark.mutant;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How one mutant fared.
 *
 * <p><b>Threads.</b> One.
 */
final class Judgement {
    private static final int LONGEST_WORDS = 240;

    private final Mutant mutant;
    private final Map<Part, Findings> found = new EnumMap<>(Part.class);
    private final TreeSet<String> failedTests = new TreeSet<>();
    private Mutant.@Nullable Attempt caughtBy;
    private @Nullable String broken;
    private long millis;

    Judgement(Mutant mutant) {
        this.mutant = mutant;
    }

    Mutant mutant() {
        return mutant;
    }

    /**
     * Tries the cases that are known to catch it; where a change has moved them, the same parts in full; and the promise tests
     * that have to fail.
     */
    void judge(String classes, Worker worker) throws InterruptedException {
        long began = System.nanoTime();
        try {
            for (Mutant.Attempt known : mutant.caughtBy()) {
                tryUntilCaught(classes, known, worker);
            }
            for (Mutant.Attempt known : mutant.caughtBy()) {
                if (!known.what().isEmpty()) {
                    tryUntilCaught(classes, new Mutant.Attempt(known.part(), ""), worker);
                }
            }
            List<String> toFail = mutant.fails().stream()
                    .filter(test -> !failedTests.contains(test))
                    .toList();
            if (!toFail.isEmpty()) {
                run(classes, new Mutant.Attempt(Part.PROMISES, String.join(",", toFail)), worker);
            }
        } catch (Worker.Broken e) {
            broken = e.getMessage();
        }
        millis = (System.nanoTime() - began) / 1_000_000;
    }

    /** Tries every part in full. */
    void judgeByAll(String classes, Worker worker) throws InterruptedException {
        long began = System.nanoTime();
        try {
            for (Part part : Part.values()) {
                Findings findings = run(classes, new Mutant.Attempt(part, ""), worker);
                if (caughtBy == null && findings.isCaught()) {
                    caughtBy = new Mutant.Attempt(part, "");
                }
            }
        } catch (Worker.Broken e) {
            broken = e.getMessage();
        }
        millis = (System.nanoTime() - began) / 1_000_000;
    }

    private void tryUntilCaught(String classes, Mutant.Attempt attempt, Worker worker)
            throws Worker.Broken, InterruptedException {
        if (caughtBy == null && run(classes, attempt, worker).isCaught()) {
            caughtBy = attempt;
        }
    }

    private Findings run(String classes, Mutant.Attempt attempt, Worker worker)
            throws Worker.Broken, InterruptedException {
        Findings findings = worker.run(classes, attempt);
        found.merge(attempt.part(), findings, (before, more) -> before.isCaught() ? before : more);
        if (attempt.part() == Part.PROMISES) {
            findings.failures()
                    .forEach(failure -> failedTests.add(failure.substring(0, Math.max(0, failure.indexOf(':')))));
        }
        return findings;
    }

    /** The promise tests that failed. */
    TreeSet<String> failedTests() {
        return failedTests;
    }

    /** What caught it. */
    Optional<Part> caughtBy() {
        return Optional.ofNullable(caughtBy).map(Mutant.Attempt::part);
    }

    /** What is not as it should be. */
    List<String> complaints() {
        List<String> complaints = new ArrayList<>();
        if (broken != null) {
            complaints.add(mutant.name() + " could not be tried: " + broken);
        } else if (caughtBy == null) {
            complaints.add(mutant.name() + " was not caught by "
                    + mutant.caughtBy().stream().map(Mutant.Attempt::toString).collect(Collectors.joining("; ")));
        }
        for (String test : mutant.fails()) {
            if (broken == null && !failedTests.contains(test)) {
                complaints.add(mutant.name() + ": this promise test does not fail any more: " + test);
            }
        }
        return complaints;
    }

    /** One line of the table. */
    String line() {
        Mutant.Attempt by = caughtBy;
        Findings findings = by == null ? null : found.get(by.part());
        return String.format(
                "  %-42s %-10s %-30s %,9d %-7s %5.1f s%n",
                mutant.name(),
                String.join(" ", mutant.breaks()),
                by != null ? by.part().words() : broken != null ? "NOT TRIED" : "NOT CAUGHT",
                findings == null ? 0 : findings.tried(),
                by == null ? "" : by.part().unit(),
                millis / 1e3);
    }

    /** The line of the full table: every part, after how much it caught the mutant. */
    String fullLine() {
        StringBuilder line = new StringBuilder("| `" + mutant.name() + "` | " + String.join(", ", mutant.breaks()));
        for (Part part : Part.values()) {
            Findings findings = found.get(part);
            line.append(" | ");
            if (findings == null) {
                line.append('?');
            } else if (findings.isCaught()) {
                line.append(
                        part == Part.PROMISES
                                ? String.join(", ", failedTests)
                                : String.format("%,d", findings.tried()));
            } else {
                line.append('-');
            }
        }
        return line.append(" |").append(System.lineSeparator()).toString();
    }

    /** Which case caught it, what was said then, and which tests of promises failed. */
    String words() {
        Mutant.Attempt by = caughtBy;
        Findings findings = by == null ? null : found.get(by.part());
        StringBuilder words = new StringBuilder();
        if (by != null && findings != null) {
            words.append(by).append(" -> ").append(shortened(findings.failures().get(0)));
        }
        failedTests.forEach(test ->
                words.append(System.lineSeparator()).append("      fails: ").append(test));
        return words.toString();
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST_WORDS ? text : text.substring(0, LONGEST_WORDS) + " ...";
    }
}
