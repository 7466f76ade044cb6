package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Payloads of {@code SEAL} and {@code CONTROL}. */
class SnapshotPayloadsTest {

    @Test
    void payloads_comeBackAsTheyWereWritten() {
        for (long seed = 1; seed <= 300; seed++) {
            Random random = new Random(seed);
            SealPayload seal = new SealPayload(summary(random), producers(random));
            ControlPayload close =
                    new ControlPayload.CloseSnapshot(summary(random), random.nextLong() >>> 16, producers(random));

            assertThat(decodeSeal(seal.encode())).as("seed %d", seed).isEqualTo(new Decoded.Good<>(seal));
            assertThat(decodeControl(close.encode())).as("seed %d", seed).isEqualTo(new Decoded.Good<>(close));
        }
        ControlPayload proof = ControlPayload.Proof.INSTANCE;
        assertThat(proof.encode()).containsExactly(1, 0, 0, 0);
        assertThat(decodeControl(proof.encode())).isEqualTo(new Decoded.Good<>(proof));
    }

    @Test
    void largestSnapshot_isStillReadAndOneMoreProducerIsRefused() {
        List<ProducerBatch> batches = new ArrayList<>();
        for (int i = 0; i < ProducerState.MAX_RECENT; i++) {
            batches.add(new ProducerBatch(
                    Long.MAX_VALUE - i, 100_000_000, Long.MAX_VALUE - 1_000_000_000L + i * 100_000_000L));
        }
        List<ProducerState> producers = new ArrayList<>();
        for (int i = 0; i < ProducerState.MAX_PRODUCERS; i++) {
            producers.add(new ProducerState(-i, Long.MAX_VALUE, FrameCodec.MAX_TIMESTAMP_MILLIS, batches));
        }
        SealPayload seal = new SealPayload(summary(new Random(1)), producers);
        assertThat(decodeSeal(seal.encode())).isEqualTo(new Decoded.Good<>(seal));

        producers.add(producers.get(0));
        assertThatThrownBy(() -> new SealPayload(seal.summary(), producers))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void changedBytes_areAVerdictOrAValueThatWritesThem() {
        Random first = new Random(1);
        byte[] seal = new SealPayload(summary(first), producers(first)).encode();
        byte[] close = new ControlPayload.CloseSnapshot(summary(first), 77, producers(first)).encode();
        for (long seed = 1; seed <= 20_000; seed++) {
            byte[] changedSeal = FormatBytes.mutated(seal, 0, new Random(seed));
            decodeSeal(changedSeal)
                    .value()
                    .ifPresent(value -> assertThat(value.encode()).isEqualTo(changedSeal));
            byte[] changedClose = FormatBytes.mutated(close, 0, new Random(seed));
            decodeControl(changedClose)
                    .value()
                    .ifPresent(value -> assertThat(value.encode()).isEqualTo(changedClose));
        }
    }

    @Test
    void lengthOverTheLimit_isDamageBeforeAnythingIsAllocated() {
        ByteBuffer small = ByteBuffer.allocate(8);
        assertThat(SealPayload.decode(small, 0, Integer.MAX_VALUE)).isInstanceOf(Decoded.Damaged.class);
        assertThat(ControlPayload.decode(small, 0, FrameCodec.MAX_PAYLOAD_BYTES))
                .isInstanceOf(Decoded.Damaged.class);
    }

    @Test
    void unknownSubtype_isDamage() {
        assertThat(decodeControl(new byte[] {3, 0, 0, 0})).isInstanceOf(Decoded.Damaged.class);
        assertThat(decodeControl(new byte[] {1, 0, 0, 0, 0})).isInstanceOf(Decoded.Damaged.class);
        assertThat(decodeControl(new byte[] {1, 0, 0})).isInstanceOf(Decoded.Damaged.class);
    }

    @Test
    void newestBatchOfAProducer_givesItsLastSequenceAndOffset() {
        ProducerState state =
                new ProducerState(1, 2, 3, List.of(new ProducerBatch(0, 10, 100), new ProducerBatch(10, 5, 200)));
        assertThat(state.lastSequence()).isEqualTo(14);
        assertThat(state.lastOffset()).isEqualTo(204);
        assertThatThrownBy(() -> new ProducerState(1, 2, 3, List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ProducerState(
                        1, 2, 3, List.of(new ProducerBatch(0, 10, 100), new ProducerBatch(10, 5, 109))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    static SegmentSummary summary(Random random) {
        long records = random.nextLong() >>> 20;
        long minTimestamp = random.nextLong() >>> 17;
        return new SegmentSummary(
                records + random.nextInt(1000),
                random.nextLong() >>> 20,
                records,
                random.nextLong() >>> 20,
                minTimestamp,
                minTimestamp + random.nextInt(1000),
                random.nextLong());
    }

    static List<ProducerState> producers(Random random) {
        List<ProducerState> producers = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            List<ProducerBatch> batches = new ArrayList<>();
            long offset = random.nextLong() >>> 3;
            for (int b = 1 + random.nextInt(ProducerState.MAX_RECENT); b > 0; b--) {
                ProducerBatch batch = new ProducerBatch(random.nextLong(), 1 + random.nextInt(1000), offset);
                offset = batch.endOffset() + random.nextInt(50);
                batches.add(batch);
            }
            producers.add(new ProducerState(random.nextLong(), random.nextLong(), random.nextLong() >>> 16, batches));
        }
        return producers;
    }

    private static Decoded<SealPayload> decodeSeal(byte[] payload) {
        return SealPayload.decode(ByteBuffer.wrap(payload), 0, payload.length);
    }

    private static Decoded<ControlPayload> decodeControl(byte[] payload) {
        ByteBuffer direct = ByteBuffer.allocateDirect(payload.length + 3);
        direct.put(3, payload);
        return ControlPayload.decode(direct, 3, payload.length);
    }
}
