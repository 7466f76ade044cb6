package dev.tidemark.wal.format;

import static dev.tidemark.wal.format.MetadataEnvelope.readAny;
import static dev.tidemark.wal.format.MetadataEnvelope.readInt;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.bytes.ByteSink;
import dev.tidemark.wal.bytes.ByteSource;
import dev.tidemark.wal.bytes.BytesChoice;
import dev.tidemark.wal.bytes.MalformedBytesException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;

/** The fields of {@code PARTITION} in their order in the file ({@code docs/format.md}, section "PARTITION"). */
final class PartitionFileCodec {

    private static final int MAX_NAME_BYTES = 200;

    private PartitionFileCodec() {}

    static byte[] encode(PartitionFile file) {
        ByteSink sink = BytesChoice.current().newSink(256);
        sink.putLong(file.storeId().getMostSignificantBits());
        sink.putLong(file.storeId().getLeastSignificantBits());
        sink.putText(file.partition().name());
        sink.putCount(file.partition().number());
        sink.putLong(file.partitionId());
        sink.putCount(file.createdAtMillis());
        sink.putCount(file.startOffset());
        putName(sink, file.startSegment());
        putName(sink, file.active().name());
        sink.putLong(file.active().segmentId());
        sink.putCount(file.lastEpoch());
        sink.putCount(file.provenEnd());
        sink.putCount(file.closedByRecovery().size());
        file.closedByRecovery().forEach(end -> putEnd(sink, end));
        sink.putCount(file.cleanStamp().isPresent() ? 1 : 0);
        file.cleanStamp().ifPresent(stamp -> putStamp(sink, stamp));
        sink.putCount(file.intents().size());
        file.intents().forEach(intent -> putIntent(sink, intent));
        sink.putCount(file.checkpoints().size());
        file.checkpoints().forEach((name, offset) -> {
            sink.putText(name);
            sink.putCount(offset);
        });
        sink.putCount(file.losses().size());
        file.losses().forEach(loss -> putLoss(sink, loss));
        return MetadataEnvelope.wrap(MetadataEnvelope.PARTITION, PartitionFile.FORMAT_VERSION, sink.toByteArray());
    }

    static Decoded<PartitionFile> decode(byte[] file) {
        return MetadataEnvelope.open(
                MetadataEnvelope.PARTITION, PartitionFile.FORMAT_VERSION, file, PartitionFileCodec::readBody);
    }

    private static PartitionFile readBody(ByteSource body) throws MalformedBytesException {
        UUID storeId = new UUID(body.readLong(), body.readLong());
        PartitionId partition = new PartitionId(body.readText(MAX_NAME_BYTES), readInt(body, Integer.MAX_VALUE));
        long partitionId = body.readLong();
        long createdAtMillis = readAny(body);
        long startOffset = readAny(body);
        SegmentName startSegment = readName(body);
        SegmentRef active = new SegmentRef(readName(body), body.readLong());
        int lastEpoch = readInt(body, Integer.MAX_VALUE);
        long provenEnd = readAny(body);
        return new PartitionFile(
                storeId,
                partition,
                partitionId,
                createdAtMillis,
                startOffset,
                startSegment,
                active,
                lastEpoch,
                provenEnd,
                readList(body, PartitionFile.MAX_CLOSED, PartitionFileCodec::readEnd),
                readList(body, 1, PartitionFileCodec::readStamp).stream().findFirst(),
                readList(body, PartitionFile.MAX_INTENTS, PartitionFileCodec::readIntent),
                readCheckpoints(body),
                readList(body, PartitionFile.MAX_LOSSES, PartitionFileCodec::readLoss));
    }

    private static void putName(ByteSink sink, SegmentName name) {
        sink.putCount(name.baseOffset());
        sink.putCount(name.epoch());
    }

    private static SegmentName readName(ByteSource body) throws MalformedBytesException {
        return new SegmentName(readAny(body), readInt(body, Integer.MAX_VALUE));
    }

    private static void putEnd(ByteSink sink, SegmentEnd end) {
        sink.putLong(end.segmentId());
        putName(sink, end.name());
        sink.putCount(end.endOffset());
        sink.putCount(end.endPosition());
        sink.putLong(end.checksum());
    }

    private static SegmentEnd readEnd(ByteSource body) throws MalformedBytesException {
        return new SegmentEnd(body.readLong(), readName(body), readAny(body), readAny(body), body.readLong());
    }

    private static void putStamp(ByteSink sink, CleanStamp stamp) {
        sink.putLong(stamp.segmentId());
        sink.putCount(stamp.filePosition());
        sink.putInt(stamp.headerCrc());
        sink.putCount(stamp.endOffset());
        sink.putCount(stamp.segments());
    }

    private static CleanStamp readStamp(ByteSource body) throws MalformedBytesException {
        return new CleanStamp(
                body.readLong(), readAny(body), body.readInt(), readAny(body), readInt(body, Integer.MAX_VALUE));
    }

    private static void putIntent(ByteSink sink, Intent intent) {
        sink.putByte(intent.code());
        if (intent instanceof Intent.Trim trim) {
            sink.putCount(trim.startOffset());
            putName(sink, trim.startSegment());
        } else if (intent instanceof Intent.Truncate truncate) {
            sink.putCount(truncate.endOffset());
            putName(sink, truncate.cutSegment());
            sink.putCount(truncate.lastEpoch());
        } else if (intent instanceof Intent.Delete delete) {
            sink.putLong(delete.deleteId());
        }
    }

    private static Intent readIntent(ByteSource body) throws MalformedBytesException {
        int code = body.readByte();
        return switch (code) {
            case Intent.Trim.CODE -> new Intent.Trim(readAny(body), readName(body));
            case Intent.Truncate.CODE ->
                new Intent.Truncate(readAny(body), readName(body), readInt(body, Integer.MAX_VALUE));
            case Intent.Delete.CODE -> new Intent.Delete(body.readLong());
            default -> throw new MalformedBytesException("no such intent: code=" + code);
        };
    }

    private static NavigableMap<String, Long> readCheckpoints(ByteSource body) throws MalformedBytesException {
        NavigableMap<String, Long> checkpoints = new TreeMap<>();
        int count = readInt(body, PartitionFile.MAX_CHECKPOINTS);
        for (int i = 0; i < count; i++) {
            String name = body.readText(MAX_NAME_BYTES);
            if (!checkpoints.isEmpty() && checkpoints.lastKey().compareTo(name) >= 0) {
                throw new MalformedBytesException("checkpoints are out of order");
            }
            checkpoints.put(name, readAny(body));
        }
        return checkpoints;
    }

    private static void putLoss(ByteSink sink, Loss loss) {
        sink.putCount(loss.firstOffset());
        sink.putCount(loss.endOffset());
        sink.putText(loss.reason());
        sink.putCount(loss.atMillis());
    }

    private static Loss readLoss(ByteSource body) throws MalformedBytesException {
        return new Loss(readAny(body), readAny(body), body.readText(Loss.MAX_REASON_BYTES), readAny(body));
    }

    /** A count and so many elements. The list grows as elements are read, so a count alone allocates nothing. */
    private static <T> List<T> readList(ByteSource body, int limit, MetadataEnvelope.BodyReader<T> element)
            throws MalformedBytesException {
        int count = readInt(body, limit);
        List<T> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(element.read(body));
        }
        return list;
    }
}
