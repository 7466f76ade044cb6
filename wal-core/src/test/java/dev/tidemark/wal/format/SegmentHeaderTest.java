package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class SegmentHeaderTest {

    private static final UUID STORE = new UUID(0x0123_4567_89AB_CDEFL, 0xFEDC_BA98_7654_3210L);

    @Test
    void header_comesBackAsItWasWritten() {
        for (long seed = 1; seed <= 200; seed++) {
            SegmentHeader header = random(new Random(seed));
            ByteBuffer file = ByteBuffer.allocateDirect(3 * SegmentHeader.BYTES);
            file.put(0, garbage(file.capacity(), seed));

            header.encodeTo(file, SegmentHeader.BYTES);

            assertThat(SegmentHeader.decode(file, SegmentHeader.BYTES, SegmentHeader.BYTES))
                    .as("seed %d", seed)
                    .isEqualTo(new Decoded.Good<>(header));
        }
    }

    @Test
    void anyFlippedBit_isDamageAndNeverANewerVersion() {
        ByteBuffer file = encoded(random(new Random(1)));
        for (int bit = 0; bit < 8 * SegmentHeader.BYTES; bit++) {
            file.put(bit / 8, (byte) (file.get(bit / 8) ^ 1 << bit % 8));
            assertThat(SegmentHeader.decode(file, 0, SegmentHeader.BYTES))
                    .as("bit %d", bit)
                    .isInstanceOf(Decoded.Damaged.class);
            file.put(bit / 8, (byte) (file.get(bit / 8) ^ 1 << bit % 8));
        }
    }

    @Test
    void newerVersion_isToldFromDamage() {
        ByteBuffer file = encoded(random(new Random(1)));
        file.putInt(8, 2);
        assertThat(SegmentHeader.decode(file, 0, SegmentHeader.BYTES)).isInstanceOf(Decoded.Damaged.class);
        fixChecksum(file);
        assertThat(SegmentHeader.decode(file, 0, SegmentHeader.BYTES)).isEqualTo(new Decoded.Newer<>(2));
    }

    @Test
    void fieldsThatCannotBe_areDamageAlsoWithAGoodChecksum() {
        for (int field = 8; field < 128; field += 4) {
            for (int value : new int[] {0, -1, Integer.MIN_VALUE}) {
                ByteBuffer file = encoded(random(new Random(field)));
                file.putInt(field, value);
                fixChecksum(file);
                Decoded<SegmentHeader> decoded = SegmentHeader.decode(file, 0, SegmentHeader.BYTES);
                // Ids and checksums may be any number; what may not, must be a verdict and never an exception.
                assertThat(decoded).as("field at %d value %d", field, value).isNotNull();
                decoded.value().ifPresent(header -> assertThat(encoded(header)).isEqualTo(file));
            }
        }
    }

    @Test
    void cutOffHeaderOrZeros_areDamage() {
        ByteBuffer file = encoded(random(new Random(1)));
        for (int bytes = 0; bytes < SegmentHeader.BYTES; bytes++) {
            assertThat(SegmentHeader.decode(file, 0, bytes)).isInstanceOf(Decoded.Damaged.class);
        }
        assertThat(SegmentHeader.decode(ByteBuffer.allocate(4096), 0, 4096)).isInstanceOf(Decoded.Damaged.class);
    }

    @Test
    void segmentThatBeginsBeforeItsPredecessorEnds_isRefused() {
        SegmentEnd predecessor = new SegmentEnd(5, new SegmentName(0, 1), 100, 8192, 1);
        assertThatThrownBy(() -> new SegmentHeader(STORE, 1, 6, new SegmentName(99, 2), Optional.of(predecessor), 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(
                        () -> new SegmentHeader(STORE, 1, 6, new SegmentName(100, 1), Optional.of(predecessor), 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void salts_differBetweenSegments() {
        Set<Integer> salts = new HashSet<>();
        for (long segmentId = 1; segmentId <= 10_000; segmentId++) {
            salts.add(SegmentHeader.saltOf(segmentId));
        }
        assertThat(salts).hasSize(10_000);
    }

    @Test
    void runningChecksum_dependsOnEveryFrameAndTheirOrder() {
        long start = RunningChecksum.start(42);
        long ab = RunningChecksum.next(RunningChecksum.next(start, 0xA), 0xB);
        long ba = RunningChecksum.next(RunningChecksum.next(start, 0xB), 0xA);
        long a = RunningChecksum.next(start, 0xA);
        assertThat(Set.of(start, a, ab, ba)).hasSize(4);
        assertThat(RunningChecksum.next(0, 0)).isZero();
        assertThat(RunningChecksum.next(1, -1)).isEqualTo(RunningChecksum.next(1 ^ 0xFFFF_FFFFL, 0));
    }

    static SegmentHeader random(Random random) {
        long base = random.nextLong() >>> 8;
        int epoch = 2 + random.nextInt(1_000_000);
        Optional<SegmentEnd> predecessor = random.nextInt(4) == 0
                ? Optional.empty()
                : Optional.of(new SegmentEnd(
                        random.nextLong() | 1,
                        new SegmentName(base / 2, 1 + random.nextInt(epoch - 1)),
                        base - random.nextInt(2),
                        4096 + 8L * random.nextInt(1 << 20),
                        random.nextLong()));
        return new SegmentHeader(
                new UUID(random.nextLong(), random.nextLong()),
                random.nextLong(),
                random.nextLong() | 1,
                new SegmentName(base, epoch),
                predecessor,
                random.nextLong() >>> 20,
                random.nextLong() >>> 16);
    }

    private static ByteBuffer encoded(SegmentHeader header) {
        ByteBuffer file = ByteBuffer.allocate(SegmentHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.encodeTo(file, 0);
        return file;
    }

    private static void fixChecksum(ByteBuffer file) {
        file.putInt(4092, FrameCodec.crcOf(file, 0, 4092, new CRC32C()));
    }

    private static byte[] garbage(int bytes, long seed) {
        byte[] garbage = new byte[bytes];
        new Random(seed).nextBytes(garbage);
        return garbage;
    }
}
