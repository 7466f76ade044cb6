package dev.tidemark.contract;

import java.nio.file.Path;

/** Through the client, over a connection. */
class RemoteAppendTest extends AppendContract {
    @Override
    PartitionSource open(Path directory) {
        return new RemotePartitions(directory);
    }
}
