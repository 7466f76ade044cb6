package dev.tidemark.contract;

import java.nio.file.Path;

/** On a store in this process. */
class EmbeddedAppendTest extends AppendContract {
    @Override
    PartitionSource open(Path directory) {
        return new EmbeddedPartitions(directory);
    }
}
