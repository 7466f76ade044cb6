package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.protocol.SliceHead;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** What comes from the network is believed in nothing. */
class FetchedFramesTest {
    private static final int SALT = 0x5eed;
    private static final long POSITION = 4096;
    private static final Ends ENDS = new Ends(0, 9, 9, 9, 9);

    private static ByteBuffer frames(int count) {
        ByteBuffer all = ByteBuffer.allocate(1 << 12);
        int at = 0;
        for (int i = 0; i < count; i++) {
            byte[] value = ("value " + i).getBytes(StandardCharsets.UTF_8);
            CRC32C crc = new CRC32C();
            crc.update(value);
            FrameCodec.putHeader(
                    all, at, value.length, i, FrameCodec.stamp(1_000 + i, FrameKind.RAW, 0), 1, (int) crc.getValue());
            all.put(FrameCodec.payloadAt(all, at), value);
            FrameCodec.finish(all, at, SALT, POSITION + at, i, crc);
            at += FrameCodec.frameBytes(all, at);
        }
        return all.limit(at);
    }

    private static FetchedFrames over(ByteBuffer bytes, int salt, long position) {
        return new FetchedFrames(new SliceHead(ENDS, 0, 9, salt, position), Unpooled.wrappedBuffer(bytes));
    }

    /** The offsets of what is found valid, and the first verdict that is not. */
    private static FrameVerdict walk(FetchedFrames frames, List<Long> offsets) {
        while (frames.hasNext()) {
            FrameVerdict verdict = frames.next();
            if (!verdict.isValid()) {
                return verdict;
            }
            offsets.add(frames.offset());
        }
        return FrameVerdict.VALID;
    }

    @Test
    void goodFrames_areAllFound() {
        List<Long> offsets = new ArrayList<>();
        assertThat(walk(over(frames(4), SALT, POSITION), offsets)).isEqualTo(FrameVerdict.VALID);
        assertThat(offsets).containsExactly(0L, 1L, 2L, 3L);
    }

    @Test
    void framesOfAnotherPlaceOrSegment_areNotValid() {
        List<Long> offsets = new ArrayList<>();
        assertThat(walk(over(frames(2), SALT + 1, POSITION), offsets)).isEqualTo(FrameVerdict.BAD_HEADER_CRC);
        assertThat(walk(over(frames(2), SALT, POSITION + 8), offsets)).isEqualTo(FrameVerdict.BAD_HEADER_CRC);
        assertThat(offsets).isEmpty();
    }

    @Test
    void anyBitThatIsFlipped_isFound_exceptInPadding() {
        ByteBuffer good = frames(3);
        int undetected = 0;
        for (int bit = 0; bit < good.limit() * 8; bit++) {
            ByteBuffer bad = ByteBuffer.wrap(java.util.Arrays.copyOf(good.array(), good.limit()));
            bad.put(bit / 8, (byte) (bad.get(bit / 8) ^ 1 << bit % 8));
            if (walk(over(bad, SALT, POSITION), new ArrayList<>()).isValid()) {
                undetected++;
            }
        }
        // "value n" is 7 bytes, so each frame has one byte of padding.
        assertThat(undetected).isEqualTo(3 * 8);
    }

    @Test
    void anyCut_givesOnlyWholeFrames_andSaysSo() {
        ByteBuffer good = frames(3);
        int frameBytes = good.limit() / 3;
        for (int length = 1; length < good.limit(); length++) {
            List<Long> offsets = new ArrayList<>();
            ByteBuffer cut = ByteBuffer.wrap(java.util.Arrays.copyOf(good.array(), length));
            boolean isWhole = length % frameBytes == 0;
            assertThat(walk(over(cut, SALT, POSITION), offsets).isValid()).isEqualTo(isWhole);
            assertThat(offsets).hasSize(length / frameBytes);
        }
    }

    @Test
    void frameThatIsMissingInBetween_isNoticed() {
        ByteBuffer good = frames(3);
        int frameBytes = good.limit() / 3;
        ByteBuffer gap = ByteBuffer.allocate(2 * frameBytes);
        gap.put(0, good, 0, frameBytes);
        gap.put(frameBytes, good, 2 * frameBytes, frameBytes);
        // As a server could send it that knows how to make checksums.
        FrameCodec.finish(gap, frameBytes, SALT, POSITION + frameBytes, 2, new CRC32C());
        List<Long> offsets = new ArrayList<>();
        assertThat(walk(over(gap, SALT, POSITION), offsets)).isEqualTo(FrameVerdict.WRONG_OFFSET);
        assertThat(offsets).containsExactly(0L);
    }
}
