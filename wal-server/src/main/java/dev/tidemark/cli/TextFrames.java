package dev.tidemark.cli;

import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.segment.ScannedFrame;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;

/** Frames as a table for people. */
final class TextFrames implements FrameSink {
    private static final String ROW = "%12s  %-8s %12s %7s %10s  %-24s %12s  %s";
    private static final int MAX_SHOWN_CHARS = 60;

    private final Output out;
    private final Paint paint;

    TextFrames(Output out, Paint paint) {
        this.out = out;
        this.paint = paint;
    }

    @Override
    public void header(Path file, long fileBytes, SegmentHeader header) {
        out.line(paint.bold(file.toString()));
        out.line(
                "  base=%d epoch=%d segment=%016x partition=%016x created=%s bytes=%d",
                header.name().baseOffset(),
                header.name().epoch(),
                header.segmentId(),
                header.partitionId(),
                Instant.ofEpochMilli(header.createdAtMillis()),
                fileBytes);
        header.predecessor()
                .ifPresent(end -> out.line(
                        "  predecessor=%s end=%d endPosition=%d checksum=%016x",
                        end.name(), end.endOffset(), end.endPosition(), end.checksum()));
        columns();
    }

    @Override
    public void badHeader(Path file, long fileBytes, String reason, long segmentId) {
        out.line(paint.bold(file.toString()));
        out.line(paint.red("  BAD HEADER ") + reason + " bytes=" + fileBytes);
        if (segmentId == 0) {
            out.line("  its id is not known from elsewhere either, so its frames cannot be checked");
        } else {
            out.line("  its id is known from its neighbours: segment=%016x", segmentId);
            columns();
        }
    }

    private void columns() {
        out.line(paint.faint(
                String.format(ROW, "position", "kind", "offset", "count", "length", "timestamp", "synced", "check")));
    }

    @Override
    public void frame(ScannedFrame frame, FrameVerdict verdict) {
        out.line(
                ROW,
                frame.position(),
                verdict.compareTo(FrameVerdict.BAD_KIND) > 0 ? frame.kind() : "?",
                frame.offset(),
                frame.count(),
                frame.payloadLength(),
                Instant.ofEpochMilli(frame.timestampMillis()),
                frame.synced(),
                verdict.isValid() ? "ok" : paint.red(verdict.name()));
    }

    @Override
    public void record(long offset, WalRecord record) {
        String key = record.key().map(bytes -> shown(bytes) + " = ").orElse("");
        String headers = record.headers().isEmpty() ? "" : " headers=" + record.headers();
        out.line("%36s  %s%s%s", offset, key, shown(record.value()), headers);
    }

    @Override
    public void note(String text) {
        out.line(paint.faint(String.format("%12s  %s", "", text)));
    }

    @Override
    public void bad(long fromPosition, long toPosition, FrameVerdict verdict) {
        out.line(
                "%12d  %s %d bytes that are no frame",
                fromPosition, paint.red(verdict.name()), toPosition - fromPosition);
    }

    @Override
    public void zeros(long fromPosition, long toPosition) {
        out.line("%12d  %s", fromPosition, paint.faint((toPosition - fromPosition) + " bytes of zeros"));
    }

    @Override
    public void end(long position, long frames, boolean isComplete) {
        out.line(
                "%12d  %s%s",
                position, Quantity.count(frames, "frame"), isComplete ? ", end of file" : ", not shown further");
    }

    /** The beginning of a value, without anything that would move a terminal's cursor. */
    private static String shown(byte[] bytes) {
        String text = new String(bytes, 0, Math.min(bytes.length, MAX_SHOWN_CHARS), StandardCharsets.UTF_8);
        String plain = text.replaceAll("\\p{Cntrl}|\ufffd", "·");
        return bytes.length <= MAX_SHOWN_CHARS ? plain : plain + "... (" + bytes.length + " bytes)";
    }
}
