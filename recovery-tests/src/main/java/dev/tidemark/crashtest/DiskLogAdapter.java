package dev.tidemark.crashtest;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.Environment;
import java.nio.file.Path;

/**
 * A log that does all its input and output through a {@link Disk}. It can be tested on a simulated one as well: there calls fail, and the power
 * does.
 */
public interface DiskLogAdapter extends LogAdapter {

    /** As {@link #open(Path)}, on this disk. Several are open at a time, each on a disk of its own. */
    TestedLog open(Path directory, Disk disk) throws Exception;

    @Override
    default TestedLog open(Path directory) throws Exception {
        return open(directory, Environment.real().disk());
    }
}
