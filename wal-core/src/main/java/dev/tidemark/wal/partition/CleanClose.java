package dev.tidemark.wal.partition;

import dev.tidemark.wal.format.CleanStamp;
import dev.tidemark.wal.format.ControlPayload;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.segment.OpenSegment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The last two things a partition writes: a snapshot of what the next opening would otherwise have to scan for, and the stamp
 * in {@code PARTITION} that says where it lies.
 *
 * <p><b>Threads.</b> The holder of both rights, with everything forced, and only while the active segment may be written to.
 *
 * <p><b>Crash.</b> Without the stamp the next opening scans, and finds the snapshot to be a frame like any other. The stamp comes
 * after the force: with it, whatever falls short is damage.
 */
final class CleanClose {
    private CleanClose() {}

    /**
     * Writes both. On a full disk, which may be fuller than RESERVE can help, the log is left without them.
     *
     * @param segments how many segments there are
     * @param isRecovered whether recovery had room for all it had to do; if not, the next opening has to do it, so there is no stamp
     */
    static void run(
            PartitionServices services, PartitionParts parts, ActiveSegment active, int segments, boolean isRecovered)
            throws IOException {
        // Whatever changes something withdraws the stamp first. Where it stands, every round since the last clean close
        // was refused; a frame behind the one that it names would make PARTITION look older than the segment.
        if (!isRecovered || parts.metadata().current().cleanStamp().isPresent()) {
            return;
        }
        SegmentEnd end = active.end();
        long timestampMillis = Rotation.lastTimestampMillis(active);
        List<ProducerState> producers = parts.producers().at(end.endOffset(), timestampMillis);
        byte[] payload = new ControlPayload.CloseSnapshot(
                        Rotation.summary(end.endOffset(), active.totals.totals()), timestampMillis, producers)
                .encode();
        ByteBuffer frame =
                Rotation.controlFrame(FrameKind.CONTROL, payload, active.segment.salt(), end, timestampMillis);
        OpenSegment file = active.enter();
        try {
            try {
                services.room().withReserve(() -> {
                    file.file().writeFully(frame.clear(), end.endPosition());
                    return end;
                });
            } catch (IOException e) {
                leaveOut(services, parts, e);
                return;
            }
            // A force that fails is final, whatever the disk calls it.
            file.file().force(false);
        } finally {
            active.leave();
        }
        CleanStamp stamp = new CleanStamp(
                end.segmentId(), end.endPosition(), FrameCodec.headerCrc(frame, 0), end.endOffset(), segments);
        try {
            parts.metadata()
                    .replace(before -> before.change()
                            .provenEnd(end.endOffset())
                            .cleanStamp(stamp)
                            .done());
        } catch (IOException e) {
            leaveOut(services, parts, e);
        }
    }

    /** Without room for them, everything accepted is durable all the same: the next opening has to look for the end, and that is all. */
    private static void leaveOut(PartitionServices services, PartitionParts parts, IOException cause)
            throws IOException {
        if (!DiskErrors.isFull(cause) || parts.metadata().isOutcomeUnknown()) {
            throw cause;
        }
        services.room().full(cause);
    }
}
