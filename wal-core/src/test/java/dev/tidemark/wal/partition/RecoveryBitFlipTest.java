package dev.tidemark.wal.partition;

import static dev.tidemark.wal.partition.RecoveryHarness.contents;
import static dev.tidemark.wal.partition.RecoveryHarness.failure;
import static dev.tidemark.wal.partition.RecoveryHarness.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.PartitionRecovery.Undecided;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.segment.SegmentImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One bit of a killed partition is flipped, each in its turn: nothing is ever lost silently. */
final class RecoveryBitFlipTest {

    /** In a header nearly every byte is reserved and zero; a few of each will do. */
    private static final int HEADER_STRIDE_BITS = 211;

    private final LogBuilder log = new LogBuilder()
            .append(2, 21)
            .rotate()
            .append(2, 13)
            .batch(3, 30)
            .force()
            .append(1, 9)
            .append(2, 24);

    /** The last proof says that offsets below 7 were durable. */
    private static final int PROVEN = 7;

    private final SegmentImage newest = log.newest();

    @Test
    void everyBitBelowTheLastProof_isReportedAsDamage() throws IOException {
        for (SegmentImage.Placed frame : newest.frames()) {
            if (frame.endOffset() > PROVEN) {
                continue;
            }
            eachBit(frame, (disk, bit, isPadding) -> {
                RecoveryResult result = RecoveryHarness.recover(disk);
                if (isPadding) {
                    assertThat(row(result.report())).isEqualTo(RecoveryCase.R1);
                    return;
                }
                assertThat(row(result.report())).as("bit " + bit).isEqualTo(RecoveryCase.R3);
                Damage damage = ((DamageException) failure(result)).damage();
                assertThat(damage.filePosition()).isEqualTo(frame.position());
                assertThat(damage.firstOffset()).isEqualTo(frame.offset());
                assertThat(damage.endOffset()).isEqualTo(frame.endOffset());
            });
        }
    }

    @Test
    void everyBitAboveTheLastProof_isCutAndReportedOrKept() throws IOException {
        for (SegmentImage.Placed frame : newest.frames()) {
            if (frame.endOffset() <= PROVEN) {
                continue;
            }
            eachBit(frame, (disk, bit, isPadding) -> {
                RecoveryResult result = RecoveryHarness.recover(disk);
                RecoveredLog found = RecoveryHarness.log(result);
                if (isPadding) {
                    assertThat(row(result.report())).isEqualTo(RecoveryCase.R1);
                    assertThat(found.end()).isEqualTo(newest.offset());
                    return;
                }
                assertThat(row(result.report())).as("bit " + bit).isEqualTo(RecoveryCase.R2);
                assertThat(found.end()).isEqualTo(frame.offset());
                Undecided undecided = result.report().undecided().orElseThrow();
                assertThat(undecided.filePosition()).isEqualTo(frame.position());
                assertThat(undecided.firstOffset()).isEqualTo(frame.offset());
                assertThat(disk.contents(LogBuilder.STORE.resolve(undecided.keptIn())))
                        .hasSize((int) undecided.bytes());
                contents(disk, found)
                        .forEach((offset, payload) ->
                                assertThat(payload).isEqualTo(LogBuilder.value(offset, payload.length)));
            });
        }
    }

    @Test
    void everyBitOfASeal_isWrittenAgain() throws IOException {
        SegmentImage sealed = log.segment(0);
        SegmentImage.Placed seal = sealed.frame(sealed.frames().size() - 1);
        int payloadBytes = FrameCodec.length(ByteBuffer.wrap(sealed.bytes()), seal.position());
        long end = (seal.position() + FrameCodec.HEADER_BYTES + payloadBytes) * 8L;
        for (long bit = seal.position() * 8L; bit < end; bit++) {
            SimulatedDisk disk = RecoveryHarness.disk(log);
            disk.flipBit(LogBuilder.path(sealed), bit);

            RecoveryResult result = RecoveryHarness.recover(disk);

            assertThat(row(result.report())).isEqualTo(RecoveryCase.R1);
            assertThat(disk.contents(LogBuilder.path(sealed))).isEqualTo(sealed.bytes());
        }
    }

    @Test
    void bitsOfHeaders_areReportedAsDamage() throws IOException {
        for (SegmentImage segment : log.segments()) {
            for (long bit = 0; bit < SegmentHeader.BYTES * 8L; bit += HEADER_STRIDE_BITS) {
                SimulatedDisk disk = RecoveryHarness.disk(log);
                disk.flipBit(LogBuilder.path(segment), bit);

                assertThat(row(RecoveryHarness.recover(disk).report())).isEqualTo(RecoveryCase.R4);
            }
        }
    }

    @Test
    void everyBitOfARecordInASealedSegment_isFoundByVerify() throws IOException {
        SegmentImage sealed = log.segment(0);
        for (SegmentImage.Placed frame : List.of(sealed.frame(0), sealed.frame(1))) {
            Path path = LogBuilder.path(sealed);
            long end = (frame.position() + 40 + 21) * 8L;
            for (long bit = frame.position() * 8L; bit < end; bit += 3) {
                SimulatedDisk disk = RecoveryHarness.disk(log);
                disk.flipBit(path, bit);

                List<VerifyFinding> findings =
                        RecoveryHarness.verify(disk).partitions().get(0).findings();

                assertThat(findings).as("bit " + bit).hasSize(1);
                assertThat(findings.get(0).severity()).isEqualTo(VerifyFinding.Severity.DAMAGE);
                assertThat(findings.get(0).filePosition()).isEqualTo(frame.position());
                assertThat(findings.get(0).firstOffset()).isEqualTo(frame.offset());
                assertThat(findings.get(0).endOffset()).isEqualTo(frame.endOffset());
            }
        }
    }

    private interface Judge {
        void judge(SimulatedDisk disk, long bit, boolean isPadding) throws IOException;
    }

    private void eachBit(SegmentImage.Placed frame, Judge judge) throws IOException {
        int paddingFrom = frame.position() + 40 + payloadBytes(frame);
        for (long bit = frame.position() * 8L; bit < frame.endPosition() * 8L; bit++) {
            SimulatedDisk disk = RecoveryHarness.disk(log);
            disk.flipBit(LogBuilder.path(newest), bit);
            judge.judge(disk, bit, bit >= paddingFrom * 8L);
        }
    }

    private static int payloadBytes(SegmentImage.Placed frame) {
        return switch ((int) frame.offset()) {
            case 2, 3 -> 13;
            case 4 -> 30;
            case 7 -> 9;
            default -> 24;
        };
    }
}
