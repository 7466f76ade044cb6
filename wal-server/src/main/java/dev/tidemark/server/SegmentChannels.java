package dev.tidemark.server;

import dev.tidemark.wal.api.Slices;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The segment files that are on their way to sockets, each open once, however many answers are made of it: a client that does not take its answers holds some tens of them,
 * and thousands of such clients would use up the process's descriptors.
 *
 * <p>A file is closed with the last answer. Kept longer, one that was trimmed would go on to take its place on the disk.
 *
 * <p><b>Threads.</b> Any that may block.
 *
 * <p><b>Ordering.</b> Opening, counting and closing of one file exclude each other, by the lock of its entry in the map; those of others go on.
 *
 * <p><b>Crash.</b> Opened for reading; nothing is left.
 */
final class SegmentChannels {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentChannels.class);

    private final ConcurrentHashMap<Key, Shared> open = new ConcurrentHashMap<>();

    /** The name alone does not say which file is meant: once a partition is deleted, another may have its name. */
    private record Key(Path file, int salt) {}

    /** An open file. Whoever has got it gives it back, once. */
    final class Shared {
        private final Key key;
        final FileChannel channel;
        private int users;

        private Shared(Key key, FileChannel channel) {
            this.key = key;
            this.channel = channel;
        }

        void release() {
            open.computeIfPresent(key, (same, shared) -> {
                assert shared == this : key;
                if (--users > 0) {
                    return shared;
                }
                close(channel);
                return null;
            });
        }
    }

    /** The file that holds these frames; nothing where it cannot be had under its name, for whatever reason: then they are read by the log. */
    @Nullable
    Shared of(Slices slices) {
        Path file = slices.file();
        return open.compute(new Key(file, slices.salt()), (key, known) -> {
            Shared shared = known == null ? open(key, slices) : known;
            if (shared != null) {
                shared.users++;
            }
            return shared;
        });
    }

    private @Nullable Shared open(Key key, Slices slices) {
        FileChannel channel;
        try {
            channel = FileChannel.open(key.file, StandardOpenOption.READ);
        } catch (IOException e) {
            // Moved by a deletion, or no descriptor is left, or the store lies on no disk of this system.
            LOG.debug("segment is read instead of sent: file={} ({})", key.file, e.toString());
            return null;
        }
        if (!slices.file().equals(key.file)) {
            // Moved while it was opened: what was opened may be another's.
            close(channel);
            return null;
        }
        return new Shared(key, channel);
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.warn("segment did not close", e);
        }
    }

    /** How many files are open. */
    int size() {
        return open.size();
    }
}
