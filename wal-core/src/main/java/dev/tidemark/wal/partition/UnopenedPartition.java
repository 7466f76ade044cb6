package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.format.Intent;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A partition that was refused when the store was opened, as who deletes it sees it: nobody uses it, and its {@code PARTITION} may be what is damaged.
 *
 * <p><b>Threads.</b> Confined to who deletes.
 *
 * <p><b>Crash.</b> The intent is written where {@code PARTITION} can be read; elsewhere the rename alone decides.
 */
final class UnopenedPartition implements Deletion.Doomed {

    private final RecoveryContext context;
    private final PartitionId id;
    private final Path directory;

    UnopenedPartition(RecoveryContext context, PartitionId id, Path directory) {
        this.context = context;
        this.id = id;
        this.directory = directory;
    }

    @Override
    public void decide(Intent.Delete intent) {
        Optional<PartitionFile> known = readable();
        if (known.isEmpty()) {
            return;
        }
        PartitionMetadata metadata = new PartitionMetadata(
                context.disk(), context.room(), context.metadataLock().get(), directory, known.get());
        try {
            metadata.rewrite(
                    file -> file.change().withoutCleanStamp().intent(intent).done());
        } catch (IOException e) {
            if (!metadata.isOutcomeUnknown()) {
                throw metadata.failed("partition was not deleted", id, context.room(), stop -> {}, e);
            }
        }
    }

    /** What can be gone by; nothing where it is another's, or too full for one more intent. */
    private Optional<PartitionFile> readable() {
        try {
            return PartitionMetadata.read(context.disk(), directory)
                    .value()
                    .filter(file -> file.storeId().equals(context.storeId())
                            && file.partition().equals(id))
                    .filter(file -> file.intents().size() < PartitionFile.MAX_INTENTS);
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    @Override
    public void quieten(long deadlineNanos) {
        // Nobody has opened it.
    }

    @Override
    public List<Segment> segments() {
        return List.of();
    }
}
