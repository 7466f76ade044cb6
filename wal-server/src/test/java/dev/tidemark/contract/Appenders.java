package dev.tidemark.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.WalException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Threads that append numbered values and note what they are told; and the comparison with what is in the log then. */
public final class Appenders {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    /** A value that was acknowledged, and where. */
    private record Told(String value, long offset) {}

    private final List<CompletableFuture<List<Told>>> threads = new ArrayList<>();

    /** Begins a thread that appends so many values, waiting for each, or keeping many under way. */
    public void start(String name, Partition partition, int values, boolean isWaiting) {
        CompletableFuture<List<Told>> done = new CompletableFuture<>();
        threads.add(done);
        Thread thread = new Thread(() -> {
            try {
                done.complete(isWaiting ? waiting(name, partition, values) : underWay(name, partition, values));
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private static AppendRequest request(String value) {
        return AppendRequest.of(value.getBytes(StandardCharsets.UTF_8)).withTimeout(PATIENCE);
    }

    private static List<Told> waiting(String name, Partition partition, int values) {
        List<Told> told = new ArrayList<>();
        for (int i = 0; i < values; i++) {
            String value = name + ":" + i;
            told.add(new Told(value, partition.append(request(value))));
        }
        return told;
    }

    private static List<Told> underWay(String name, Partition partition, int values) {
        List<CompletableFuture<Long>> futures = new ArrayList<>();
        List<Told> told = new ArrayList<>();
        for (int i = 0; i < values; i++) {
            futures.add(partition.appendAsync(request(name + ":" + i)));
            if (i >= 20) {
                told.add(new Told(name + ":" + (i - 20), futures.get(i - 20).join()));
            }
        }
        for (int i = told.size(); i < values; i++) {
            told.add(new Told(name + ":" + i, futures.get(i).join()));
        }
        return told;
    }

    /** Waits for all of them, then finds each value once, where it was said to be, each thread's in order. */
    public void assertThatEachIsThereOnce(Partition partition) throws Exception {
        Map<String, Long> acknowledged = new HashMap<>();
        for (CompletableFuture<List<Told>> thread : threads) {
            for (Told told : thread.get(PATIENCE.toSeconds() * 2, TimeUnit.SECONDS)) {
                acknowledged.put(told.value, told.offset);
            }
        }
        Map<String, Long> found = new HashMap<>();
        Map<String, Integer> next = new HashMap<>();
        try (Cursor cursor = partition.read(From.start())) {
            while (cursor.next()) {
                String value = new String(cursor.value(), StandardCharsets.UTF_8);
                Long before = found.put(value, cursor.offset());
                assertThat(before)
                        .as("second copy of %s at %s", value, cursor.offset())
                        .isNull();
                String[] parts = value.split(":");
                int number = Integer.parseInt(parts[1]);
                assertThat(number).as("place of %s", value).isEqualTo(next.getOrDefault(parts[0], 0));
                next.put(parts[0], number + 1);
            }
        } catch (WalException e) {
            throw new AssertionError("the log could not be read", e);
        }
        assertThat(found).isEqualTo(acknowledged);
    }
}
