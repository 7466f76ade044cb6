package dev.tidemark.server;

import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The partitions by the names that clients use. Finding one in the store may wait for another thread that makes or deletes it; so what was found is kept, for the event
 * loops.
 *
 * <p><b>Threads.</b> Any; {@link #find} and {@link #with} may block.
 *
 * <p><b>Ordering.</b> What is kept may be deleted by now: then using it throws {@code PARTITION_DELETED}, it is forgotten, and who meant any partition of the name
 * looks again.
 */
final class Handles {
    private final Wal wal;
    private final int maxPartitions;
    private final ServerMeters meters;
    private final ConcurrentHashMap<PartitionId, LocalPartition> kept = new ConcurrentHashMap<>();

    /** Those that are being made, and by how many. */
    private final ConcurrentHashMap<PartitionId, Integer> making = new ConcurrentHashMap<>();

    Handles(Wal wal, int maxPartitions, ServerMeters meters) {
        this.wal = wal;
        this.maxPartitions = maxPartitions;
        this.meters = meters;
    }

    /**
     * The one that is meant, if it was found before. Never blocks.
     *
     * @throws WalException {@code NAME_INVALID}
     */
    @Nullable
    LocalPartition known(PartitionName name) {
        LocalPartition found = kept.get(name.toId());
        return found != null && isMeant(name, found) ? found : null;
    }

    /**
     * The one that is meant. May block.
     *
     * @throws WalException also {@code PARTITION_UNKNOWN} where it may not be made, {@code PARTITIONS_FULL} where there are too many
     */
    LocalPartition find(PartitionName name, boolean mayCreate) {
        return find(name, mayCreate, () -> {});
    }

    /** As above. Where there was none, what is given is run once there is one. */
    LocalPartition find(PartitionName name, boolean mayCreate, Runnable whenMade) {
        PartitionId id = name.toId();
        Optional<LocalPartition> found = wal.find(id);
        if (found.isEmpty() && name.incarnation() != PartitionName.ANY) {
            throw deleted(name);
        }
        if (found.isEmpty() && !mayCreate) {
            throw new InvalidCallException(ErrorCode.PARTITION_UNKNOWN, "there is no such partition: partition=" + id);
        }
        LocalPartition partition = found.orElseGet(() -> make(id, whenMade));
        if (!isMeant(name, partition)) {
            throw deleted(name);
        }
        kept.put(id, partition);
        return partition;
    }

    /** One that is made is in the set until it is in the store, so those who make others count it. At the limit, of several at once too many may be refused, and none too many is made. */
    private LocalPartition make(PartitionId id, Runnable whenMade) {
        making.merge(id, 1, Integer::sum);
        try {
            Set<PartitionId> all = new HashSet<>(making.keySet());
            all.addAll(wal.partitions());
            if (all.size() > maxPartitions) {
                meters.refused(ServerMeters.Limit.PARTITIONS);
                throw new UnavailableException(
                        ErrorCode.PARTITIONS_FULL,
                        "there are as many partitions as clients may make: partition=" + id + " limit=" + maxPartitions
                                + "; delete some, or raise the limit");
            }
            LocalPartition made = wal.partition(id);
            whenMade.run();
            return made;
        } finally {
            making.computeIfPresent(id, (same, count) -> count > 1 ? count - 1 : null);
        }
    }

    /** Uses the one that is meant. May block. */
    <T> T with(PartitionName name, boolean mayCreate, Function<LocalPartition, T> use) {
        LocalPartition known = known(name);
        if (known == null) {
            return use.apply(find(name, mayCreate));
        }
        try {
            return use.apply(known);
        } catch (WalException e) {
            if (!isStale(e, name, known)) {
                throw e;
            }
            return use.apply(find(name, mayCreate));
        }
    }

    /** Whether the error only says that what was kept is deleted, and it is worth to look for another; forgets it. */
    boolean isStale(WalException error, PartitionName name, LocalPartition partition) {
        if (error.code() != ErrorCode.PARTITION_DELETED) {
            return false;
        }
        forget(partition);
        return name.incarnation() == PartitionName.ANY;
    }

    /** It was deleted. */
    void forget(LocalPartition partition) {
        kept.remove(partition.id(), partition);
    }

    private static boolean isMeant(PartitionName name, LocalPartition found) {
        return name.incarnation() == PartitionName.ANY || name.incarnation() == found.incarnation();
    }

    private static UnavailableException deleted(PartitionName name) {
        return new UnavailableException(
                ErrorCode.PARTITION_DELETED, "the partition was deleted: partition=" + name.toId());
    }
}
