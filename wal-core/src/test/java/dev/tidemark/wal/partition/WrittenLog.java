package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.RecordsEncoder;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.segment.IndexLoader;
import dev.tidemark.wal.segment.OpenSegment;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentFiles;
import dev.tidemark.wal.segment.SegmentOwner;
import dev.tidemark.wal.segment.SegmentTotals;
import dev.tidemark.wal.segment.TotalsCounter;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A log for readers to read: frames are written one by one, and what is visible is moved by hand. It publishes in the order that {@link ReadView}
 * asks for, and has none of the write path.
 *
 * <p><b>Threads.</b> One writes; any read.
 */
final class WrittenLog implements ReadView, AutoCloseable {

    static final PartitionId ID = new PartitionId("orders", 0);
    static final long FIRST_MILLIS = 1_000;

    /** What the file holds behind the frames, as prefilled space does. */
    private static final int ZEROS_BEHIND = 512;

    final Disk disk;
    final Path directory;
    final SegmentFiles files;
    final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(true);
    final IndexLoader indexes;
    final TailWaiters readable = new TailWaiters(() -> visibleEnd(Durability.SYNCED), Runnable::run);
    final TailWaiters written = new TailWaiters(() -> visibleEnd(Durability.WRITTEN), Runnable::run);

    private final SegmentOwner owner = new SegmentOwner(new UUID(1, 2), 1, ID);
    private final CRC32C crc = new CRC32C();
    private final long baseOffset;
    private volatile SegmentList segments;
    private volatile long start;
    private volatile long writtenEnd;
    private volatile long durableEnd;
    private volatile @Nullable WalException failure;

    private TotalsCounter totals;
    private long position = SegmentHeader.BYTES;
    private long end;
    private long nowMillis = FIRST_MILLIS;
    private boolean isIndexing = true;

    WrittenLog(Disk disk, Path directory) throws IOException {
        this(disk, directory, 0, 100);
    }

    WrittenLog(Disk disk, Path directory, long baseOffset, int maxOpenFiles) throws IOException {
        this.disk = disk;
        this.directory = directory;
        this.baseOffset = baseOffset;
        files = new SegmentFiles(disk, maxOpenFiles, false);
        indexes = new IndexLoader(disk, files, memory, 4096, false);
        start = end = writtenEnd = durableEnd = baseOffset;
        Segment first = create(new SegmentName(baseOffset, 1), Optional.empty());
        totals = new TotalsCounter(SegmentTotals.none(first.segmentId()));
        segments = SegmentList.of(List.of(first));
    }

    // ---------------------------------------------------------------- writing

    /** Frames from now on are not added to the index, as those that an earlier process wrote. */
    WrittenLog withoutIndex() {
        isIndexing = false;
        return this;
    }

    WrittenLog withIndex() {
        isIndexing = true;
        return this;
    }

    /** Sets the log's clock. */
    WrittenLog at(long millis) {
        nowMillis = millis;
        return this;
    }

    WrittenLog raw(String value) throws IOException {
        return raw(value.getBytes(StandardCharsets.UTF_8));
    }

    WrittenLog raw(byte[] value) throws IOException {
        return frame(FrameKind.RAW, 1, value);
    }

    WrittenLog opaque(int count, byte[] batch) throws IOException {
        return frame(FrameKind.OPAQUE, count, batch);
    }

    WrittenLog records(WalRecord... records) throws IOException {
        List<WalRecord> list = List.of(records);
        ByteBuffer payload = ByteBuffer.allocate((int) RecordsEncoder.encodedBytes(list));
        RecordsEncoder.encode(list, payload, 0);
        return frame(FrameKind.RECORDS, list.size(), payload.array());
    }

    /** Writes a frame at the end; nobody sees it before {@link #write} or {@link #sync}. */
    WrittenLog frame(FrameKind kind, int count, byte[] payload) throws IOException {
        Segment active = segments.last();
        ByteBuffer frame = ByteBuffer.allocateDirect(FrameCodec.frameBytes(payload.length, 0) + ZEROS_BEHIND);
        int payloadCrc = FrameCodec.crcOf(ByteBuffer.wrap(payload), 0, payload.length, crc);
        FrameCodec.putHeader(frame, 0, payload.length, end, FrameCodec.stamp(nowMillis, kind, 0), count, payloadCrc);
        frame.put(FrameCodec.payloadAt(frame, 0), payload);
        int headerCrc = FrameCodec.finish(frame, 0, active.salt(), position, durableEnd, crc);
        int frameBytes = FrameCodec.frameBytes(frame, 0);
        write(active, frame, position);
        if (kind != FrameKind.SEAL) {
            totals.add(count, payload.length, nowMillis, headerCrc);
            if (isIndexing) {
                active.index().add(end, position, nowMillis);
            }
            position += frameBytes;
        }
        end += count;
        return this;
    }

    /** Makes everything visible to those who read what is written. */
    WrittenLog write() {
        writtenEnd = end;
        written.advanced(end);
        return this;
    }

    /** Makes everything visible to all. */
    WrittenLog sync() {
        write();
        durableEnd = end;
        readable.advanced(end);
        return this;
    }

    /** Lets those who read what is durable see up to this offset, wherever it lies. */
    void readableTo(long offset) {
        durableEnd = offset;
        readable.advanced(offset);
    }

    /** Seals the active segment and goes on in a new one, in the order in which the engine does it. */
    WrittenLog rotate() throws IOException {
        sync();
        Segment old = segments.last();
        SegmentEnd oldEnd = end();
        SegmentName name = new SegmentName(end, old.epoch() + 1);
        Segment next = create(name, Optional.of(oldEnd));
        frame(FrameKind.SEAL, 0, new byte[60]);
        old.seal(oldEnd, position + FrameCodec.frameBytes(60, 0));
        if (isIndexing) {
            indexes.write(old, oldEnd.endPosition());
        }
        segments = segments.plus(next);
        totals = new TotalsCounter(SegmentTotals.none(next.segmentId()));
        position = SegmentHeader.BYTES;
        return this;
    }

    /** Begins the newest segment once more, under the next epoch, as a truncation to its base offset does. */
    WrittenLog replaceLast() throws IOException {
        Segment old = segments.last();
        end = old.baseOffset();
        writtenEnd = end;
        durableEnd = end;
        Segment next = create(new SegmentName(end, old.epoch() + 1), Optional.empty());
        segments = SegmentList.of(segments.asList().subList(0, segments.size() - 1))
                .plus(next);
        totals = new TotalsCounter(SegmentTotals.none(next.segmentId()));
        position = SegmentHeader.BYTES;
        files.forget(old);
        old.release();
        return this;
    }

    private SegmentEnd end() {
        Segment active = segments.last();
        return new SegmentEnd(active.segmentId(), active.name(), end, position, totals.runningChecksum());
    }

    /** Removes the oldest segments that lie below the offset. */
    void trimTo(long offset) throws IOException {
        start = offset;
        SegmentList now = segments;
        int dropped = now.floorIndex(offset);
        segments = now.withoutOldest(dropped);
        for (Segment segment : now.asList().subList(0, dropped)) {
            files.forget(segment);
            segment.release();
            disk.delete(segment.path());
        }
    }

    /** As if the store had been closed and opened again: what was in memory about the segments is gone, and sealed ones are not loaded. */
    void reopen() {
        List<Segment> again = new ArrayList<>();
        SegmentList before = segments;
        for (int i = 0; i < before.size(); i++) {
            Segment segment = before.get(i);
            again.add(
                    segment.isSealed()
                            ? new Segment(segment.path(), segment.name(), segment.endOffset(), segment.fileBytes())
                            : new Segment(segment.path(), segment.header()));
        }
        segments = SegmentList.of(again);
        before.asList().forEach(files::forget);
        before.asList().forEach(Segment::release);
    }

    void fail(WalException reason) {
        failure = reason;
        readable.close(() -> reason);
        written.close(() -> reason);
    }

    private void write(Segment segment, ByteBuffer bytes, long at) throws IOException {
        OpenSegment open = files.acquire(segment);
        try {
            open.file().writeFully(bytes.clear(), at);
        } finally {
            open.release();
        }
    }

    private Segment create(SegmentName name, Optional<SegmentEnd> predecessor) throws IOException {
        SegmentHeader header = new SegmentHeader(
                owner.storeId(), owner.partitionId(), 77 + name.epoch(), name, predecessor, 0, nowMillis);
        Segment segment = new Segment(directory.resolve(name.segmentFile()), header);
        ByteBuffer block = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
        header.encodeTo(block, 0);
        DiskFile file = disk.create(segment.path());
        file.writeFully(block, 0);
        files.adopt(segment, file).release();
        return segment;
    }

    /** Where the next frame will be written. */
    long position() {
        return position;
    }

    long logEnd() {
        return end;
    }

    long baseOffset() {
        return baseOffset;
    }

    // ---------------------------------------------------------------- reading

    FrameCursor read(From from) {
        return FrameCursor.open(this, from, ReadOptions.DEFAULT);
    }

    FrameCursor read(From from, ReadOptions options) {
        return FrameCursor.open(this, from, options);
    }

    @Override
    public PartitionId id() {
        return ID;
    }

    @Override
    public SegmentOwner owner() {
        return owner;
    }

    @Override
    public long start() {
        return start;
    }

    @Override
    public long visibleEnd(Durability visibility) {
        return visibility == Durability.SYNCED ? durableEnd : writtenEnd;
    }

    @Override
    public SegmentList segments() {
        return segments;
    }

    @Override
    public Optional<WalException> readFailure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public SegmentFiles files() {
        return files;
    }

    @Override
    public IndexLoader indexes() {
        return indexes;
    }

    @Override
    public ByteBufAllocator memory() {
        return memory;
    }

    @Override
    public Clock clock() {
        return Environment.real().clock();
    }

    @Override
    public boolean awaitVisible(long offset, Durability visibility, long waitNanos) throws InterruptedException {
        return (visibility == Durability.SYNCED ? readable : written).await(offset, waitNanos);
    }

    /** Everything that was taken must have been given back; says what was not. */
    @Override
    public void close() {
        files.close();
        segments.asList().forEach(Segment::release);
        List<String> left = new ArrayList<>();
        if (files.openFiles() != 0) {
            left.add("open files: " + files.openFiles());
        }
        if (memory.metric().usedDirectMemory() != 0) {
            left.add("direct memory: " + memory.metric().usedDirectMemory());
        }
        if (readable.waiting() + written.waiting() != 0) {
            left.add("waiters: " + (readable.waiting() + written.waiting()));
        }
        for (Segment segment : segments.asList()) {
            if (segment.tryRetain()) {
                left.add("retained: " + segment);
            }
        }
        if (!left.isEmpty()) {
            throw new AssertionError("left behind: " + left);
        }
    }
}
