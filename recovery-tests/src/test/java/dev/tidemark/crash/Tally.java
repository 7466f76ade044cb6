package dev.tidemark.crash;

import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.RecoveryReport;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * What was tried: counts, and a table of them.
 *
 * <p><b>Threads.</b> Any.
 */
final class Tally {
    private final Set<Long> different = ConcurrentHashMap.newKeySet();
    private final LongAdder judged = new LongAdder();
    private final Map<Kind, LongAdder> kinds = adders(Kind.class);
    private final Map<Stage, Map<CrashPoint, LongAdder>> points = new EnumMap<>(Stage.class);
    private final Map<CrashPoint, LongAdder> recoveryPoints = adders(CrashPoint.class);
    private final Map<RecoveryCase, LongAdder> cases = adders(RecoveryCase.class);
    private final LongAdder inFull = new LongAdder();
    private final LongAdder repeats = new LongAdder();
    private final LongAdder workloads = new LongAdder();
    private final AtomicLong mostOperations = new AtomicLong();

    /** How a state came to be. */
    enum Kind {
        KILLED("killed at an operation boundary"),
        KILLED_INSIDE("killed in the middle of a write"),
        POWER_LOST("power lost"),
        AGAIN_IN_RECOVERY("crashed again during recovery"),
        AGAIN_AFTER_USE("crashed again after going on"),
        SERVED_THEN_POWER_LOST("killed, recovered, serving, power lost"),
        REOPENED("closed cleanly and opened again");

        private final String words;

        Kind(String words) {
            this.words = words;
        }
    }

    Tally() {
        for (Stage stage : Stage.values()) {
            points.put(stage, adders(CrashPoint.class));
        }
    }

    private static <E extends Enum<E>> Map<E, LongAdder> adders(Class<E> type) {
        Map<E, LongAdder> adders = new EnumMap<>(type);
        for (E constant : type.getEnumConstants()) {
            adders.put(constant, new LongAdder());
        }
        return adders;
    }

    void workload(int operations) {
        workloads.increment();
        mostOperations.accumulateAndGet(operations, Math::max);
    }

    /** A state was made and judged. */
    void state(Kind kind, Stage stage, CrashPoint point, long fingerprint) {
        judged.increment();
        different.add(fingerprint);
        kinds.get(kind).increment();
        if (kind == Kind.AGAIN_IN_RECOVERY) {
            recoveryPoints.get(point).increment();
        } else {
            points.get(stage).get(point).increment();
        }
    }

    /** All that a loss of power could have left at a boundary was tried. */
    void inFull() {
        inFull.increment();
    }

    /** A producer repeated an append that recovery had found. */
    void repeated() {
        repeats.increment();
    }

    long repeats() {
        return repeats.sum();
    }

    void recovered(RecoveryReport report) {
        for (PartitionRecovery found : report.partitions()) {
            found.cases().forEach(row -> cases.get(row).increment());
        }
    }

    long different() {
        return different.size();
    }

    long judged() {
        return judged.sum();
    }

    long of(Kind kind) {
        return kinds.get(kind).sum();
    }

    long of(CrashPoint point) {
        return points.values().stream()
                .mapToLong(stage -> stage.get(point).sum())
                .sum();
    }

    long of(Stage stage, CrashPoint point) {
        return points.get(stage).get(point).sum();
    }

    /** Boundaries at which every state that a loss of power could have left was tried. */
    long boundariesInFull() {
        return inFull.sum();
    }

    long inRecovery(CrashPoint point) {
        return recoveryPoints.get(point).sum();
    }

    long of(RecoveryCase row) {
        return cases.get(row).sum();
    }

    String table(long millis) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                "crash states: %,d judged, %,d different, %,d workloads, %.1f s, %,d states/s%n",
                judged(), different(), workloads.sum(), millis / 1e3, judged() * 1_000 / Math.max(1, millis)));
        for (Kind kind : Kind.values()) {
            text.append(String.format("  %-38s %,10d%n", kind.words, of(kind)));
        }
        text.append(String.format("  %-38s %,10d%n", "boundaries with all losses of power", boundariesInFull()));
        text.append(String.format("  %-38s %,10d%n", "appends repeated after recovery", repeats()));
        text.append(String.format(
                "  %-38s %10s %10s %10s %18s%n", "after the step", "opening", "serving", "closing", "second recovery"));
        for (CrashPoint point : CrashPoint.values()) {
            text.append(String.format(
                    "  %-38s %,10d %,10d %,10d %,18d%n",
                    point,
                    of(Stage.OPENING, point),
                    of(Stage.SERVING, point),
                    of(Stage.CLOSING, point),
                    inRecovery(point)));
        }
        text.append(String.format("  %-38s %10s%n", "recovery case", "partitions"));
        for (RecoveryCase row : RecoveryCase.values()) {
            text.append(String.format("  %-38s %,10d%n", row, of(row)));
        }
        return text.toString();
    }
}
