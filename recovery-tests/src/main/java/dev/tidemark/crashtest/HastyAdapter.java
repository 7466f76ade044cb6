package dev.tidemark.crashtest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A log that is broken on purpose: it acknowledges when the record is in its buffer, and writes when that has gathered a little. Everything looks
 * right until the process is killed. It ships so that one can see the crash tester catch something.
 */
public final class HastyAdapter implements LogAdapter {
    private static final int BUFFER_BYTES = 4 << 10;

    private final NaiveAdapter honest = new NaiveAdapter();

    /** As the crash tester makes it. */
    public HastyAdapter() {}

    @Override
    public TestedLog open(Path directory) throws IOException {
        return new HastyLog(honest.open(directory));
    }

    private static final class HastyLog implements TestedLog {
        private final TestedLog file;
        private final List<byte[]> buffered = new ArrayList<>();
        private int bufferedBytes;

        HastyLog(TestedLog file) {
            this.file = file;
        }

        @Override
        public void append(byte[] record) throws Exception {
            buffered.add(record);
            bufferedBytes += record.length;
            if (bufferedBytes >= BUFFER_BYTES) {
                flush();
            }
        }

        private void flush() throws Exception {
            for (byte[] record : buffered) {
                file.append(record);
            }
            buffered.clear();
            bufferedBytes = 0;
        }

        @Override
        public void read(Consumer<byte[]> records) throws Exception {
            flush();
            file.read(records);
        }

        @Override
        public void close() throws Exception {
            flush();
            file.close();
        }
    }
}
