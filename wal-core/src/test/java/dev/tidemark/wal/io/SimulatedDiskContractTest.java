package dev.tidemark.wal.io;

import java.nio.file.Path;

class SimulatedDiskContractTest extends DiskContract {
    @Override
    Disk newDisk() {
        return new SimulatedDisk().withDirectories(Path.of("/data"));
    }

    @Override
    Path emptyDirectory() {
        return Path.of("/data");
    }
}
