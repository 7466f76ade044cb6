package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.PartitionId;
import java.util.Objects;

/**
 * A partition as the peer named it. Nothing has been checked: only {@link #toId()}, which applies the rule of the engine, makes it a name
 * that may be used.
 *
 * @param name any text
 * @param number any number
 */
public record PartitionName(String name, int number) {

    public PartitionName {
        Objects.requireNonNull(name, "name");
    }

    /** How a partition is named to the peer. */
    public static PartitionName of(PartitionId id) {
        return new PartitionName(id.name(), id.number());
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
