package dev.tidemark.wal.segment;

import dev.tidemark.wal.bytes.IndexMemory;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.IndexHeader;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the {@code .idx} file beside a sealed segment: all entries of its index, from the first frame on.
 *
 * <p><b>Threads.</b> No state. Two that write the same file may disturb each other; what comes of it fails its checksum at worst.
 *
 * <p><b>Crash.</b> It is written under another name and renamed, and not forced: after a loss of power it may be absent, empty or torn.
 * Then its checksum fails, and it is made again from the segment when somebody needs it. Nothing is ever decided by what it says.
 */
final class IndexFile {

    /** What is read or written at once; whole entries. */
    static final int CHUNK_BYTES = 2048 * IndexHeader.ENTRY_BYTES;

    private IndexFile() {}

    /** The path of the index of a segment. */
    static Path of(Segment segment) {
        return segment.path().resolveSibling(segment.name().indexFile());
    }

    // ---------------------------------------------------------------- reading

    /**
     * Reads the entries into {@code target}; false, perhaps with some entries in it, if the file is absent or not the index of this segment.
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
        int available = file.readFully(chunk.clear().limit(IndexHeader.BYTES), 0);
        Decoded<IndexHeader> decoded = IndexHeader.decode(chunk.clear(), 0, available, file.size());
        IndexHeader header = decoded.value().orElse(null);
        if (header == null || header.entries() == 0 || !isOf(segment, header)) {
            return false;
        }
        CRC32C crc = new CRC32C();
        crc.update(chunk.limit(IndexHeader.BYTES));
        long at = IndexHeader.BYTES;
        long end = header.fileBytes() - IndexHeader.CRC_BYTES;
        long offset = segment.baseOffset();
        long position = 0;
        long time = 0;
        while (at < end) {
            int size = (int) Math.min(CHUNK_BYTES, end - at);
            if (file.readFully(chunk.clear().limit(size), at) < size) {
                return false;
            }
            crc.update(chunk.flip());
            for (int i = 0; i < size; i += IndexHeader.ENTRY_BYTES) {
                // A search among entries in another order would not end where it should.
                boolean isFirst = position == 0;
                if (!header.canFollow(chunk, i, offset, position, time)) {
                    return false;
                }
                offset = IndexHeader.entryOffset(chunk, i);
                position = IndexHeader.entryPosition(chunk, i);
                time = IndexHeader.entryTimestampMillis(chunk, i);
                boolean isInPlace = !isFirst || position == SparseIndex.FIRST_FRAME;
                if (!isInPlace || !target.append(offset, position, time)) {
                    return false;
                }
            }
            at += size;
        }
        return file.readFully(chunk.clear().limit(IndexHeader.CRC_BYTES), end) == IndexHeader.CRC_BYTES
                && chunk.getInt(0) == (int) crc.getValue();
    }

    private static boolean isOf(Segment segment, IndexHeader header) {
        return header.segmentId() == segment.segmentId()
                && header.endOffset() == segment.endOffset()
                && header.endPosition() <= segment.fileBytes();
    }

    // ---------------------------------------------------------------- writing

    /**
     * Writes the index of a sealed segment, in place of one that is there; false, and nothing is written, if the index is not whole.
     *
     * @param endPosition where the frames of the segment end
     * @param intervalBytes about how much log lies between two entries
     * @param chunk room for {@link #CHUNK_BYTES}
     */
    static boolean write(Disk disk, Segment segment, long endPosition, int intervalBytes, ByteBuffer chunk)
            throws IOException {
        int entries = countWhole(segment.index());
        if (entries == 0) {
            return false;
        }
        Path path = of(segment);
        Path aside = path.resolveSibling(Names.aside(segment.name().indexFile()));
        try (DiskFile file = createAnew(disk, aside)) {
            Output output = new Output(file, chunk.order(ByteOrder.LITTLE_ENDIAN));
            output.begin(
                    new IndexHeader(segment.segmentId(), intervalBytes, entries, segment.endOffset(), endPosition));
            if (!output.end(segment.index().visitAll(output))) {
                disk.delete(aside);
                return false;
            }
        } catch (IOException e) {
            deleteAside(disk, aside, e);
            throw e;
        }
        disk.rename(aside, path);
        return true;
    }

    private static void deleteAside(Disk disk, Path aside, IOException because) {
        try {
            disk.delete(aside);
        } catch (IOException e) {
            because.addSuppressed(e);
        }
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
        private @Nullable IOException failure;
        private int announced;
        private int seen;
        private long at;

        Output(DiskFile file, ByteBuffer chunk) {
            this.file = file;
            this.chunk = chunk.clear().limit(CHUNK_BYTES);
        }

        void begin(IndexHeader header) {
            announced = header.entries();
            header.encodeTo(chunk, 0);
            chunk.position(IndexHeader.BYTES);
            flush();
        }

        @Override
        public void entry(long offset, long filePosition, long timestampMillis) {
            seen++;
            IndexHeader.putEntry(chunk, chunk.position(), offset, filePosition, timestampMillis);
            chunk.position(chunk.position() + IndexHeader.ENTRY_BYTES);
            if (chunk.remaining() < IndexHeader.ENTRY_BYTES) {
                flush();
            }
        }

        /** False if the entries were not those announced, because the index was given back in between. */
        boolean end(boolean isWhole) throws IOException {
            flush();
            chunk.putInt((int) crc.getValue());
            flush();
            IOException first = failure;
            if (first != null) {
                throw first;
            }
            return isWhole && seen == announced;
        }

        private void flush() {
            chunk.flip();
            crc.update(chunk);
            chunk.rewind();
            int size = chunk.remaining();
            try {
                if (failure == null) {
                    file.writeFully(chunk, at);
                }
            } catch (IOException e) {
                failure = e;
            }
            at += size;
            chunk.clear().limit(CHUNK_BYTES);
        }
    }
}
