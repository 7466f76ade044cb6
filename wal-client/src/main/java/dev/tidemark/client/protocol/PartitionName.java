package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.PartitionId;
import java.util.Objects;

/**
 * A partition as the peer named it. Nothing has been checked: only {@link #toId()}, which applies the rule of the engine, makes it a name
 * that may be used.
 *
 * @param name any text
 * @param number any number
 * @param incarnation which of the partitions that have had this name, one after the other, is meant; {@link #ANY} for whichever there is
 */
public record PartitionName(String name, int number, long incarnation) {
    /** Whichever partition has the name. */
    public static final long ANY = 0;

    public PartitionName {
        Objects.requireNonNull(name, "name");
    }

    /** How a partition is named to the peer. */
    public static PartitionName of(PartitionId id) {
        return new PartitionName(id.name(), id.number(), ANY);
    }

    /** The same, but only this one: once it is deleted, another one of its name is not meant. */
    public PartitionName only(long newIncarnation) {
        return new PartitionName(name, number, newIncarnation);
    }

    /**
     * The name, when it is one.
     *
     * @throws dev.tidemark.wal.api.InvalidCallException {@code NAME_INVALID}
     */
    public PartitionId toId() {
        return new PartitionId(name, number);
    }
}
