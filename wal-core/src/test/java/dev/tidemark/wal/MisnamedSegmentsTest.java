package dev.tidemark.wal;

import static dev.tidemark.wal.QuarantineTest.ORDERS;
import static dev.tidemark.wal.QuarantineTest.append;
import static dev.tidemark.wal.QuarantineTest.config;
import static dev.tidemark.wal.QuarantineTest.ranges;
import static dev.tidemark.wal.QuarantineTest.readable;
import static dev.tidemark.wal.QuarantineTest.segmentFiles;
import static dev.tidemark.wal.QuarantineTest.store;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.DamagePolicy;
import dev.tidemark.wal.api.PartitionRecovery.Quarantined;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Quarantine where names are wrong: files under another name, beside the log, or a {@code PARTITION} that names what is long past. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class MisnamedSegmentsTest {

    @TempDir
    Path directory;

    private Wal quarantining() {
        return Wal.open(config(directory).damagePolicy(DamagePolicy.QUARANTINE).build());
    }

    private static Quarantined quarantined(Wal wal) {
        return wal.recovery().partitions().get(0).quarantined().orElseThrow();
    }

    private Path inPartition(String name) {
        return directory.resolve(ORDERS.toString()).resolve(name);
    }

    private void assertOpensUnderFail(Long... readable) {
        try (Wal wal = Wal.open(config(directory).build())) {
            assertThat(wal.recovery().refused()).isEmpty();
            assertThat(readable(wal.partition(ORDERS))).containsExactly(readable);
        }
    }

    @Test
    void segmentUnderAnotherName_isKeptAside_andItsRecordsAreAGap() throws IOException {
        List<Path> segments = store(directory, 4, 10);
        byte[] bytes = Files.readAllBytes(segments.get(1));
        Path renamed = inPartition("00000000000000000035-00000002.seg");
        Files.move(segments.get(1), renamed);
        try (Wal wal = quarantining()) {
            assertThat(readable(wal.partition(ORDERS))).containsExactly(ranges(0, 10, 20, 40));
            assertThat(renamed).doesNotExist();
            assertThat(quarantined(wal).keptIn())
                    .singleElement()
                    .satisfies(copy -> assertThat(inPartition(copy)).hasBinaryContent(bytes));
            append(wal.partition(ORDERS), 3);
        }
        assertOpensUnderFail(ranges(0, 10, 20, 43));
    }

    @Test
    void copyOfASegmentBesideIt_isKeptAside_andNothingIsLost() throws IOException {
        List<Path> segments = store(directory, 4, 10);
        Files.copy(segments.get(1), inPartition("00000000000000000012-00000002.seg"));
        try (Wal wal = quarantining()) {
            assertThat(quarantined(wal).lost()).isEmpty();
            assertThat(readable(wal.partition(ORDERS))).containsExactly(ranges(0, 40));
        }
        assertThat(segmentFiles(directory)).hasSize(4);
        assertOpensUnderFail(ranges(0, 40));
    }

    @Test
    void newerSegmentThatHoldsNothing_isKeptAside_andOneThatHoldsSomethingIsNotGivenUp() throws IOException {
        store(directory, 3, 10);
        Path newer = inPartition("00000000000000000030-00000004.seg");
        byte[] bytes = new byte[8192];
        bytes[100] = 1;
        Files.write(newer, bytes);
        try (Wal wal = quarantining()) {
            assertThat(wal.recovery().refused()).isEmpty();
            assertThat(readable(wal.partition(ORDERS))).containsExactly(ranges(0, 30));
            assertThat(quarantined(wal).keptIn()).hasSize(1);
        }
        assertThat(newer).doesNotExist();
        bytes[5000] = 1;
        Files.write(inPartition("00000000000000000030-00000009.seg"), bytes);
        try (Wal wal = quarantining()) {
            assertThat(wal.recovery().refused()).hasSize(1);
        }
        assertThat(inPartition("00000000000000000030-00000009.seg")).hasBinaryContent(bytes);
    }

    @Test
    void partitionFileOfTheBeginning_isBroughtUpToDate_andNothingIsLost() throws IOException {
        Path first = directory.resolve("first");
        try (Wal wal = Wal.open(config(directory).build())) {
            append(wal.partition(ORDERS), 1);
            Files.copy(inPartition("PARTITION"), first);
        }
        try (Wal wal = Wal.open(config(directory).build())) {
            for (int i = 0; i < 3; i++) {
                append(wal.partition(ORDERS), 5);
                wal.partition(ORDERS).rotate();
            }
        }
        Files.copy(first, inPartition("PARTITION"), StandardCopyOption.REPLACE_EXISTING);
        try (Wal wal = quarantining()) {
            assertThat(quarantined(wal).lost()).isEmpty();
            assertThat(readable(wal.partition(ORDERS))).containsExactly(ranges(0, 16));
            append(wal.partition(ORDERS), 2);
        }
        assertOpensUnderFail(ranges(0, 18));
    }
}
