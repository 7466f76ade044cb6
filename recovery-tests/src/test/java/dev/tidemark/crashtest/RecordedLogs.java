package dev.tidemark.crashtest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/** Logs that know nothing of our disk and promise to survive a loss of power; most of them have no right to. */
public final class RecordedLogs {

    private RecordedLogs() {}

    /** One that does everything right: it forces each append, and the name of its file before the first. */
    public static class Careful implements LogAdapter {
        private final NaiveAdapter naive = new NaiveAdapter();

        public Careful() {}

        @Override
        public TestedLog open(Path directory) throws IOException {
            TestedLog log = naive.open(directory);
            try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
                names.force(true);
            }
            return log;
        }
    }

    /** The same, with appends that are written and never forced. */
    public static final class Unforced implements LogAdapter {
        private final Careful careful = new Careful();

        public Unforced() {}

        @Override
        public TestedLog open(Path directory) throws IOException {
            TestedLog log = careful.open(directory);
            FileChannel file =
                    FileChannel.open(directory.resolve("log"), StandardOpenOption.WRITE, StandardOpenOption.APPEND);
            return new Overridden(log, file) {
                @Override
                public void append(byte[] record) throws IOException {
                    file.write(NaiveAdapter.framed(record));
                }
            };
        }
    }

    /** One that writes beside its log through a mapping. */
    public static final class Mapping implements LogAdapter {
        private final Careful careful = new Careful();

        public Mapping() {}

        @Override
        public TestedLog open(Path directory) throws IOException {
            TestedLog log = careful.open(directory);
            FileChannel file = FileChannel.open(
                    directory.resolve("count"),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
            MappedByteBuffer count = file.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES);
            return new Overridden(log, file) {
                @Override
                public void append(byte[] record) throws Exception {
                    log.append(record);
                    count.putLong(0, count.getLong(0) + 1);
                }
            };
        }
    }

    /** One that asks for more than a force: each write is durable when it returns; several buffers at once, at the end of the file. */
    public static final class Gathering implements LogAdapter {
        private final Careful careful = new Careful();

        public Gathering() {}

        @Override
        public TestedLog open(Path directory) throws IOException {
            TestedLog log = careful.open(directory);
            FileChannel file = FileChannel.open(
                    directory.resolve("log"),
                    StandardOpenOption.WRITE,
                    StandardOpenOption.APPEND,
                    StandardOpenOption.DSYNC);
            return new Overridden(log, file) {
                @Override
                public void append(byte[] record) throws IOException {
                    ByteBuffer frame = NaiveAdapter.framed(record);
                    ByteBuffer head = frame.slice(0, 8);
                    ByteBuffer payload = frame.slice(8, frame.remaining() - 8);
                    if (file.write(new ByteBuffer[] {head, payload}) < frame.remaining()) {
                        throw new IOException("a short write, which this log does not know");
                    }
                }
            };
        }
    }

    /** Another log, with appends of its own and a file of its own. */
    private abstract static class Overridden implements TestedLog {
        private final TestedLog log;
        private final FileChannel file;

        Overridden(TestedLog log, FileChannel file) {
            this.log = log;
            this.file = file;
        }

        @Override
        public void read(Consumer<byte[]> records) throws Exception {
            log.read(records);
        }

        @Override
        public void close() throws Exception {
            file.close();
            log.close();
        }
    }
}
