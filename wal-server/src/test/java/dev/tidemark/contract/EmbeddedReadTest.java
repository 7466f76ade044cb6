package dev.tidemark.contract;

import java.nio.file.Path;

/** On a store in this process. */
class EmbeddedReadTest extends ReadContract {
    @Override
    PartitionSource open(Path directory) {
        return new EmbeddedPartitions(directory);
    }
}
