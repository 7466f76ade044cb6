package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.LogBuilder.path;
import static dev.tidemark.wal.partition.RecoveryHarness.disk;
import static dev.tidemark.wal.partition.RecoveryHarness.recovered;
import static dev.tidemark.wal.partition.RecoveryHarness.verify;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.ProducerBatch;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.SegmentScan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** As many producers as a log may remember: their snapshot is larger than the window through which recovery looks. */
class ManyProducersTest {
    /** Many, so that the numbers in a snapshot are long ones. */
    private static final int RECORDS = 400_000_000;

    @Test
    void sealThatIsLargerThanTheWindow_isReadAndBelieved() throws IOException {
        LogBuilder log = new LogBuilder()
                .batch(RECORDS, 100)
                .remember(producers())
                .rotate()
                .append(2, 100);
        assertThat(log.segment(0).length()).isGreaterThan(SegmentScan.WINDOW_BYTES + 8192);
        SimulatedDisk disk = disk(log);

        RecoveredLog found = recovered(disk);

        assertThat(found.report().cases()).as("the seal is good").containsExactly(RecoveryCase.R1);
        assertThat(found.end()).isEqualTo(RECORDS + 2);
    }

    @Test
    void sealThatIsLostAfterALargeOne_remembersThemAll() throws IOException {
        LogBuilder log = new LogBuilder()
                .batch(RECORDS, 100)
                .remember(producers())
                .rotate()
                .append(2, 100)
                .rotateWithoutSeal()
                .append(1, 100);
        SimulatedDisk disk = disk(log);

        assertThat(recovered(disk).report().cases()).containsExactly(RecoveryCase.R6, RecoveryCase.R1);

        assertThat(disk.contents(path(log.segment(1))).length)
                .as("the seal that was made again holds as many")
                .isGreaterThan(SegmentScan.WINDOW_BYTES);
        assertThat(verify(disk).findings()).isEmpty();
    }

    @Test
    void snapshotOfACleanClose_isReadAsAWhole() throws IOException {
        LogBuilder log =
                new LogBuilder().batch(RECORDS, 100).remember(producers()).closeCleanly();
        SimulatedDisk disk = disk(log);

        assertThat(recovered(disk).report().cases()).containsExactly(RecoveryCase.CLEAN);
        disk.flipBit(path(log.newest()), (log.newest().length() - 100) * 8L);
        assertThat(RecoveryHarness.row(RecoveryHarness.recover(disk).report())).isEqualTo(RecoveryCase.R3);
    }

    private static ProducerState[] producers() {
        List<ProducerState> producers = new ArrayList<>();
        List<ProducerBatch> batches = new ArrayList<>();
        int count = RECORDS / ProducerState.MAX_RECENT;
        for (int i = 0; i < ProducerState.MAX_RECENT; i++) {
            batches.add(new ProducerBatch((long) i * count, count, (long) i * count));
        }
        for (int i = 1; i <= ProducerState.MAX_PRODUCERS; i++) {
            producers.add(new ProducerState(i, 1, 1_000, batches));
        }
        return producers.toArray(ProducerState[]::new);
    }
}
