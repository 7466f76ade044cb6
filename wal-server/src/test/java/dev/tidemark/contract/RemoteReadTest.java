package dev.tidemark.contract;

import java.nio.file.Path;

/** Through the client, over a connection. */
class RemoteReadTest extends ReadContract {
    @Override
    PartitionSource open(Path directory) {
        return new RemotePartitions(directory);
    }
}
