package dev.tidemark.cli;

import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.segment.ScannedFrame;
import java.nio.file.Path;

/** Frames as JSON, an object a line; the field {@code type} says what it is. */
final class JsonFrames implements FrameSink {
    private final Output out;

    JsonFrames(Output out) {
        this.out = out;
    }

    @Override
    public void header(Path file, long fileBytes, SegmentHeader header) {
        Json json = new Json()
                .put("type", "segment")
                .put("file", file.toString())
                .put("fileBytes", fileBytes)
                .put("baseOffset", header.name().baseOffset())
                .put("epoch", header.name().epoch())
                .put("segmentId", hex(header.segmentId()))
                .put("partitionId", hex(header.partitionId()))
                .put("storeId", header.storeId().toString())
                .put("createdAtMillis", header.createdAtMillis());
        header.predecessor()
                .ifPresent(end -> json.put("predecessor", end.name().toString())
                        .put("predecessorEnd", end.endOffset())
                        .put("predecessorEndPosition", end.endPosition()));
        print(json);
    }

    @Override
    public void badHeader(Path file, long fileBytes, String reason, long segmentId) {
        Json json = new Json()
                .put("type", "badSegment")
                .put("file", file.toString())
                .put("fileBytes", fileBytes)
                .put("reason", reason);
        print(segmentId == 0 ? json : json.put("segmentId", hex(segmentId)));
    }

    @Override
    public void frame(ScannedFrame frame, FrameVerdict verdict) {
        Json json = new Json().put("type", "frame").put("position", frame.position());
        if (verdict.compareTo(FrameVerdict.BAD_KIND) > 0) {
            json.put("kind", frame.kind().name());
        }
        json.put("offset", frame.offset())
                .put("count", frame.count())
                .put("length", frame.payloadLength())
                .put("timestampMillis", frame.timestampMillis())
                .put("synced", frame.synced())
                .put("check", verdict.name());
        if (verdict.isValid() && frame.hasProducer()) {
            json.put("producerId", frame.producerId())
                    .put("producerEpoch", frame.producerEpoch())
                    .put("firstSequence", frame.firstSequence());
        }
        print(json);
    }

    @Override
    public void record(long offset, WalRecord record) {
        Json json = new Json().put("type", "record").put("offset", offset);
        record.timestampMillis().ifPresent(millis -> json.put("timestampMillis", millis));
        record.key().ifPresent(key -> RecordPrinter.putBytes(json, "key", key));
        RecordPrinter.putBytes(json, "value", record.value());
        RecordPrinter.putHeaders(json, record.headers());
        print(json);
    }

    @Override
    public void note(String text) {
        print(new Json().put("type", "note").put("text", text));
    }

    @Override
    public void bad(long fromPosition, long toPosition, FrameVerdict verdict) {
        print(new Json()
                .put("type", "bad")
                .put("position", fromPosition)
                .put("endPosition", toPosition)
                .put("check", verdict.name()));
    }

    @Override
    public void zeros(long fromPosition, long toPosition) {
        print(new Json().put("type", "zeros").put("position", fromPosition).put("endPosition", toPosition));
    }

    @Override
    public void end(long position, long frames, boolean isComplete) {
        print(new Json()
                .put("type", "end")
                .put("position", position)
                .put("frames", frames)
                .put("isComplete", isComplete));
    }

    private void print(Json json) {
        out.line(json.toString());
    }

    private static String hex(long id) {
        return String.format("%016x", id);
    }
}
