package dev.tidemark.crashtest;

import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * A log that is broken on purpose: it promises to survive a loss of power, writes, and never forces. No killed process shows that, because the
 * operating system keeps what was written; only a loss of power does, here on the simulated disk.
 */
public final class UnforcedAdapter implements DiskLogAdapter {
    private static final int HEADER_BYTES = 8;
    private static final int MAX_RECORD_BYTES = 1 << 20;

    /** As the crash tester makes it. */
    public UnforcedAdapter() {}

    @Override
    public TestedLog open(Path directory, Disk disk) throws IOException {
        Path path = directory.resolve("log");
        DiskFile file = disk.exists(path) ? disk.open(path, Disk.Access.READ_WRITE) : disk.create(path);
        try {
            UnforcedLog log = new UnforcedLog(file);
            log.end = log.walk(record -> {});
            file.truncate(log.end);
            return log;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static final class UnforcedLog implements TestedLog {
        private final DiskFile file;
        private long end;

        UnforcedLog(DiskFile file) {
            this.file = file;
        }

        private long walk(Consumer<byte[]> records) throws IOException {
            long at = 0;
            ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
            while (file.readFully(header.clear(), at) == HEADER_BYTES) {
                int length = header.getInt(0);
                if (length < 1 || length > MAX_RECORD_BYTES) {
                    break;
                }
                ByteBuffer payload = ByteBuffer.allocate(length);
                if (file.readFully(payload, at + HEADER_BYTES) < length
                        || NaiveAdapter.checksum(payload.array()) != header.getInt(4)) {
                    break;
                }
                records.accept(payload.array());
                at += HEADER_BYTES + length;
            }
            return at;
        }

        @Override
        public void append(byte[] record) throws IOException {
            ByteBuffer frame = NaiveAdapter.framed(record);
            int length = frame.remaining();
            file.writeFully(frame, end);
            end += length;
        }

        @Override
        public void read(Consumer<byte[]> records) throws IOException {
            walk(records);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
