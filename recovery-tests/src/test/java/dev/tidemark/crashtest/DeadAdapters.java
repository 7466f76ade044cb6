package dev.tidemark.crashtest;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** Adapters that do not do their part, each in another way. */
public final class DeadAdapters {
    private DeadAdapters() {}

    /** An empty log that appends as it is told. */
    private interface Append {
        void run() throws Exception;
    }

    private static TestedLog log(Append append) {
        return new TestedLog() {
            @Override
            public void append(byte[] record) throws Exception {
                append.run();
            }

            @Override
            public void read(Consumer<byte[]> records) {}

            @Override
            public void close() {}
        };
    }

    public static final class Exits implements LogAdapter {
        public Exits() {}

        @Override
        public TestedLog open(Path directory) {
            return log(() -> System.exit(7));
        }
    }

    public static final class HangsWhenItAppends implements LogAdapter {
        public HangsWhenItAppends() {}

        @Override
        public TestedLog open(Path directory) {
            return log(new CountDownLatch(1)::await);
        }
    }

    public static final class HangsWhenItOpens implements LogAdapter {
        public HangsWhenItOpens() {}

        @Override
        public TestedLog open(Path directory) throws Exception {
            new CountDownLatch(1).await();
            return log(() -> {});
        }
    }

    public static final class ReadsForEver implements LogAdapter {
        public ReadsForEver() {}

        @Override
        public TestedLog open(Path directory) {
            return new TestedLog() {
                @Override
                public void append(byte[] record) {}

                @Override
                public void read(Consumer<byte[]> records) {
                    while (true) {
                        records.accept(new byte[100]);
                    }
                }

                @Override
                public void close() {}
            };
        }
    }

    public static final class PrintsGarbage implements LogAdapter {
        public PrintsGarbage() {}

        @Override
        public TestedLog open(Path directory) {
            return log(() -> {
                try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
                    out.write("appended a record, says a log that prints\n".getBytes(StandardCharsets.UTF_8));
                }
            });
        }
    }

    public static final class PrintsToSystemOut implements LogAdapter {
        private final NaiveAdapter honest = new NaiveAdapter();

        public PrintsToSystemOut() {}

        @Override
        public TestedLog open(Path directory) throws IOException {
            System.out.println("opened, says a log that prints");
            return honest.open(directory);
        }
    }

    public static final class ThrowsWhenItOpens implements LogAdapter {
        public ThrowsWhenItOpens() {}

        @Override
        public TestedLog open(Path directory) throws IOException {
            throw new IOException("no log today");
        }
    }

    public static final class ThrowsWhenItAppends implements LogAdapter {
        public ThrowsWhenItAppends() {}

        @Override
        public TestedLog open(Path directory) {
            return log(() -> {
                throw new LinkageError("a class is missing");
            });
        }
    }

    public static final class ThrowsWhenItIsMade implements LogAdapter {
        public ThrowsWhenItIsMade() {
            throw new IllegalStateException("not configured");
        }

        @Override
        public TestedLog open(Path directory) {
            return log(() -> {});
        }
    }

    public static final class WantsTooManyThreads implements LogAdapter {
        public WantsTooManyThreads() {}

        @Override
        public int threads() {
            return 1_000_000;
        }

        @Override
        public TestedLog open(Path directory) {
            return log(() -> {});
        }
    }

    /** Not an adapter at all. */
    public static final class NoAdapter {
        public NoAdapter() {}
    }
}
