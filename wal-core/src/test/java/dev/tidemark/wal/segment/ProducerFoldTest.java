package dev.tidemark.wal.segment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.format.ProducerBatch;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ProducerFoldTest {
    private final SegmentImage image =
            new SegmentImage(new SegmentHeader(new UUID(1, 2), 1, 7, new SegmentName(0, 1), Optional.empty(), 0, 0));

    @Test
    void onlyTheNewestBatchesOfAProducer_areRemembered() throws IOException {
        int batches = ProducerState.MAX_RECENT + 3;
        for (int i = 0; i < batches; i++) {
            image.produced(5, 1, 10L * i, 1, new byte[8]);
        }

        ProducerState state = fold(List.of()).get(0);

        assertThat(state.recent()).hasSize(ProducerState.MAX_RECENT);
        assertThat(state.recent().get(0)).isEqualTo(new ProducerBatch(30, 1, 3));
        assertThat(state.recent().get(ProducerState.MAX_RECENT - 1))
                .isEqualTo(new ProducerBatch(10L * (batches - 1), 1, batches - 1));
    }

    @Test
    void newEpoch_forgetsTheBatchesOfTheOldOne() throws IOException {
        image.produced(5, 1, 0, 2, new byte[8])
                .produced(5, 2, 0, 3, new byte[8])
                .raw(new byte[8], 0);

        assertThat(fold(List.of())).containsExactly(new ProducerState(5, 2, 2, List.of(new ProducerBatch(0, 3, 2))));
    }

    @Test
    void oneProducerTooMany_theOneSilentForLongestIsForgotten() throws IOException {
        List<ProducerState> many = new ArrayList<>();
        for (int i = 1; i <= ProducerState.MAX_PRODUCERS; i++) {
            // Number 77 was heard of before all others.
            many.add(new ProducerState(i, 1, i == 77 ? 0 : i, List.of(new ProducerBatch(0, 1, 0))));
        }
        image.produced(ProducerState.MAX_PRODUCERS + 1, 1, 0, 1, new byte[8]);

        List<ProducerState> folded = fold(many);

        assertThat(folded).hasSize(ProducerState.MAX_PRODUCERS);
        assertThat(folded)
                .extracting(ProducerState::producerId)
                .doesNotContain(77L)
                .contains(1L, 10_001L);
    }

    private List<ProducerState> fold(List<ProducerState> snapshot) throws IOException {
        Path path = Path.of("/data/a.seg");
        SimulatedDisk disk = new SimulatedDisk().withDirectories(Path.of("/data"));
        try (DiskFile file = disk.create(path)) {
            file.writeFully(ByteBuffer.wrap(image.bytes()), 0);
            SegmentScan scan =
                    new SegmentScan(file, image.header().salt(), ByteBuffer.allocateDirect(1 << 16), Long.MAX_VALUE);
            ProducerFold fold = new ProducerFold(snapshot);
            scan.walk(0, new TotalsCounter(SegmentTotals.none(7)), fold::add);
            return fold.snapshot();
        }
    }
}
