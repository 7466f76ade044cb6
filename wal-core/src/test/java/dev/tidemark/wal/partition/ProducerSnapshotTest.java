package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.RecoveryHarness.disk;
import static dev.tidemark.wal.partition.RecoveryHarness.failure;
import static dev.tidemark.wal.partition.RecoveryHarness.recover;
import static dev.tidemark.wal.partition.RecoveryHarness.recovered;
import static dev.tidemark.wal.partition.RecoveryHarness.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.ProducerBatch;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.SegmentImage;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What recovery makes of the snapshots in seals and of the frames behind them, on logs that were laid out by hand. */
class ProducerSnapshotTest {

    @Test
    void snapshotInTheLastSealAndTheFramesBehindIt_areJoined() throws IOException {
        LogBuilder log = new LogBuilder()
                .append(5, 50)
                .remember(
                        state(7, 1, 900, new ProducerBatch(10, 2, 0)),
                        state(8, 1, 800, new ProducerBatch(0, 1, 2)),
                        state(9, 1, 700, new ProducerBatch(0, 1, 3)))
                .rotate();
        SegmentImage newest = log.newest();
        newest.produced(7, 1, 12, 3, new byte[20])
                .produced(9, 2, 0, 1, new byte[5])
                .produced(7, 1, 15, 1, new byte[5]);
        long base = newest.header().name().baseOffset();
        long first = newest.header().firstTimestampMillis() + 1;
        assertThat(recovered(disk(log)).producers())
                .containsExactly(
                        state(
                                7,
                                1,
                                first + 2,
                                new ProducerBatch(10, 2, 0),
                                new ProducerBatch(12, 3, base),
                                new ProducerBatch(15, 1, base + 4)),
                        state(8, 1, 800, new ProducerBatch(0, 1, 2)),
                        state(9, 2, first + 1, new ProducerBatch(0, 1, base + 3)));
    }

    @Test
    void framesThatRecoveryCuts_doNotCount() throws IOException {
        LogBuilder log = new LogBuilder();
        SegmentImage segment = log.newest();
        segment.produced(7, 1, 0, 2, new byte[20]).produced(7, 1, 2, 2, new byte[20]);
        segment.produced(8, 1, 0, 1, new byte[20]);
        segment.flip(segment.frame(1).position() + 50, 1);
        assertThat(recovered(disk(log)).producers())
                .containsExactly(state(7, 1, segment.header().firstTimestampMillis() + 1, new ProducerBatch(0, 2, 0)));
    }

    @Test
    void snapshotThatTellsOfWhatComesLater_isDamage_R4() throws IOException {
        for (long offset : new long[] {3, 4, Long.MAX_VALUE - 10}) {
            LogBuilder log = new LogBuilder()
                    .append(4, 50)
                    .remember(state(7, 1, 900, new ProducerBatch(0, 2, offset)))
                    .rotate()
                    .append(50);
            log.newest().produced(7, 1, 2, 1, new byte[5]);
            RecoveryResult result = recover(disk(log));
            assertThat(row(result.report())).isEqualTo(RecoveryCase.R4);
            assertThat(failure(result).code()).isEqualTo(ErrorCode.SEGMENT_CORRUPT);
        }
    }

    @Test
    void closeSnapshotThatTellsOfWhatComesLater_isDamage_R3() throws IOException {
        LogBuilder log = new LogBuilder()
                .append(4, 50)
                .remember(state(7, 1, 900, new ProducerBatch(0, 2, 3)))
                .closeCleanly();
        RecoveryResult result = recover(disk(log));
        assertThat(row(result.report())).isEqualTo(RecoveryCase.R3);
        assertThat(failure(result).code()).isEqualTo(ErrorCode.SEGMENT_CORRUPT);
    }

    @Test
    void closeSnapshot_isAllThatIsKnownAfterACleanClose() throws IOException {
        ProducerState known = state(7, 1, 900, new ProducerBatch(0, 2, 2));
        LogBuilder log = new LogBuilder().append(4, 50).remember(known).closeCleanly();
        RecoveredLog found = recovered(disk(log));
        assertThat(found.report().cases()).containsExactly(RecoveryCase.CLEAN);
        assertThat(found.producers()).containsExactly(known);
    }

    @Test
    void twoSealsAreMissing_whatTheFramesOfBothTellIsKnown_R6() throws IOException {
        LogBuilder log = new LogBuilder()
                .append(3, 50)
                .remember(state(7, 1, 900, new ProducerBatch(10, 2, 0)))
                .rotate();
        log.newest().produced(7, 1, 12, 1, new byte[5]).produced(8, 1, 0, 1, new byte[5]);
        log.rotateWithoutSeal();
        log.newest().produced(9, 1, 0, 1, new byte[5]);
        log.rotateWithoutSeal();
        log.newest().produced(7, 1, 13, 1, new byte[5]);
        SimulatedDisk disk = disk(log);
        List<ProducerState> known = recovered(disk).producers();
        assertThat(known).extracting(ProducerState::producerId).containsExactly(7L, 8L, 9L);
        assertThat(known.get(0).recent())
                .containsExactly(new ProducerBatch(10, 2, 0), new ProducerBatch(12, 1, 3), new ProducerBatch(13, 1, 6));
        assertThat(recovered(disk).producers())
                .as("by the seals that were written")
                .isEqualTo(known);
    }

    private static ProducerState state(long id, long epoch, long timestampMillis, ProducerBatch... batches) {
        return new ProducerState(id, epoch, timestampMillis, List.of(batches));
    }
}
