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
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** That the same frames always tell the same, from wherever the folding of them begins. */
class ProducerFoldTest {
    private final SegmentImage image =
            new SegmentImage(new SegmentHeader(new UUID(1, 2), 1, 7, new SegmentName(0, 1), Optional.empty(), 0, 0));

    @Test
    void onlyTheNewestBatchesOfAProducer_areRemembered() throws IOException {
        int batches = ProducerState.MAX_RECENT + 3;
        for (int i = 0; i < batches; i++) {
            image.produced(5, 1, i, 1, new byte[8]);
        }

        ProducerState state = fold(List.of()).get(0);

        assertThat(state.recent()).hasSize(ProducerState.MAX_RECENT);
        assertThat(state.recent().get(0)).isEqualTo(new ProducerBatch(3, 1, 3));
        assertThat(state.recent().get(ProducerState.MAX_RECENT - 1))
                .isEqualTo(new ProducerBatch(batches - 1, 1, batches - 1));
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

    @Test
    void batchThatFollows_isAddedAndAnythingElseBeginsAnew() {
        ProducerState state = null;
        state = ProducerState.after(state, 1, 0, 10, new ProducerBatch(0, 2, 0));
        state = ProducerState.after(state, 1, 0, 20, new ProducerBatch(2, 1, 5));
        assertThat(state.recent()).hasSize(2);
        assertThat(state.lastTimestampMillis()).isEqualTo(20);
        assertThat(ProducerState.after(state, 1, 1, 30, new ProducerBatch(3, 1, 6))
                        .recent())
                .as("another epoch")
                .hasSize(1);
        assertThat(ProducerState.after(state, 1, 0, 30, new ProducerBatch(0, 1, 6))
                        .recent())
                .as("from the beginning, after it was forgotten")
                .hasSize(1);
        ProducerState last = ProducerState.after(null, 1, 0, 10, new ProducerBatch(Long.MAX_VALUE, 1, 0));
        assertThat(ProducerState.after(last, 1, 0, 20, new ProducerBatch(Long.MIN_VALUE, 1, 1))
                        .recent())
                .as("whatever bytes say can be folded")
                .hasSize(2);
    }

    @Test
    void foldingInTwoParts_isFoldingAtOnce() {
        long seed = Long.getLong("tidemark.seed", System.nanoTime());
        for (int run = 0; run < 500; run++) {
            Random random = new Random(seed + run);
            List<Frame> frames = frames(random);
            List<ProducerState> atOnce = folded(List.of(), frames);
            int cut = random.nextInt(frames.size() + 1);
            List<ProducerState> before = folded(List.of(), frames.subList(0, cut));
            assertThat(folded(before, frames.subList(cut, frames.size())))
                    .as("frame by frame, seed=%d", seed + run)
                    .isEqualTo(atOnce);
            ProducerFold joined = new ProducerFold(before);
            joined.add(new ProducerFold(folded(List.of(), frames.subList(cut, frames.size()))));
            assertThat(joined.snapshot())
                    .as("part by part, seed=%d", seed + run)
                    .isEqualTo(atOnce);
        }
    }

    @Test
    void moreProducersThanASnapshotHolds_thoseSilentForLongestAreForgotten() {
        List<ProducerState> full = new ArrayList<>();
        for (int i = 0; i < ProducerState.MAX_PRODUCERS; i++) {
            full.add(new ProducerState(i, 0, 1000 + i, List.of(new ProducerBatch(0, 1, i))));
        }
        ProducerFold fold = new ProducerFold(full);
        long offset = ProducerState.MAX_PRODUCERS;
        fold.add(new ProducerFold(List.of(
                new ProducerState(-1, 0, 20_000, List.of(new ProducerBatch(0, 1, offset))),
                new ProducerState(-2, 0, 20_001, List.of(new ProducerBatch(0, 1, offset + 1))))));
        List<ProducerState> snapshot = fold.snapshot();
        assertThat(snapshot).hasSize(ProducerState.MAX_PRODUCERS);
        assertThat(snapshot.get(0).producerId()).isEqualTo(-2);
        assertThat(snapshot.get(2).producerId()).isEqualTo(2);
    }

    private record Frame(long producerId, long epoch, long sequence, int count, long offset, long timestampMillis) {}

    /** What a log might take in: each producer goes on, raises its epoch, or begins anew. */
    private static List<Frame> frames(Random random) {
        List<Frame> frames = new ArrayList<>();
        long[] epochs = new long[3];
        long[] next = new long[3];
        long offset = 0;
        for (int i = random.nextInt(60); i >= 0; i--) {
            int producer = random.nextInt(3);
            int what = random.nextInt(12);
            if (what == 0) {
                epochs[producer]++;
                next[producer] = 0;
            } else if (what == 1) {
                next[producer] = 0;
            }
            int count = 1 + random.nextInt(3);
            frames.add(new Frame(producer, epochs[producer], next[producer], count, offset, 100 + offset));
            next[producer] += count;
            offset += count + random.nextInt(2);
        }
        return frames;
    }

    private static List<ProducerState> folded(List<ProducerState> snapshot, List<Frame> frames) {
        ProducerFold fold = new ProducerFold(snapshot);
        for (Frame frame : frames) {
            ProducerState before = fold.snapshot().stream()
                    .filter(state -> state.producerId() == frame.producerId)
                    .findFirst()
                    .orElse(null);
            ProducerState after = ProducerState.after(
                    before,
                    frame.producerId,
                    frame.epoch,
                    frame.timestampMillis,
                    new ProducerBatch(frame.sequence, frame.count, frame.offset));
            List<ProducerState> others = new ArrayList<>(fold.snapshot());
            others.remove(before);
            others.add(after);
            fold = new ProducerFold(others);
        }
        return fold.snapshot();
    }
}
