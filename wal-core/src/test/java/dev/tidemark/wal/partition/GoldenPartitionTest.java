package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.StoreFile;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Whole partitions as version 1 left them, frozen as files: every later version opens them and finds the same. */
final class GoldenPartitionTest {

    private static final String FOLDER = "/golden/v1/";

    @Test
    void partitionThatWasClosedInOrder_opensClean() throws IOException {
        List<String> files = List.of(
                "PARTITION",
                "00000000000000000100-00000003.seg",
                "00000000000000000100-00000003.idx",
                "00000000000000000109-00000004.seg");
        SimulatedDisk disk = diskWith("orders-7/", "orders-7", files);
        long before = disk.fingerprint();

        RecoveredLog log = open(disk, new PartitionId("orders", 7));

        assertThat(log.report().cases()).containsExactly(RecoveryCase.CLEAN);
        assertThat(log.start()).isEqualTo(100);
        assertThat(log.end()).isEqualTo(110);
        assertThat(disk.fingerprint()).isEqualTo(before);
        TreeMap<Long, byte[]> contents = RecoveryHarness.contents(disk, log);
        assertThat(contents).containsOnlyKeys(100L, 101L, 104L, 108L, 109L);
        assertThat(new String(contents.get(109L), StandardCharsets.US_ASCII)).isEqualTo("after the rotation");
    }

    @Test
    void partitionThatWasKilled_isRecoveredInTheSameWay() throws IOException {
        List<String> files =
                List.of("PARTITION", "00000000000000000000-00000001.seg", "00000000000000000003-00000002.seg");
        SimulatedDisk disk = diskWith("killed/orders-0/", "orders-0", files);

        RecoveredLog log = open(disk, LogBuilder.ID);

        // The seal of the first segment was torn, and so was the last frame of the second.
        assertThat(log.report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.R2);
        assertThat(log.end()).isEqualTo(7);
        assertThat(log.active().mustRotate()).isTrue();
        assertThat(log.report().undecided()).hasValueSatisfying(undecided -> {
            assertThat(undecided.firstOffset()).isEqualTo(7);
            assertThat(undecided.endOffset()).isEqualTo(8);
        });
        RecoveryHarness.contents(disk, log)
                .forEach((offset, payload) -> assertThat(payload).isEqualTo(LogBuilder.value(offset, payload.length)));
    }

    /** What the second golden partition was made from. */
    static LogBuilder killed() {
        LogBuilder log = new LogBuilder()
                .append(3, 100)
                .rotate()
                .append(2, 50)
                .force()
                .batch(2, 80)
                .append(1, 60);
        log.segment(0).cutTo(log.segment(0).length() - 30).zeros(200);
        log.newest().flip(log.newest().length() - 20, 0xff).zeros(128);
        return log;
    }

    private static RecoveredLog open(SimulatedDisk disk, PartitionId id) throws IOException {
        StoreFile store = StoreFile.decode(disk.contents(LogBuilder.STORE.resolve(Names.STORE)))
                .value()
                .orElseThrow();
        RecoveryContext usual = RecoveryHarness.context(disk, false);
        RecoveryContext context = new RecoveryContext(
                store.storeId(), usual.environment(), usual.room(), usual.metadataLock(), false, 4096);
        return RecoveryHarness.log(new Recoverer(context).recover(id, LogBuilder.STORE.resolve(id.toString())));
    }

    private static SimulatedDisk diskWith(String golden, String directory, List<String> files) throws IOException {
        SimulatedDisk disk = new SimulatedDisk().withDirectories(LogBuilder.STORE.resolve(directory));
        String store = golden.startsWith("killed") ? "killed/STORE" : "STORE";
        LogBuilder.write(disk, LogBuilder.STORE.resolve(Names.STORE), read(store));
        for (String file : files) {
            Path path = LogBuilder.STORE.resolve(directory).resolve(file);
            LogBuilder.write(disk, path, read(golden + file));
        }
        return disk;
    }

    private static byte[] read(String name) throws IOException {
        try (InputStream in = GoldenPartitionTest.class.getResourceAsStream(FOLDER + name)) {
            if (in == null) {
                throw new IllegalStateException("no such golden file: " + name);
            }
            return in.readAllBytes();
        }
    }
}
