package dev.tidemark.cli;

import dev.tidemark.wal.format.ControlPayload;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.RecordsReader;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentSummary;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.ScannedFrame;
import dev.tidemark.wal.segment.SegmentScan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Walks through one segment file and tells a sink everything it meets. Unlike recovery it does not stop at the first bad place: it steps over a frame
 * whose header verifies, and searches for the next such frame where none does.
 *
 * <p><b>Threads.</b> Confined to one thread.
 */
final class SegmentDump {
    private final Disk disk;
    private final Path path;
    private final FrameSink sink;
    private final boolean hasRecords;
    private final long maxFrames;
    private final RecordsReader records = new RecordsReader();

    SegmentDump(Disk disk, Path path, FrameSink sink, boolean hasRecords, long maxFrames) {
        this.disk = disk;
        this.path = path;
        this.sink = sink;
        this.hasRecords = hasRecords;
        this.maxFrames = maxFrames;
    }

    /** Returns false if nothing in the file could be checked: it is no segment, or not enough of its header is left to tell. */
    boolean run() throws IOException {
        try (DiskFile file = disk.open(path, Disk.Access.READ)) {
            ByteBuffer window = ByteBuffer.allocateDirect(SegmentScan.WINDOW_BYTES);
            long segmentId = header(file, window);
            if (segmentId == 0) {
                sink.end(0, 0, false);
                return false;
            }
            frames(new SegmentScan(file, SegmentHeader.saltOf(segmentId), window, Long.MAX_VALUE));
            return true;
        }
    }

    /** Shows the header, and returns the id that its frames are checked with, or 0 when it is not known. */
    private long header(DiskFile file, ByteBuffer window) throws IOException {
        window.clear().limit(SegmentHeader.BYTES);
        int read = file.readFully(window, 0);
        Decoded<SegmentHeader> decoded = SegmentHeader.decode(window, 0, read);
        if (decoded instanceof Decoded.Good<SegmentHeader> good) {
            sink.header(path, file.size(), good.content());
            return good.content().segmentId();
        }
        if (decoded instanceof Decoded.Newer<SegmentHeader> newer) {
            throw new CommandFailure(
                    ExitCode.NEWER,
                    "FORMAT_NEWER",
                    "segment was written by a newer version: file=" + path + " version=" + newer.version(),
                    "use the version of wal that wrote it, or a newer one");
        }
        String reason = ((Decoded.Damaged<SegmentHeader>) decoded).reason();
        long segmentId = new LostSegmentId(disk).of(path);
        sink.badHeader(path, file.size(), reason, segmentId);
        return segmentId;
    }

    private void frames(SegmentScan scan) throws IOException {
        long position = SegmentHeader.BYTES;
        long expectedOffset = FrameCodec.ANY_OFFSET;
        long frames = 0;
        while (position < scan.end() && frames < maxFrames) {
            FrameVerdict verdict = scan.check(position, expectedOffset);
            if (verdict.isLengthTrusted()) {
                sink.frame(scan.frame(), verdict);
                if (verdict.isValid()) {
                    contents(scan);
                }
                position = scan.frame().endPosition();
                expectedOffset = verdict.compareTo(FrameVerdict.WRONG_OFFSET) > 0
                        ? scan.frame().endOffset()
                        : FrameCodec.ANY_OFFSET;
                frames++;
                continue;
            }
            long next = nextFrame(scan, position);
            if (verdict == FrameVerdict.ZEROS && next == scan.usedEnd(position)) {
                next = scan.end();
            }
            gap(scan, position, next, verdict);
            position = next;
            expectedOffset = FrameCodec.ANY_OFFSET;
        }
        sink.end(position, frames, position >= scan.end());
    }

    /** Where the next frame begins whose header verifies; the end of the file if there is none. */
    private static long nextFrame(SegmentScan scan, long from) throws IOException {
        long usedEnd = scan.usedEnd(from);
        for (long at = from + FrameCodec.ALIGNMENT; at < usedEnd; at += FrameCodec.ALIGNMENT) {
            if (scan.check(at, FrameCodec.ANY_OFFSET).isLengthTrusted()) {
                return at;
            }
        }
        return scan.end();
    }

    /** Bytes that are no frame: bad ones, then perhaps zeros up to the end of the file. */
    private void gap(SegmentScan scan, long from, long to, FrameVerdict verdict) throws IOException {
        long usedEnd = to == scan.end() ? align(scan.usedEnd(from), to) : to;
        if (usedEnd > from) {
            sink.bad(from, usedEnd, verdict);
        }
        if (usedEnd < to) {
            sink.zeros(usedEnd, to);
        }
    }

    private static long align(long position, long limit) {
        return Math.min(limit, (position + FrameCodec.ALIGNMENT - 1) & -FrameCodec.ALIGNMENT);
    }

    // ---------------------------------------------------------------- what is in a frame

    private void contents(SegmentScan scan) throws IOException {
        ScannedFrame frame = scan.frame();
        FrameKind kind = frame.kind();
        if (kind == FrameKind.SEAL || kind == FrameKind.CONTROL) {
            ByteBuffer payload = scan.readPayload(FrameCodec.MAX_PAYLOAD_BYTES);
            sink.note(kind == FrameKind.SEAL ? seal(payload) : control(payload));
        } else if (kind == FrameKind.RECORDS && hasRecords) {
            records(scan.readPayload(FrameCodec.MAX_PAYLOAD_BYTES), frame);
        }
    }

    private void records(ByteBuffer payload, ScannedFrame frame) {
        records.open(payload, 0, payload.remaining(), frame.count());
        long offset = frame.offset();
        while (records.next()) {
            sink.record(offset++, records.record());
        }
        if (records.isMalformed()) {
            sink.note("not " + frame.count() + " well-formed records: " + records.problem());
        }
    }

    private static String seal(ByteBuffer payload) {
        Decoded<SealPayload> decoded = SealPayload.decode(payload, 0, payload.remaining());
        return decoded.value()
                .map(seal -> "seal: " + described(seal.summary()) + " producers="
                        + seal.producers().size())
                .orElse("not a well-formed seal");
    }

    private static String control(ByteBuffer payload) {
        Decoded<ControlPayload> decoded = ControlPayload.decode(payload, 0, payload.remaining());
        return decoded.value()
                .map(control -> control instanceof ControlPayload.CloseSnapshot snapshot
                        ? "clean close: " + described(snapshot.summary()) + " producers="
                                + snapshot.producers().size()
                        : "proof")
                .orElse("not a well-formed control frame");
    }

    private static String described(SegmentSummary summary) {
        return "end=" + summary.endOffset() + " frames=" + summary.frames() + " records=" + summary.records()
                + " payloadBytes=" + summary.payloadBytes();
    }
}
