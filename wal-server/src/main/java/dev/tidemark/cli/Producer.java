package dev.tidemark.cli;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Appends records in order, many under way at once, and knows how far they were acknowledged. The first append that fails ends it: what follows
 * would leave a gap in what the user meant to write.
 *
 * <p><b>Threads.</b> Confined to one thread.
 */
final class Producer {
    /** More than fill a round; the bound on their bytes is the partition's own. */
    private static final int MAX_UNDER_WAY = 10_000;

    private final Partition partition;
    private final Durability durability;
    private final int batchRecords;
    private final Optional<byte[]> keySeparator;
    private final ArrayDeque<UnderWay> underWay = new ArrayDeque<>();
    private final List<WalRecord> batch = new ArrayList<>();
    private final long startedNanos = System.nanoTime();

    private long records;
    private long bytes;
    private long firstOffset = -1;
    private long endOffset = -1;

    private record UnderWay(CompletableFuture<Long> offset, int records, long bytes) {}

    /**
     * @param batchRecords how many records one append takes
     * @param keySeparator what ends the key of a record, if records have keys
     */
    Producer(Partition partition, Durability durability, int batchRecords, Optional<byte[]> keySeparator) {
        this.partition = partition;
        this.durability = durability;
        this.batchRecords = batchRecords;
        this.keySeparator = keySeparator;
    }

    /** Takes one record. It is appended at once, or with its batch. */
    void add(byte[] line) {
        if (batchRecords == 1 && keySeparator.isEmpty()) {
            append(AppendRequest.of(line), 1, line.length);
            return;
        }
        batch.add(split(line));
        if (batch.size() == batchRecords) {
            appendBatch();
        }
    }

    /** Appends what is left of a batch, and waits until everything is acknowledged. */
    void finish() {
        if (!batch.isEmpty()) {
            appendBatch();
        }
        while (!underWay.isEmpty()) {
            settle(underWay.remove());
        }
    }

    /** After an error: what was appended before it may still be on its way, and counts if it arrives. */
    void settleUpToTheFirstFailure() {
        while (!underWay.isEmpty()) {
            try {
                settle(underWay.remove());
            } catch (WalException e) {
                // The error that is reported is the first one; this one has the same cause or follows from it.
                underWay.clear();
            }
        }
    }

    /** What was acknowledged, in a line. */
    String summary(PartitionId id) {
        long nanos = System.nanoTime() - startedNanos;
        String range = records == 0 ? "" : " first=" + firstOffset + " end=" + endOffset;
        return "produced " + Quantity.count(records, "record") + ", " + Quantity.bytes(bytes) + ": partition=" + id
                + range + " durability=" + durability + " (" + Quantity.nanos(nanos) + ", "
                + Quantity.rate(records, nanos) + ')';
    }

    private WalRecord split(byte[] line) {
        byte[] separator = keySeparator.orElse(new byte[0]);
        for (int at = 0; separator.length > 0 && at + separator.length <= line.length; at++) {
            if (Arrays.equals(line, at, at + separator.length, separator, 0, separator.length)) {
                return WalRecord.of(
                        Arrays.copyOf(line, at), Arrays.copyOfRange(line, at + separator.length, line.length));
            }
        }
        return WalRecord.of(line);
    }

    private void appendBatch() {
        long payload = 0;
        for (WalRecord record : batch) {
            payload +=
                    record.value().length + record.key().map(key -> key.length).orElse(0);
        }
        append(AppendRequest.of(batch), batch.size(), payload);
        batch.clear();
    }

    private void append(AppendRequest request, int count, long payloadBytes) {
        underWay.add(new UnderWay(partition.appendAsync(request.withDurability(durability)), count, payloadBytes));
        while (!underWay.isEmpty()
                && (underWay.size() > MAX_UNDER_WAY
                        || underWay.element().offset().isDone())) {
            settle(underWay.remove());
        }
    }

    private void settle(UnderWay append) {
        long offset;
        try {
            // The log completes it within the deadline of the append, whatever happens.
            offset = append.offset().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof WalException cause ? cause : e;
        }
        if (records == 0) {
            firstOffset = offset;
        }
        endOffset = offset + append.records();
        records += append.records();
        bytes += append.bytes();
    }
}
