package dev.tidemark.server.status;

import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.WalException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All partitions at one moment, without their segments: what lists, sums and sorting are made from.
 *
 * @param atNanos when, on the clock of the process
 * @param rows by name
 * @param byName the same
 */
record Survey(long atNanos, List<Row> rows, Map<String, Row> byName) {
    /** Two surveys that are nearer to each other than this say little about a rate. */
    private static final double SHORTEST_SECONDS = 0.2;

    /** Before there was any. */
    static final Survey NONE = new Survey(0, List.of(), Map.of());

    /**
     * One partition.
     *
     * @param recordsPerSecond durable ones, since the survey before; nothing where it was not there
     * @param slowest the checkpoint that is furthest behind
     */
    record Row(
            PartitionId id,
            String name,
            LifeState state,
            Ends ends,
            int segments,
            long bytes,
            double recordsPerSecond,
            int checkpoints,
            Optional<Lag> slowest,
            Optional<WalException> failure) {
        /** Whether somebody has to do something. */
        boolean needsCare() {
            return state == LifeState.FAILED || failure.isPresent();
        }

        long lag() {
            return slowest.map(Lag::records).orElse(0L);
        }
    }

    /** How many records a named position is behind the durable end. */
    record Lag(String checkpoint, long records) {}

    /** Looks at every partition. */
    static Survey of(StatusSource.Store store, Survey before, long nowNanos) {
        double seconds = (nowNanos - before.atNanos) / 1e9;
        List<Row> rows = new ArrayList<>();
        Map<String, Row> byName = new HashMap<>();
        for (PartitionInfo info : store.partitions()) {
            String name = info.id().toString();
            Map<String, Long> checkpoints =
                    info.state() == LifeState.OPEN ? store.checkpoints(info.id()) : Map.<String, Long>of();
            Row row = new Row(
                    info.id(),
                    name,
                    info.state(),
                    info.ends(),
                    info.segments().size(),
                    info.fileBytes(),
                    rate(info, before.byName.get(name), seconds),
                    checkpoints.size(),
                    slowest(checkpoints, info.ends()),
                    info.failure());
            rows.add(row);
            byName.put(name, row);
        }
        return new Survey(nowNanos, rows, byName);
    }

    private static double rate(PartitionInfo now, @Nullable Row before, double seconds) {
        if (before == null || seconds < SHORTEST_SECONDS) {
            return Double.NaN;
        }
        // An end may have gone back: truncated, or deleted and made anew.
        return Math.max(0, now.ends().durable() - before.ends.durable()) / seconds;
    }

    private static Optional<Lag> slowest(Map<String, Long> checkpoints, Ends ends) {
        return checkpoints.entrySet().stream()
                .min(Map.Entry.<String, Long>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                .map(entry -> new Lag(entry.getKey(), Math.max(0, ends.durable() - entry.getValue())));
    }
}
