package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IndexHeaderTest {

    private static final IndexHeader HEADER = new IndexHeader(42, 4096, 3, 1000, 1 << 20);

    @Test
    void header_comesBackAsItWasWritten() {
        ByteBuffer buffer = encoded();
        assertThat(IndexHeader.decode(buffer, 0, 48, HEADER.fileBytes())).isEqualTo(new Decoded.Good<>(HEADER));
        assertThat(HEADER.fileBytes()).isEqualTo(48 + 3 * 24 + 4);
    }

    @Test
    void sizeThatDoesNotFitTheFile_isDamage() {
        ByteBuffer buffer = encoded();
        for (long size : new long[] {0, 47, HEADER.fileBytes() - 1, HEADER.fileBytes() + 24, Long.MAX_VALUE}) {
            assertThat(IndexHeader.decode(buffer, 0, 48, size)).isInstanceOf(Decoded.Damaged.class);
        }
        buffer.putInt(24, Integer.MAX_VALUE);
        assertThat(IndexHeader.decode(buffer, 0, 48, HEADER.fileBytes())).isInstanceOf(Decoded.Damaged.class);
        assertThat(IndexHeader.decode(buffer, 0, 47, HEADER.fileBytes())).isInstanceOf(Decoded.Damaged.class);
    }

    @Test
    void changedHeaders_areAVerdictOrAHeaderThatWritesThem() {
        for (long n = 1; n <= 50_000; n++) {
            long seed = n;
            Random random = new Random(seed);
            ByteBuffer buffer = encoded();
            for (int i = 1 + random.nextInt(3); i > 0; i--) {
                buffer.put(random.nextInt(48), (byte) random.nextInt());
            }
            IndexHeader.decode(buffer, 0, 48, HEADER.fileBytes()).value().ifPresent(header -> {
                ByteBuffer again = ByteBuffer.allocate(48);
                header.encodeTo(again, 0);
                assertThat(again).as("seed %d", seed).isEqualTo(buffer);
            });
        }
    }

    @Test
    void entriesOutOfOrderOrOutsideOfTheSegment_doNotFollow() {
        ByteBuffer entry = ByteBuffer.allocateDirect(24);
        assertThat(follows(entry, 500, 8192, 70)).isTrue();
        assertThat(IndexHeader.entryOffset(entry, 0)).isEqualTo(500);
        assertThat(IndexHeader.entryPosition(entry, 0)).isEqualTo(8192);
        assertThat(IndexHeader.entryTimestampMillis(entry, 0)).isEqualTo(70);
        assertThat(follows(entry, 99, 8192, 70)).isFalse();
        assertThat(follows(entry, 1001, 8192, 70)).isFalse();
        assertThat(follows(entry, 500, 4096, 70)).isFalse();
        assertThat(follows(entry, 500, 8191, 70)).isFalse();
        assertThat(follows(entry, 500, 1 << 20, 70)).isFalse();
        assertThat(follows(entry, 500, 8192, 49)).isFalse();
        assertThat(follows(entry, -1, -8, -1)).isFalse();
    }

    private static boolean follows(ByteBuffer entry, long offset, long position, long timestampMillis) {
        IndexHeader.putEntry(entry, 0, offset, position, timestampMillis);
        return HEADER.canFollow(entry, 0, 100, 4096, 50);
    }

    private static ByteBuffer encoded() {
        ByteBuffer buffer = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        HEADER.encodeTo(buffer, 0);
        return buffer;
    }
}
