package dev.tidemark.wal.segment;

import dev.tidemark.wal.bytes.IndexMemory;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * The {@code .idx} file beside a sealed segment: all entries of its index.
 *
 * <table>
 * <caption>Layout, little-endian</caption>
 * <tr><th>at</th><th>size</th><th>field</th></tr>
 * <tr><td>0</td><td>8</td><td>{@code TIDE.IDX}</td></tr>
 * <tr><td>8</td><td>4</td><td>format version, 1</td></tr>
 * <tr><td>12</td><td>4</td><td>entries</td></tr>
 * <tr><td>16</td><td>8</td><td>segment id</td></tr>
 * <tr><td>24</td><td>8</td><td>end offset of the segment</td></tr>
 * <tr><td>32</td><td>24 each</td><td>offset, file position, timestamp of a frame; from the first frame on</td></tr>
 * <tr><td>last</td><td>4</td><td>CRC-32C of everything before</td></tr>
 * </table>
 *
 * <p><b>Threads.</b> No state. Whoever writes has the right to load the index of that segment, so nobody else writes the same file.
 *
 * <p><b>Crash.</b> It is written under another name and renamed, and not forced: after a loss of power it may be absent, empty or torn.
 * Then its checksum fails, and it is made again from the segment when somebody needs it. Nothing is ever decided by what it says.
 */
final class IndexFile {

    static final int HEADER_BYTES = 32;
    static final int ENTRY_BYTES = 3 * Long.BYTES;
    static final int CRC_BYTES = 4;
    static final int VERSION = 1;

    /** What is read or written at once; whole entries. */
    static final int CHUNK_BYTES = 2048 * ENTRY_BYTES;

    private static final long MAGIC = ByteBuffer.wrap("TIDE.IDX".getBytes(StandardCharsets.US_ASCII))
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();

    private IndexFile() {}

    /** The path of the index of the segment at this path. */
    static Path of(Segment segment) {
        return segment.path().resolveSibling(segment.name().indexFile());
    }

    // ---------------------------------------------------------------- reading

    /**
     * Reads the entries into {@code target}; false, with some entries in it, if the file is absent or not the index of this segment.
     *
     * @param segment sealed, its header known
     * @param chunk room for {@link #CHUNK_BYTES}
     */
    static boolean read(Disk disk, Segment segment, IndexMemory target, ByteBuffer chunk) throws IOException {
        try (DiskFile file = disk.open(of(segment), Disk.Access.READ)) {
            return read(file, segment, target, chunk.order(ByteOrder.LITTLE_ENDIAN));
        } catch (NoSuchFileException absent) {
            return false;
        }
    }

    private static boolean read(DiskFile file, Segment segment, IndexMemory target, ByteBuffer chunk)
            throws IOException {
        CRC32C crc = new CRC32C();
        if (file.readFully(chunk.clear().limit(HEADER_BYTES), 0) < HEADER_BYTES) {
            return false;
        }
        int entries = chunk.getInt(12);
        boolean isOurs = chunk.getLong(0) == MAGIC
                && chunk.getInt(8) == VERSION
                && chunk.getLong(16) == segment.segmentId()
                && chunk.getLong(24) == segment.endOffset();
        long bytes = HEADER_BYTES + (long) entries * ENTRY_BYTES;
        if (!isOurs || entries < 1 || entries > SparseIndex.MAX_ENTRIES || file.size() != bytes + CRC_BYTES) {
            return false;
        }
        crc.update(chunk.flip());
        Follows follows = new Follows(segment);
        for (long at = HEADER_BYTES; at < bytes; at += CHUNK_BYTES) {
            int size = (int) Math.min(CHUNK_BYTES, bytes - at);
            if (file.readFully(chunk.clear().limit(size), at) < size) {
                return false;
            }
            crc.update(chunk.flip());
            for (int i = 0; i < size; i += ENTRY_BYTES) {
                long offset = chunk.getLong(i);
                long position = chunk.getLong(i + 8);
                long time = chunk.getLong(i + 16);
                if (!follows.test(offset, position, time) || !target.append(offset, position, time)) {
                    return false;
                }
            }
        }
        return file.readFully(chunk.clear().limit(CRC_BYTES), bytes) == CRC_BYTES
                && chunk.getInt(0) == (int) crc.getValue();
    }

    /** Whether entries can be those of frames, one after the other; a search among others would not end where it should. */
    private static final class Follows {
        private final long endOffset;
        private long offset;
        private long position;
        private long time;

        Follows(Segment segment) {
            endOffset = segment.endOffset();
            offset = segment.baseOffset();
        }

        boolean test(long nextOffset, long nextPosition, long nextTime) {
            boolean fits = nextOffset >= offset
                    && nextOffset <= endOffset
                    && (position == 0 ? nextPosition == SparseIndex.FIRST_FRAME : nextPosition > position)
                    && nextPosition % FrameCodec.ALIGNMENT == 0
                    && nextTime >= time;
            offset = nextOffset;
            position = nextPosition;
            time = nextTime;
            return fits;
        }
    }

    // ---------------------------------------------------------------- writing

    /**
     * Writes the index of a sealed segment, in place of one that is there; false, and nothing is written, if the index is not whole.
     *
     * @param chunk room for {@link #CHUNK_BYTES}
     */
    static boolean write(Disk disk, Segment segment, ByteBuffer chunk) throws IOException {
        int entries = countWhole(segment.index());
        if (entries == 0) {
            return false;
        }
        Path path = of(segment);
        Path aside = path.resolveSibling(Names.aside(segment.name().indexFile()));
        try (DiskFile file = createAnew(disk, aside)) {
            Output output = new Output(file, chunk.order(ByteOrder.LITTLE_ENDIAN));
            output.begin(segment, entries);
            boolean isWhole = segment.index().visitAll(output);
            if (!output.end(isWhole)) {
                disk.delete(aside);
                return false;
            }
        }
        disk.rename(aside, path);
        return true;
    }

    private static int countWhole(SparseIndex index) {
        int[] entries = new int[1];
        return index.visitAll((offset, position, time) -> entries[0]++) ? entries[0] : 0;
    }

    /** What a crash left under this name is of no use. */
    private static DiskFile createAnew(Disk disk, Path path) throws IOException {
        try {
            return disk.create(path);
        } catch (FileAlreadyExistsException leftBehind) {
            disk.delete(path);
            return disk.create(path);
        }
    }

    /** Fills the chunk and writes it out; keeps the first error for the end, as a visitor cannot throw it. */
    private static final class Output implements SparseIndex.Visitor {
        private final DiskFile file;
        private final ByteBuffer chunk;
        private final CRC32C crc = new CRC32C();
        private final IOException[] failure = new IOException[1];
        private int announced;
        private int seen;
        private long at;

        Output(DiskFile file, ByteBuffer chunk) {
            this.file = file;
            this.chunk = chunk.clear().limit(CHUNK_BYTES);
        }

        void begin(Segment segment, int entries) {
            announced = entries;
            chunk.putLong(MAGIC).putInt(VERSION).putInt(entries);
            chunk.putLong(segment.segmentId()).putLong(segment.endOffset());
            flush();
        }

        @Override
        public void entry(long offset, long filePosition, long timestampMillis) {
            seen++;
            chunk.putLong(offset).putLong(filePosition).putLong(timestampMillis);
            if (chunk.remaining() < ENTRY_BYTES) {
                flush();
            }
        }

        /** False if the entries were not those announced, because the index was given back in between. */
        boolean end(boolean isWhole) throws IOException {
            flush();
            chunk.putInt((int) crc.getValue());
            flush();
            if (failure[0] != null) {
                throw failure[0];
            }
            return isWhole && seen == announced;
        }

        private void flush() {
            chunk.flip();
            crc.update(chunk);
            chunk.rewind();
            int size = chunk.remaining();
            try {
                if (failure[0] == null) {
                    file.writeFully(chunk, at);
                }
            } catch (IOException e) {
                failure[0] = e;
            }
            at += size;
            chunk.clear().limit(CHUNK_BYTES);
        }
    }
}
