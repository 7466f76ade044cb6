package dev.tidemark.fault;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.io.Operation;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/**
 * What was tried: counts, and tables of them.
 *
 * <p><b>Threads.</b> Any.
 */
final class FaultTally {
    /** One operation that failed in one way. */
    private record Kind(Operation.Kind kind, Way way, Scope scope) {}

    private final Map<Kind, LongAdder> struck = new ConcurrentHashMap<>();
    private final Map<Start, LongAdder> starts = new ConcurrentHashMap<>();
    private final Map<Told.Call, Map<ErrorCode, LongAdder>> told = new ConcurrentHashMap<>();
    private final Map<RecoveryCase, LongAdder> cases = new ConcurrentHashMap<>();
    private final LongAdder runs = new LongAdder();
    private final LongAdder states = new LongAdder();

    void struck(FaultPlan plan) {
        runs.increment();
        add(struck, new Kind(plan.kind(), plan.way(), plan.scope()));
        add(starts, plan.start());
    }

    void told(Told.Call call, ErrorCode code) {
        add(told.computeIfAbsent(call, key -> new ConcurrentHashMap<>()), code);
    }

    void state() {
        states.increment();
    }

    void recovered(RecoveryReport report) {
        report.partitions().forEach(found -> found.cases().forEach(row -> add(cases, row)));
    }

    private static <K> void add(Map<K, LongAdder> counts, K key) {
        counts.computeIfAbsent(key, k -> new LongAdder()).increment();
    }

    long of(Operation.Kind kind, Way way, Scope scope) {
        LongAdder count = struck.get(new Kind(kind, way, scope));
        return count == null ? 0 : count.sum();
    }

    long of(Told.Call call) {
        return told.getOrDefault(call, Map.of()).values().stream()
                .mapToLong(LongAdder::sum)
                .sum();
    }

    long of(Told.Call call, ErrorCode code) {
        LongAdder count = told.getOrDefault(call, Map.of()).get(code);
        return count == null ? 0 : count.sum();
    }

    long of(RecoveryCase row) {
        LongAdder count = cases.get(row);
        return count == null ? 0 : count.sum();
    }

    long runs() {
        return runs.sum();
    }

    long states() {
        return states.sum();
    }

    String table(long millis) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                "faults: %,d runs in which one struck, %,d states judged, %.1f s; begun with %s%n",
                runs(), states(), millis / 1e3, new TreeMap<>(starts)));
        text.append(String.format("  %-16s %-18s", "operation", "fails with"));
        for (Scope scope : Scope.values()) {
            text.append(String.format(" %17s", scope));
        }
        text.append(System.lineSeparator());
        for (Operation.Kind kind : Operation.Kind.values()) {
            for (Way way : Way.values()) {
                if (way.kinds().contains(kind)) {
                    text.append(String.format("  %-16s %-18s", kind, way));
                    for (Scope scope : Scope.values()) {
                        text.append(String.format(" %17s", way.canBe(scope, kind) ? of(kind, way, scope) : "-"));
                    }
                    text.append(System.lineSeparator());
                }
            }
        }
        text.append(String.format("  what callers were told%n"));
        for (Told.Call call : Told.Call.values()) {
            text.append(String.format("  %-16s %s%n", call, codes(call)));
        }
        text.append(String.format("  what recovery found: %s%n", new TreeMap<>(cases)));
        return text.toString();
    }

    private String codes(Told.Call call) {
        Map<ErrorCode, LongAdder> sorted = new EnumMap<>(ErrorCode.class);
        sorted.putAll(told.getOrDefault(call, Map.of()));
        return sorted.entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    }
}
