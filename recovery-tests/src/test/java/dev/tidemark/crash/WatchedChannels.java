package dev.tidemark.crash;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.DiskLock;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A disk that looks on while segments are written and forced. The kernel tells a failed write-back once per open file: a channel
 * that is closed with unforced bytes takes the news with it, and one that did not write may never be told. No state of a disk
 * shows that, so it is the calls that are judged.
 *
 * <p>Frames without offsets may stay unforced: a proof that is lost costs nothing. So may zeros.
 *
 * <p><b>Threads.</b> One.
 */
final class WatchedChannels implements Disk {
    private final Disk disk;
    private final List<String> wrongs = new ArrayList<>();
    private final List<Channel> open = new ArrayList<>();
    private int closedSegments;

    WatchedChannels(Disk disk) {
        this.disk = disk;
    }

    /** What was done that must not be. */
    List<String> wrongs() {
        return wrongs;
    }

    /** How many channels of segments were closed. */
    int closedSegments() {
        return closedSegments;
    }

    @Override
    public DiskFile create(Path file) throws IOException {
        return watched(disk.create(file));
    }

    @Override
    public DiskFile open(Path file, Access access) throws IOException {
        return watched(disk.open(file, access));
    }

    private DiskFile watched(DiskFile file) {
        if (!file.path().toString().endsWith(".seg")) {
            return file;
        }
        Channel channel = new Channel(file);
        open.add(channel);
        return channel;
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        disk.createDirectory(directory);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void link(Path existing, Path link) throws IOException {
        disk.link(existing, link);
    }

    @Override
    public void delete(Path path) throws IOException {
        disk.delete(path);
    }

    @Override
    public List<DiskEntry> list(Path directory) throws IOException {
        return disk.list(directory);
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return disk.exists(path);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        disk.forceDirectory(directory);
    }

    @Override
    public DiskLock lock(Path file) throws IOException {
        return disk.lock(file);
    }

    @Override
    public Volume volume(Path path) throws IOException {
        return disk.volume(path);
    }

    @Override
    public Path realPath(Path path) throws IOException {
        return disk.realPath(path);
    }

    private final class Channel implements DiskFile {
        private final DiskFile file;
        private boolean hasUnforced;

        Channel(DiskFile file) {
            this.file = file;
        }

        @Override
        public int write(ByteBuffer source, long at) throws IOException {
            hasUnforced |= hasOffsets(source);
            return file.write(source, at);
        }

        /** Whatever is long enough for a header and is neither zeros nor a frame that takes no offsets. */
        private boolean hasOffsets(ByteBuffer bytes) {
            return bytes.remaining() >= FrameCodec.HEADER_BYTES && FrameCodec.count(bytes, bytes.position()) != 0;
        }

        @Override
        public void force(boolean metadata) throws IOException {
            for (Channel other : open) {
                if (other != this && other.hasUnforced && other.path().equals(path())) {
                    wrongs.add("forced through a channel beside the one that wrote: " + path());
                }
            }
            file.force(metadata);
            hasUnforced = false;
        }

        @Override
        public void close() throws IOException {
            if (file.isOpen()) {
                closedSegments++;
                if (hasUnforced) {
                    wrongs.add("closed with bytes that were not forced: " + path());
                }
            }
            open.remove(this);
            file.close();
        }

        @Override
        public int read(ByteBuffer target, long at) throws IOException {
            return file.read(target, at);
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            file.truncate(sizeBytes);
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public Path path() {
            return file.path();
        }

        @Override
        public boolean isOpen() {
            return file.isOpen();
        }
    }
}
