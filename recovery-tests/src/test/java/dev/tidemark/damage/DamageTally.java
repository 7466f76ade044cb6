package dev.tidemark.damage;

import dev.tidemark.wal.api.RecoveryCase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What was tried and what came of it: counts, and a table of them.
 *
 * <p><b>Threads.</b> Any.
 */
final class DamageTally {
    private static final int EXAMPLES = 12;
    private static final int MOST_VIOLATIONS = 30;

    private final Map<FileKind, Map<InjuryKind, Map<Outcome, Integer>>> counts = new EnumMap<>(FileKind.class);
    private final Map<RecoveryCase, Integer> rows = new EnumMap<>(RecoveryCase.class);
    private final Set<Long> stores = new HashSet<>();
    private final Map<String, Integer> wrong = new HashMap<>();
    private final List<String> examples = new ArrayList<>();
    private final Set<Trial> underWay = new HashSet<>();
    private final List<String> violations = new ArrayList<>();
    private int trials;
    private int changed;
    private int mended;
    private int notMended;
    private int rightFiles;
    private int wrongFiles;
    private int forgedRightFiles;
    private int forgedWrongFiles;
    private long mostAllocatedBytes;

    synchronized void add(Trial trial, Injury injury, Verdict verdict) {
        trials++;
        stores.add(trial.seed());
        changed += injury.changed().isEmpty() ? 0 : 1;
        counts.computeIfAbsent(injury.victim(), kind -> new EnumMap<>(InjuryKind.class))
                .computeIfAbsent(injury.kind(), kind -> new EnumMap<>(Outcome.class))
                .merge(verdict.outcome(), 1, Integer::sum);
        verdict.rows().forEach(row -> rows.merge(row, 1, Integer::sum));
        if (injury.kind().isForged()) {
            forgedRightFiles += verdict.rightFiles();
            forgedWrongFiles += verdict.wrongFiles().size();
        } else {
            rightFiles += verdict.rightFiles();
            wrongFiles += verdict.wrongFiles().size();
        }
        for (String message : verdict.wrongFiles()) {
            wrong.merge(injury.kind() + " in " + injury.victim(), 1, Integer::sum);
            if (examples.size() < EXAMPLES && !injury.kind().isForged()) {
                examples.add(trial + " " + injury + "\n        " + message);
            }
        }
        mostAllocatedBytes = Math.max(mostAllocatedBytes, verdict.mostAllocatedBytes());
    }

    /** What came of a store that was mended. */
    synchronized void add(Mending mending) {
        mended += mending.mended();
        notMended += mending.refused();
    }

    /** Partitions that were mended. */
    synchronized int mended() {
        return mended;
    }

    /** Damaged partitions that could not be. */
    synchronized int notMended() {
        return notMended;
    }

    synchronized void begins(Trial trial) {
        underWay.add(trial);
    }

    synchronized void ends(Trial trial) {
        underWay.remove(trial);
    }

    /** The trials that have not come back. */
    synchronized Set<Trial> underWay() {
        return Set.copyOf(underWay);
    }

    /** Something that may not be; the first few are kept, each with its own cause. */
    synchronized void violation(AssertionError e) {
        if (violations.size() < MOST_VIOLATIONS) {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text));
            violations.add(text.toString());
        }
    }

    synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    synchronized int trials() {
        return trials;
    }

    /** Trials that changed a byte: where a block is copied over its own like, there is no damage. */
    synchronized int changed() {
        return changed;
    }

    /** In how many trials opening came to this row. */
    synchronized int of(RecoveryCase row) {
        return rows.getOrDefault(row, 0);
    }

    synchronized int of(FileKind victim) {
        return counts.getOrDefault(victim, Map.of()).values().stream()
                .flatMap(outcomes -> outcomes.values().stream())
                .mapToInt(Integer::intValue)
                .sum();
    }

    synchronized int of(InjuryKind kind) {
        return counts.values().stream()
                .flatMap(kinds -> kinds.getOrDefault(kind, Map.of()).values().stream())
                .mapToInt(Integer::intValue)
                .sum();
    }

    synchronized int of(Outcome outcome) {
        return counts.values().stream()
                .flatMap(kinds -> kinds.values().stream())
                .mapToInt(outcomes -> outcomes.getOrDefault(outcome, 0))
                .sum();
    }

    /** Of all errors that named a file, how many named one that was damaged. */
    synchronized double shareOfRightFiles() {
        int right = rightFiles + forgedRightFiles;
        return right / Math.max(1.0, right + wrongFiles + forgedWrongFiles);
    }

    synchronized String table(long millis) {
        StringBuilder text = new StringBuilder();
        line(
                text,
                "damage: %,d trials on %,d stores, %,d changed something, %.1f s, %,d trials/s",
                trials,
                stores.size(),
                changed,
                millis / 1e3,
                trials * 1_000L / Math.max(1, millis));
        line(
                text,
                "  errors that named a file: %,d, the right one in %.2f %% (signed anew: %,d, %.2f %%)",
                rightFiles + wrongFiles,
                100.0 * rightFiles / Math.max(1, rightFiles + wrongFiles),
                forgedRightFiles + forgedWrongFiles,
                100.0 * forgedRightFiles / Math.max(1, forgedRightFiles + forgedWrongFiles));
        line(text, "  trials in which opening came to a row of the table: %s", rows);
        line(text, "  partitions that were mended: %,d, that could not be: %,d", mended, notMended);
        line(text, "  most that one opening or verification allocated: %,d KiB", mostAllocatedBytes >> 10);
        StringBuilder head = new StringBuilder(String.format(Locale.ROOT, "  %-18s %-22s", "file", "damage"));
        for (Outcome outcome : Outcome.values()) {
            head.append(String.format(Locale.ROOT, " %17s", outcome.words()));
        }
        text.append(head).append(System.lineSeparator());
        counts.forEach((victim, kinds) -> kinds.forEach((kind, outcomes) -> {
            text.append(String.format(Locale.ROOT, "  %-18s %-22s", victim.words(), kind.words()));
            for (Outcome outcome : Outcome.values()) {
                int count = outcomes.getOrDefault(outcome, 0);
                text.append(
                        count == 0
                                ? String.format(Locale.ROOT, " %17s", "")
                                : String.format(Locale.ROOT, " %,17d", count));
            }
            text.append(System.lineSeparator());
        }));
        return text.toString();
    }

    /** Where errors named a file that was not damaged, for people. */
    synchronized String wrongFilesInWords() {
        StringBuilder text = new StringBuilder();
        wrong.forEach((what, count) -> line(text, "  another file was named: %,d times after %s", count, what));
        examples.forEach(example -> line(text, "    %s", example));
        return text.toString();
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append(System.lineSeparator());
    }
}
