package dev.tidemark.wal.format;

import dev.tidemark.wal.bytes.ByteSink;
import dev.tidemark.wal.bytes.BytesChoice;
import java.util.UUID;

/**
 * The file {@code STORE}: what a data directory is. Written once, before everything else in it; its version is the version of the whole
 * directory, so a store of a newer release is refused here before anything was touched.
 *
 * @param storeId random; every segment header carries it
 * @param createdAtMillis for people
 */
public record StoreFile(UUID storeId, long createdAtMillis) {

    public static final int FORMAT_VERSION = 1;

    /** No such file is larger. */
    public static final int MAX_BYTES = MetadataEnvelope.MAX_FILE_BYTES;

    public StoreFile {
        if (createdAtMillis < 0) {
            throw new IllegalArgumentException("no such time: createdAtMillis=" + createdAtMillis);
        }
    }

    /** The whole file. */
    public byte[] encode() {
        ByteSink body = BytesChoice.current().newSink(32);
        body.putLong(storeId.getMostSignificantBits());
        body.putLong(storeId.getLeastSignificantBits());
        body.putCount(createdAtMillis);
        return MetadataEnvelope.wrap(MetadataEnvelope.STORE, FORMAT_VERSION, body.toByteArray());
    }

    /** Reads the whole file. */
    public static Decoded<StoreFile> decode(byte[] file) {
        return MetadataEnvelope.open(
                MetadataEnvelope.STORE,
                FORMAT_VERSION,
                file,
                body -> new StoreFile(new UUID(body.readLong(), body.readLong()), MetadataEnvelope.readAny(body)));
    }
}
