package dev.tidemark.wal;

import static dev.tidemark.wal.QuarantineTest.FRAME;
import static dev.tidemark.wal.QuarantineTest.HEADER;
import static dev.tidemark.wal.QuarantineTest.ORDERS;
import static dev.tidemark.wal.QuarantineTest.append;
import static dev.tidemark.wal.QuarantineTest.config;
import static dev.tidemark.wal.QuarantineTest.flip;
import static dev.tidemark.wal.QuarantineTest.ranges;
import static dev.tidemark.wal.QuarantineTest.readable;
import static dev.tidemark.wal.QuarantineTest.segmentFiles;
import static dev.tidemark.wal.QuarantineTest.store;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.Truncation;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.StoreVerifier;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of losses that are on record when the log's ends move, when it is copied, and when more is lost. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LossesTest {

    @TempDir
    Path temporary;

    private Path directory;

    /** Four segments of ten: in the second 13 and 14 are lost, the third is gone as a whole. */
    @BeforeEach
    void storeWithTwoGaps() throws IOException {
        directory = temporary.resolve("data");
        List<Path> segments = store(directory, 4, 10);
        flip(segments.get(1), HEADER + 3 * FRAME + 60);
        flip(segments.get(1), HEADER + 4 * FRAME + 60);
        Files.delete(segments.get(2));
        try (Wal wal = quarantining(directory)) {
            assertThat(readable(wal.partition(ORDERS))).containsExactly(ranges(0, 13, 15, 20, 30, 40));
        }
    }

    private static Wal quarantining(Path store) {
        return Wal.open(config(store).damagePolicy(DamagePolicy.QUARANTINE).build());
    }

    private static List<String> losses(LocalPartition partition) {
        return partition.losses().stream()
                .map(lost -> lost.firstOffset() + ".." + lost.endOffset())
                .toList();
    }

    private static void truncate(LocalPartition partition, long end) {
        partition.truncateAfter(end, Truncation.ALSO_OF_WHAT_IS_READABLE);
    }

    private void assertWhole(Long... expected) {
        try (Wal wal = Wal.open(config(directory).build())) {
            assertThat(wal.recovery().refused()).isEmpty();
            assertThat(readable(wal.partition(ORDERS))).containsExactly(expected);
        }
        assertVerifies(directory);
    }

    private static void assertVerifies(Path store) {
        assertThat(new StoreVerifier(Environment.real(), store).verify().findings())
                .allMatch(finding -> finding.severity() == Severity.NOTE);
    }

    @Test
    void truncationBelowAGap_takesTheLossOffTheRecord_andItsOffsetsAreGivenAgain() throws IOException {
        try (Wal wal = quarantining(directory)) {
            LocalPartition orders = wal.partition(ORDERS);
            truncate(orders, 12);
            assertThat(losses(orders)).isEmpty();
            append(orders, 20);
            assertThat(readable(orders)).containsExactly(ranges(0, 32));
        }
        assertWhole(ranges(0, 32));
    }

    @Test
    void logCanEndWhereAGapBegins() {
        for (long end : new long[] {20, 13}) {
            try (Wal wal = quarantining(directory)) {
                LocalPartition orders = wal.partition(ORDERS);
                truncate(orders, end);
                assertThat(losses(orders)).isEqualTo(end == 20 ? List.of("13..15") : List.of());
                assertThat(orders.ends().durable()).isEqualTo(end);
            }
        }
        try (Wal wal = Wal.open(config(directory).build())) {
            append(wal.partition(ORDERS), 3);
        }
        assertWhole(ranges(0, 16));
    }

    @Test
    void logCanEndBehindASegmentWithAGap() {
        try (Wal wal = quarantining(directory)) {
            LocalPartition orders = wal.partition(ORDERS);
            truncate(orders, 30);
            assertThat(losses(orders)).containsExactly("13..15", "20..30");
            append(orders, 2);
        }
        assertWhole(ranges(0, 13, 15, 20, 30, 32));
    }

    @Test
    void logCannotEndInAGap_orBehindOneInTheSameSegment_andNothingIsChanged() {
        try (Wal wal = quarantining(directory)) {
            LocalPartition orders = wal.partition(ORDERS);
            for (long end : new long[] {14, 15, 17, 25}) {
                assertThatThrownBy(() -> truncate(orders, end))
                        .isInstanceOfSatisfying(
                                InvalidCallException.class,
                                e -> assertThat(e.code()).isEqualTo(ErrorCode.ARGUMENT_INVALID))
                        .hasMessageContaining("end it at " + (end < 20 ? 13 : 20));
            }
            assertThat(losses(orders)).containsExactly("13..15", "20..30");
            append(orders, 1);
            assertThat(readable(orders)).containsExactly(ranges(0, 13, 15, 20, 30, 41));
        }
        assertWhole(ranges(0, 13, 15, 20, 30, 41));
    }

    @Test
    void trim_leavesALossOnRecord_forWhoStillReadsThere_andTheNextQuarantineTakesItOff() throws IOException {
        try (Wal wal = quarantining(directory)) {
            LocalPartition orders = wal.partition(ORDERS);
            try (Cursor cursor = orders.read(From.offset(11))) {
                assertThat(cursor.next()).isTrue();
                orders.trimTo(33);
                assertThat(losses(orders)).containsExactly("13..15", "20..30");
                assertThat(cursor.next()).isTrue();
                assertThatThrownBy(cursor::next)
                        .isInstanceOfSatisfying(
                                DamageException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RECORDS_LOST));
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.offset()).isEqualTo(15);
            }
        }
        assertWhole(ranges(33, 40));
        flip(segmentFiles(directory).get(0), HEADER + 5 * FRAME + 60);
        flip(segmentFiles(directory).get(segmentFiles(directory).size() - 1), 40);
        try (Wal wal = quarantining(directory)) {
            assertThat(losses(wal.partition(ORDERS))).containsExactly("35..36");
        }
        assertWhole(ranges(33, 35, 36, 40));
    }

    @Test
    void backup_hasTheSameGapsOnRecord_andOpens() throws IOException {
        Path copy = temporary.resolve("copy");
        List<LostRange> losses;
        try (Wal wal = quarantining(directory)) {
            losses = wal.partition(ORDERS).losses();
            append(wal.partition(ORDERS), 3);
            wal.backup(copy);
        }
        assertVerifies(copy);
        try (Wal wal = Wal.open(config(copy).build())) {
            LocalPartition orders = wal.partition(ORDERS);
            assertThat(orders.losses()).isEqualTo(losses);
            assertThat(readable(orders)).containsExactly(ranges(0, 13, 15, 20, 30, 43));
            append(orders, 1);
        }
    }

    @Test
    void readOnlyOpening_tellsOfGapsToo() {
        try (Wal wal = Wal.open(config(directory).readOnly(true).build())) {
            LocalPartition orders = wal.partition(ORDERS);
            assertThat(losses(orders)).containsExactly("13..15", "20..30");
            assertThat(readable(orders)).containsExactly(ranges(0, 13, 15, 20, 30, 40));
        }
    }
}
