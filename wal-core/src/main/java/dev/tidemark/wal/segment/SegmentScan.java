package dev.tidemark.wal.segment;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.io.DiskFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Reads the frames of one segment file, front to back, in bounded memory. Recovery, {@code verify}, {@code dump} and index building all scan with
 * this class, so they agree about what a good frame is.
 *
 * <p>Three questions are answered: what is at this position ({@link #check}); how far do good frames follow one another ({@link #walk});
 * and what lies behind ({@link #lookBehind}).
 *
 * <p>The memory is the buffer that was passed in, whatever the bytes say: a payload that is longer is checked piece by piece.
 *
 * <p><b>Threads.</b> Confined to one thread, with its buffer.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
public final class SegmentScan {

    /** A good size for the buffer: large reads, and small enough to have one for every thread that recovers. */
    public static final int WINDOW_BYTES = 1 << 20;

    private static final int MIN_WINDOW_BYTES = 4096;

    private final DiskFile file;
    private final int salt;
    private final long limit;
    private final ByteBuffer window;
    private final ScannedFrame frame;
    private final CRC32C crc = new CRC32C();

    /** The window holds the bytes of the file from {@code windowAt} to {@code windowEnd}. */
    private long windowAt;

    private long windowEnd;
    private long end;
    private long bytesRead;

    /** Is told each good frame, which it may look at until it returns. */
    @FunctionalInterface
    public interface Visitor {
        /** Looks at nothing. */
        Visitor NONE = frame -> {};

        void frame(ScannedFrame frame) throws IOException;
    }

    /**
     * Where the good frames end.
     *
     * @param position file position behind the last good frame
     * @param offset offset behind the last record
     * @param verdict what stands at {@code position}; {@link FrameVerdict#VALID} if it is a seal
     */
    public record GoodEnd(long position, long offset, FrameVerdict verdict) {
        /** Whether the good frames are followed by a good seal. */
        public boolean isSeal() {
            return verdict.isValid();
        }
    }

    /**
     * What lies behind the good frames.
     *
     * @param position where the good frames end
     * @param offset the offset at which the next good frame would have begun
     * @param usedEnd file position behind the last byte that is not zero; {@code position} if all are zero
     * @param firstVerifiedOffset offset of the first frame in there that verifies with its payload, or -1
     * @param provenOffset the greatest {@code synced} above {@code offset} in a frame that verifies with its payload, or -1
     * @param provenAt file position of the frame that says so, or -1
     * @param announcedEnd the greatest end offset in any header that verifies, or {@code offset} if there is none above it
     * @param isFreeOfOffsets whether all of it is zeros and frames that take no offsets, by their verified headers
     */
    public record Behind(
            long position,
            long offset,
            long usedEnd,
            long firstVerifiedOffset,
            long provenOffset,
            long provenAt,
            long announcedEnd,
            boolean isFreeOfOffsets) {

        public boolean isZeros() {
            return usedEnd == position;
        }

        public boolean hasProof() {
            return provenOffset >= 0;
        }
    }

    /**
     * @param window a direct buffer of at least 4 KiB, whose contents, position and limit this scan uses as it likes
     * @param limit nothing at or behind this file position is looked at; {@link Long#MAX_VALUE} for the end of the file
     */
    public SegmentScan(DiskFile file, int salt, ByteBuffer window, long limit) throws IOException {
        if (window.capacity() < MIN_WINDOW_BYTES) {
            throw new IllegalArgumentException("buffer is too small to scan with: bytes=" + window.capacity());
        }
        this.file = file;
        this.salt = salt;
        this.limit = limit;
        this.end = Math.min(file.size(), limit);
        this.window = window;
        this.frame = new ScannedFrame(window);
    }

    /** Where this scan ends: the end of the file or the limit. */
    public long end() {
        return end;
    }

    /** How much was read so far, bytes that were read twice counted twice. */
    public long bytesRead() {
        return bytesRead;
    }

    /** The frame that was checked last, if the verdict trusts its length. */
    public ScannedFrame frame() {
        return frame;
    }

    // ---------------------------------------------------------------- one place

    /**
     * Tests what stands at a position, payload included.
     *
     * @param expectedOffset end of the frame before, or {@link FrameCodec#ANY_OFFSET}
     */
    public FrameVerdict check(long position, long expectedOffset) throws IOException {
        need(position, FrameCodec.MAX_HEADER_BYTES);
        int at = (int) (position - windowAt);
        FrameVerdict verdict = FrameCodec.checkHeader(
                window, at, (int) (windowEnd - position), salt, position, end, expectedOffset, crc);
        if (verdict.isLengthTrusted()) {
            frame.take(at, position, verdict);
        }
        return verdict.isValid() ? checkPayload() : verdict;
    }

    private FrameVerdict checkPayload() throws IOException {
        int frameBytes = frame.frameBytes();
        crc.reset();
        if (frameBytes <= window.capacity()) {
            need(frame.position(), frameBytes);
            int payloadAt = (int) (frame.position() - windowAt) + frame.headerBytes();
            FrameCodec.addPayload(crc, window, payloadAt, frame.payloadLength());
            frame.payloadIsAt(payloadAt);
        } else {
            long next = frame.position() + frame.headerBytes();
            long payloadEnd = next + frame.payloadLength();
            while (next < payloadEnd) {
                need(next, 1);
                int length = (int) (Math.min(windowEnd, payloadEnd) - next);
                FrameCodec.addPayload(crc, window, (int) (next - windowAt), length);
                next += length;
            }
        }
        return FrameCodec.checkPayloadCrc(crc, frame.payloadCrc());
    }

    /**
     * The payload of the frame that was checked last, copied. For seals and snapshots, which are small or a few MiB at most.
     *
     * @throws IllegalArgumentException if it is longer than {@code maxBytes}
     */
    public ByteBuffer readPayload(int maxBytes) throws IOException {
        if (frame.payloadLength() > maxBytes) {
            throw new IllegalArgumentException(
                    "payload is too long to copy: length=" + frame.payloadLength() + " limit=" + maxBytes);
        }
        ByteBuffer copy = ByteBuffer.allocate(frame.payloadLength());
        if (frame.hasPayload()) {
            copy.put(frame.payload());
        } else {
            long payloadAt = frame.position() + frame.headerBytes();
            if (file.readFully(copy, payloadAt) < frame.payloadLength()) {
                throw becameShorter(payloadAt);
            }
            bytesRead += frame.payloadLength();
        }
        return copy.flip();
    }

    /** Forgets what was read and how long the file was: a live writer may have gone on. */
    public void refresh() throws IOException {
        windowEnd = windowAt;
        end = Math.min(file.size(), limit);
    }

    // ---------------------------------------------------------------- the good frames

    /** Visits the good frames of the whole segment. */
    public GoodEnd walk(long baseOffset, TotalsCounter totals, Visitor visitor) throws IOException {
        return walk(SegmentHeader.BYTES, baseOffset, totals, visitor);
    }

    /**
     * Visits frame after frame for as long as they are good, and stops in front of a seal.
     *
     * @param position where a frame begins
     * @param offset the offset at which it must begin, or {@link FrameCodec#ANY_OFFSET}
     * @param totals takes in each good frame
     */
    public GoodEnd walk(long position, long offset, TotalsCounter totals, Visitor visitor) throws IOException {
        long next = position;
        long nextOffset = offset;
        while (true) {
            FrameVerdict verdict = check(next, nextOffset);
            if (!verdict.isValid() || frame.kind() == FrameKind.SEAL) {
                return new GoodEnd(next, nextOffset, verdict);
            }
            totals.add(frame.count(), frame.payloadLength(), frame.timestampMillis(), frame.headerCrc());
            visitor.frame(frame);
            next = frame.endPosition();
            nextOffset = frame.endOffset();
        }
    }

    // ---------------------------------------------------------------- what lies behind them

    /**
     * Reads everything from the place where the good frames end.
     *
     * @param position that place
     * @param offset the offset at which the next good frame would begin
     */
    public Behind lookBehind(long position, long offset) throws IOException {
        long usedEnd = usedEnd(position);
        BehindSearch search = new BehindSearch(position, offset);
        long next = position;
        // A payload that ends in zeros reaches beyond usedEnd, a header never begins there.
        while (next < usedEnd) {
            need(next, FrameCodec.MAX_HEADER_BYTES);
            next = couldBeHeader((int) (next - windowAt), offset) ? search.tryAt(next) : next + FrameCodec.ALIGNMENT;
        }
        return search.result(usedEnd);
    }

    /**
     * Looks for a frame that verifies with its payload, which {@link #frame} then describes.
     *
     * @param from where to begin, a multiple of 8
     * @param minOffset frames below do not count
     * @return whether there is one before the end
     */
    public boolean findVerified(long from, long minOffset) throws IOException {
        long next = from;
        while (next < end) {
            need(next, FrameCodec.MAX_HEADER_BYTES);
            if (!couldBeHeader((int) (next - windowAt), minOffset)) {
                next += FrameCodec.ALIGNMENT;
                continue;
            }
            FrameVerdict verdict = check(next, FrameCodec.ANY_OFFSET);
            if (verdict.isValid()) {
                return true;
            }
            next = verdict.isLengthTrusted() ? frame.endPosition() : next + FrameCodec.ALIGNMENT;
        }
        return false;
    }

    /** Whether the padding of the frame that was checked last is zeros; no reader needs them. */
    public boolean isPaddingZero() throws IOException {
        long payloadEnd = frame.position() + frame.headerBytes() + frame.payloadLength();
        int padding = (int) (frame.endPosition() - payloadEnd);
        need(payloadEnd, padding);
        for (int i = 0; i < padding; i++) {
            if (window.get((int) (payloadEnd - windowAt) + i) != 0) {
                return false;
            }
        }
        return true;
    }

    /** File position behind the last byte that is not zero, at or behind {@code from}. Reads backwards, since the zeros may be many. */
    public long usedEnd(long from) throws IOException {
        long unread = end;
        while (unread > from) {
            long begin = Math.max(from, unread - window.capacity());
            fill(begin, (int) (unread - begin));
            int used = lastUsed((int) (unread - begin));
            if (used > 0) {
                return begin + used;
            }
            unread = begin;
        }
        return from;
    }

    /**
     * Cheap tests that nearly no place passes which is not a header, before its checksum is computed. Frames below {@code minOffset} cannot
     * be proofs of it and are not stepped over.
     */
    private boolean couldBeHeader(int at, long minOffset) {
        if (windowEnd - windowAt - at < FrameCodec.HEADER_BYTES) {
            return false;
        }
        int kindCode = (int) (FrameCodec.stamp(window, at) >>> 8) & 0xff;
        if (kindCode < FrameKind.RAW.code() || kindCode > FrameKind.PAD.code()) {
            return false;
        }
        long offset = FrameCodec.offset(window, at);
        long synced = FrameCodec.synced(window, at);
        return offset >= minOffset && synced >= 0 && synced <= offset && FrameCodec.length(window, at) >= 0;
    }

    /** Index behind the last byte of the window that is not zero, among the first {@code length}. */
    private int lastUsed(int length) {
        int i = length;
        while (i >= Long.BYTES && window.getLong(i - Long.BYTES) == 0) {
            i -= Long.BYTES;
        }
        while (i > 0 && window.get(i - 1) == 0) {
            i--;
        }
        return i;
    }

    /** What has been found behind the good frames so far. */
    private final class BehindSearch {
        private final long position;
        private final long offset;
        private long firstVerifiedOffset = -1;
        private long provenOffset = -1;
        private long provenAt = -1;
        private long announcedEnd;
        private long freeOfOffsetsTo;

        BehindSearch(long position, long offset) {
            this.position = position;
            this.offset = offset;
            this.announcedEnd = offset;
            this.freeOfOffsetsTo = position;
        }

        /** Looks at a place where a header could be, and returns where to look next. */
        long tryAt(long at) throws IOException {
            FrameVerdict verdict = check(at, FrameCodec.ANY_OFFSET);
            if (!verdict.isLengthTrusted()) {
                return at + FrameCodec.ALIGNMENT;
            }
            // Stepping over a frame whose header verifies also keeps the work linear: no byte is taken into two payload
            // checksums.
            long next = frame.endPosition();
            if (verdict != FrameVerdict.VALID && verdict != FrameVerdict.BAD_PAYLOAD_CRC) {
                return next;
            }
            announcedEnd = Math.max(announcedEnd, frame.endOffset());
            if (frame.count() == 0 && at == freeOfOffsetsTo) {
                freeOfOffsetsTo = next;
            }
            if (verdict.isValid()) {
                verified();
            }
            return next;
        }

        private void verified() {
            if (firstVerifiedOffset < 0) {
                firstVerifiedOffset = frame.offset();
            }
            if (frame.synced() > offset && frame.synced() > provenOffset) {
                provenOffset = frame.synced();
                provenAt = frame.position();
            }
        }

        Behind result(long usedEnd) {
            return new Behind(
                    position,
                    offset,
                    usedEnd,
                    firstVerifiedOffset,
                    provenOffset,
                    provenAt,
                    announcedEnd,
                    freeOfOffsetsTo >= usedEnd);
        }
    }

    // ---------------------------------------------------------------- the window

    /** Has the bytes from {@code position} on in the window, as many as are asked for or as there are. */
    private void need(long position, int bytes) throws IOException {
        long needEnd = Math.min(position + bytes, end);
        if (position >= windowAt && needEnd <= windowEnd) {
            return;
        }
        int wanted = (int) Math.max(0, Math.min(window.capacity(), end - position));
        if (position >= windowAt && position < windowEnd) {
            // The rest of the window becomes its beginning: a scan reads every byte once.
            window.limit((int) (windowEnd - windowAt)).position((int) (position - windowAt));
            window.compact();
            long readFrom = windowEnd;
            windowAt = position;
            read(readFrom, window.position(), wanted);
        } else {
            fill(position, wanted);
        }
    }

    private void fill(long position, int bytes) throws IOException {
        windowAt = position;
        read(position, 0, bytes);
    }

    /** Reads so that the window holds {@code windowBytes} bytes, of which the first {@code at} are there. */
    private void read(long filePosition, int at, int windowBytes) throws IOException {
        // Until the read has succeeded the window holds nothing, so that a caller who goes on after an error sees no
        // stale bytes.
        windowEnd = windowAt;
        window.limit(windowBytes).position(at);
        int wanted = window.remaining();
        int read = wanted == 0 ? 0 : file.readFully(window, filePosition);
        window.clear();
        if (read < wanted) {
            throw becameShorter(filePosition + read);
        }
        bytesRead += read;
        windowEnd = windowAt + windowBytes;
    }

    private EOFException becameShorter(long at) {
        return new EOFException("file became shorter while it was read: file=" + Segment.displayName(file.path())
                + " at=" + at + " size=" + end);
    }
}
