package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** An open handle of a file on a simulated disk. All work is done by the disk. */
final class SimulatedFile implements DiskFile {
    private final SimulatedDisk disk;
    private final Path path;
    private final FileNode node;
    private final boolean mayWrite;

    /** How many of the file's write-back errors this handle has reported. Guarded by the disk. */
    int reportedErrors;

    private volatile boolean open = true;

    SimulatedFile(SimulatedDisk disk, Path path, FileNode node, boolean mayWrite) {
        this.disk = disk;
        this.path = path;
        this.node = node;
        this.mayWrite = mayWrite;
        this.reportedErrors = node.writeBackErrorSeen ? node.writeBackErrors : node.writeBackErrors - 1;
    }

    @Override
    public int write(ByteBuffer source, long at) throws IOException {
        return disk.write(this, source, at);
    }

    @Override
    public int read(ByteBuffer target, long at) throws IOException {
        return disk.read(this, target, at);
    }

    @Override
    public void force(boolean metadata) throws IOException {
        disk.force(this);
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
        disk.truncate(this, sizeBytes);
    }

    @Override
    public long size() throws IOException {
        return disk.size(this);
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public boolean isOpen() {
        return open && disk.isRunning();
    }

    @Override
    public void close() throws IOException {
        disk.close(this);
    }

    FileNode node() {
        return node;
    }

    boolean mayWrite() {
        return mayWrite;
    }

    boolean isMarkedOpen() {
        return open;
    }

    void markClosed() {
        open = false;
    }

    @Override
    public String toString() {
        return "SimulatedFile[" + path + "]";
    }
}
