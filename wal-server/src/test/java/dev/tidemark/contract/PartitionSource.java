package dev.tidemark.contract;

import dev.tidemark.wal.api.Partition;

/** Where the partitions of a contract test come from: a store in this process, or a client with a server behind it. */
interface PartitionSource extends AutoCloseable {
    /** The partition with this name and number, created if there is none. */
    Partition partition(String name, int number);

    /** Deletes it for good. */
    void delete(String name, int number);

    /** After that no partition that came from here can be used. */
    @Override
    void close();
}
