package dev.tidemark.wal.segment;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import java.util.UUID;

/**
 * To whom the segments of one partition belong. A segment that came here from another store or partition verifies by itself; only this
 * comparison tells.
 *
 * @param storeId the store
 * @param partitionId the number of the partition's incarnation; ids are never reused, names are
 * @param partition the partition's name, for messages
 */
public record SegmentOwner(UUID storeId, long partitionId, PartitionId partition) {

    /** Good only if the header also says that it belongs here, under this name. */
    public Decoded<SegmentHeader> check(Decoded<SegmentHeader> decoded, SegmentName name) {
        if (!(decoded instanceof Decoded.Good<SegmentHeader> good)) {
            return decoded;
        }
        SegmentHeader header = good.content();
        if (!header.storeId().equals(storeId)) {
            return new Decoded.Damaged<>("segment belongs to another store: storeId=" + header.storeId());
        }
        if (header.partitionId() != partitionId) {
            return new Decoded.Damaged<>("segment belongs to another partition: partitionId=" + header.partitionId());
        }
        if (!header.name().equals(name)) {
            return new Decoded.Damaged<>("segment was written under another name: name=" + header.name());
        }
        return new Decoded.Good<>(header.sharing(storeId, name));
    }
}
