package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.format.CleanStamp;
import dev.tidemark.wal.format.ControlPayload;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.ProducerState;
import dev.tidemark.wal.format.SealPayload;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.format.SegmentRef;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.segment.SegmentImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * Lays out a whole partition, as the write path would have left it or as some accident did, and puts it on a disk. The same calls always give the
 * same bytes.
 */
public final class LogBuilder {

    public static final Path STORE = Path.of("/store");
    public static final UUID STORE_ID = new UUID(0x1111_2222_3333_4444L, 0x5555_6666_7777_8888L);
    public static final PartitionId ID = new PartitionId("orders", 0);
    public static final Path DIRECTORY = STORE.resolve(ID.toString());
    static final long PARTITION_ID = 0x0abc_def0_1234_5678L;

    private final List<SegmentImage> segments = new ArrayList<>();
    private PartitionFile metadata;
    private List<ProducerState> producers = List.of();
    private long synced;

    public LogBuilder() {
        SegmentHeader first = new SegmentHeader(
                STORE_ID, PARTITION_ID, segmentId(1), new SegmentName(0, 1), Optional.empty(), 1000, 0);
        segments.add(new SegmentImage(first));
        metadata =
                PartitionFile.first(STORE_ID, ID, PARTITION_ID, 1000, new SegmentRef(first.name(), first.segmentId()));
    }

    // ---------------------------------------------------------------- records

    /** One record with the value that belongs to its offset. */
    public LogBuilder append(int valueBytes) {
        newest().raw(value(newest().offset(), valueBytes), synced);
        return this;
    }

    public LogBuilder append(int records, int valueBytes) {
        for (int i = 0; i < records; i++) {
            append(valueBytes);
        }
        return this;
    }

    /** A batch of {@code count} records in one frame. */
    public LogBuilder batch(int count, int payloadBytes) {
        newest().opaque(count, value(newest().offset(), payloadBytes), synced);
        return this;
    }

    /** All frames so far are durable, and later ones say so. */
    public LogBuilder force() {
        return syncedAt(newest().offset());
    }

    /** Later frames say that everything below this offset is durable. */
    public LogBuilder syncedAt(long offset) {
        synced = offset;
        return this;
    }

    /** A frame that only says what is durable. */
    public LogBuilder proof() {
        newest().frame(FrameKind.CONTROL, 0, ControlPayload.Proof.INSTANCE.encode(), synced);
        return this;
    }

    /** What the value of a record is, by its offset: the last bytes are random, so that parts of it are not alike. */
    public static byte[] value(long offset, int valueBytes) {
        byte[] value = new byte[valueBytes];
        new Random(offset * 31 + valueBytes).nextBytes(value);
        return value;
    }

    // ---------------------------------------------------------------- segments

    public SegmentImage newest() {
        return segments.get(segments.size() - 1);
    }

    public SegmentImage segment(int index) {
        return segments.get(index);
    }

    public List<SegmentImage> segments() {
        return List.copyOf(segments);
    }

    /** Later seals remember these, and a clean close. */
    LogBuilder remember(ProducerState... states) {
        producers = List.of(states);
        return this;
    }

    /** Seals the newest segment and begins another; {@code PARTITION} names it. */
    public LogBuilder rotate() {
        return nextSegment(true).nameNewest();
    }

    /** A rotation that came to the rename of the new segment and no further. */
    public LogBuilder rotateUpToTheRename() {
        return nextSegment(false);
    }

    /** A rotation in which {@code PARTITION} names the new segment and the seal is missing. */
    public LogBuilder rotateWithoutSeal() {
        return nextSegment(false).nameNewest();
    }

    private LogBuilder nextSegment(boolean withSeal) {
        SegmentImage old = newest();
        SegmentEnd end = old.end();
        force();
        if (withSeal) {
            SealPayload seal = new SealPayload(old.totals().summary(old.offset()), producers);
            old.frame(FrameKind.SEAL, 0, seal.encode(), old.offset());
        }
        SegmentName name = new SegmentName(old.offset(), end.name().epoch() + 1);
        segments.add(new SegmentImage(new SegmentHeader(
                STORE_ID, PARTITION_ID, segmentId(name.epoch()), name, Optional.of(end), 2000, old.timestampMillis())));
        return this;
    }

    private LogBuilder nameNewest() {
        SegmentHeader header = newest().header();
        return metadata(change -> change.active(new SegmentRef(header.name(), header.segmentId()))
                .provenEnd(header.name().baseOffset()));
    }

    /** Closes in order: snapshot frame and clean stamp. */
    public LogBuilder closeCleanly() {
        force();
        SegmentImage active = newest();
        long offset = active.offset();
        ControlPayload snapshot =
                new ControlPayload.CloseSnapshot(active.totals().summary(offset), active.timestampMillis(), producers);
        active.frame(FrameKind.CONTROL, 0, snapshot.encode(), offset);
        SegmentImage.Placed frame = active.frame(active.frames().size() - 1);
        int headerCrc = FrameCodec.headerCrc(ByteBuffer.wrap(active.bytes()), frame.position());
        return metadata(change -> change.provenEnd(offset)
                .cleanStamp(new CleanStamp(
                        active.header().segmentId(), frame.position(), headerCrc, offset, segments.size())));
    }

    // ---------------------------------------------------------------- metadata

    public PartitionFile metadata() {
        return metadata;
    }

    public LogBuilder metadata(Consumer<PartitionFile.Change> edit) {
        PartitionFile.Change change = metadata.change();
        edit.accept(change);
        metadata = change.done();
        return this;
    }

    // ---------------------------------------------------------------- on a disk

    public static Path path(SegmentImage segment) {
        return DIRECTORY.resolve(segment.header().name().segmentFile());
    }

    /** Puts everything on a disk, durably. */
    public void writeTo(Disk disk) throws IOException {
        writeUpToTheParentTo(disk);
        disk.forceDirectory(STORE);
    }

    /** The same, but for the name of the partition's directory. */
    void writeUpToTheParentTo(Disk disk) throws IOException {
        disk.createDirectory(DIRECTORY);
        for (SegmentImage segment : segments) {
            write(disk, path(segment), segment.bytes());
        }
        write(disk, DIRECTORY.resolve(Names.PARTITION), metadata.encode());
        disk.forceDirectory(DIRECTORY);
    }

    static void write(Disk disk, Path path, byte[] bytes) throws IOException {
        try (DiskFile file = disk.create(path)) {
            file.writeFully(ByteBuffer.wrap(bytes), 0);
            file.force(false);
        }
    }

    /** Ids that are far apart, as drawn ones are. */
    static long segmentId(long epoch) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(8).putLong(epoch).flip());
        return crc.getValue() << 20 | epoch;
    }
}
