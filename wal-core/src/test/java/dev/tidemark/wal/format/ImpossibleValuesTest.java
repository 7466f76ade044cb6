package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.PartitionId;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * Values that no file may hold cannot be made either: where one is decoded, a good checksum over nonsense ends in damage, and a mistake
 * of ours ends before it is written.
 */
class ImpossibleValuesTest {
    private static final SegmentName NAME = new SegmentName(100, 3);
    private static final SegmentEnd BEFORE = new SegmentEnd(5, new SegmentName(0, 2), 100, 8192, 77);

    @Test
    void segments() {
        refused(() -> new SegmentRef(NAME, 0));
        refused(() -> new SegmentEnd(0, NAME, 100, 4096, 0));
        refused(() -> header(0, Optional.empty(), 0, 0));
        refused(() -> header(7, Optional.empty(), -1, 0));
        refused(() -> header(7, Optional.empty(), 0, -1));
        refused(() -> header(7, Optional.empty(), 0, FrameCodec.MAX_TIMESTAMP_MILLIS + 1));
        refused(() -> header(7, Optional.of(new SegmentEnd(5, new SegmentName(0, 2), 101, 8192, 77)), 0, 0));
        refused(() -> header(7, Optional.of(new SegmentEnd(5, new SegmentName(0, 3), 100, 8192, 77)), 0, 0));
        assertThatCode(() -> header(7, Optional.of(BEFORE), 0, FrameCodec.MAX_TIMESTAMP_MILLIS))
                .doesNotThrowAnyException();
    }

    private static SegmentHeader header(
            long segmentId, Optional<SegmentEnd> predecessor, long createdAtMillis, long firstTimestampMillis) {
        return new SegmentHeader(
                new UUID(1, 2), 1, segmentId, NAME, predecessor, createdAtMillis, firstTimestampMillis);
    }

    @Test
    void producers() {
        refused(() -> new ProducerBatch(0, 0, 0));
        refused(() -> new ProducerBatch(0, 1, -1));
        refused(() -> new ProducerBatch(0, 2, Long.MAX_VALUE - 1));
        ProducerBatch batch = new ProducerBatch(0, 1, 0);
        refused(() -> new ProducerState(1, 1, 0, List.of()));
        refused(() -> new ProducerState(1, 1, 0, Collections.nCopies(ProducerState.MAX_RECENT + 1, batch)));
        refused(() -> new ProducerState(1, 1, -1, List.of(batch)));
        refused(() -> new ProducerState(1, 1, FrameCodec.MAX_TIMESTAMP_MILLIS + 1, List.of(batch)));
    }

    @Test
    void storeAndPartition() {
        refused(() -> new StoreFile(new UUID(1, 2), -1));
        refused(() ->
                PartitionFile.first(new UUID(1, 2), new PartitionId("orders", 0), 1, -1, new SegmentRef(NAME, 7)));
        refused(() -> new CleanStamp(0, 4096, 0, 0, 1));
        refused(() -> new CleanStamp(7, 4096, 0, -1, 1));
        refused(() -> new CleanStamp(7, 4096, 0, 0, 0));
        refused(() -> new CleanStamp(7, 4088, 0, 0, 1));
    }

    @Test
    void losses() {
        refused(() -> new Loss(-1, 5, "reason", 0));
        refused(() -> new Loss(5, 5, "reason", 0));
        refused(() -> new Loss(0, 5, "reason", -1));
        refused(() -> new Loss(0, 5, "\u00e9".repeat(Loss.MAX_REASON_BYTES / 2 + 1), 0));
    }

    private static void refused(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
    }
}
