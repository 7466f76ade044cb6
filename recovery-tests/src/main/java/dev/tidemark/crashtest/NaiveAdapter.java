package dev.tidemark.crashtest;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * The log that a sensible person writes first: one file, each record with its length and checksum, written and forced before the append returns;
 * opening cuts behind the last record that is whole. It survives the end of its process. It cannot tell a torn tail from damage, so it loses
 * acknowledged records without a word when bytes change; and it never forces its directory.
 */
public final class NaiveAdapter implements LogAdapter {
    private static final int HEADER_BYTES = 8;
    private static final int MAX_RECORD_BYTES = 1 << 20;

    /** As the crash tester makes it. */
    public NaiveAdapter() {}

    @Override
    public TestedLog open(Path directory) throws IOException {
        FileChannel file = FileChannel.open(
                directory.resolve("log"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            NaiveLog log = new NaiveLog(file);
            log.recover();
            return log;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Length, checksum and payload of one record. */
    static ByteBuffer framed(byte[] record) {
        ByteBuffer frame = ByteBuffer.allocate(HEADER_BYTES + record.length);
        frame.putInt(record.length).putInt(checksum(record)).put(record);
        return frame.flip();
    }

    static int checksum(byte[] record) {
        CRC32C crc = new CRC32C();
        crc.update(record);
        return (int) crc.getValue();
    }

    private static final class NaiveLog implements TestedLog {
        private final FileChannel file;

        NaiveLog(FileChannel file) {
            this.file = file;
        }

        void recover() throws IOException {
            file.truncate(walk(record -> {}));
            file.position(file.size());
        }

        /** Hands over the records that are whole, and says where they end. */
        private long walk(Consumer<byte[]> records) throws IOException {
            long at = 0;
            ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
            while (at + HEADER_BYTES <= file.size()) {
                fill(header.clear(), at);
                int length = header.getInt(0);
                if (length < 1 || length > MAX_RECORD_BYTES || at + HEADER_BYTES + length > file.size()) {
                    break;
                }
                ByteBuffer payload = ByteBuffer.allocate(length);
                fill(payload, at + HEADER_BYTES);
                if (checksum(payload.array()) != header.getInt(4)) {
                    break;
                }
                records.accept(payload.array());
                at += HEADER_BYTES + length;
            }
            return at;
        }

        private void fill(ByteBuffer target, long at) throws IOException {
            while (target.hasRemaining()) {
                if (file.read(target, at + target.position()) < 0) {
                    throw new EOFException("the file became shorter while it was read");
                }
            }
        }

        @Override
        public void append(byte[] record) throws IOException {
            ByteBuffer frame = framed(record);
            while (frame.hasRemaining()) {
                file.write(frame);
            }
            file.force(false);
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
