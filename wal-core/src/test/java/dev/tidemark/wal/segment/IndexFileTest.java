package dev.tidemark.wal.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.bytes.BytesChoice;
import dev.tidemark.wal.bytes.IndexMemory;
import dev.tidemark.wal.format.IndexHeader;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IndexFileTest {
    private static final Path DIRECTORY = Path.of("/data/orders-0");
    private static final int FRAME_BYTES = 48;
    /** More than a chunk of them, and not a whole number of chunks. */
    private static final int ENTRIES = IndexFile.CHUNK_BYTES / IndexHeader.ENTRY_BYTES + 1_000;

    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);
    private final ByteBuffer chunk = ByteBuffer.allocateDirect(IndexFile.CHUNK_BYTES);
    private final IndexMemory read = BytesChoice.current().newIndexMemory(SparseIndex.MAX_ENTRIES);
    private final Segment segment = sealedSegment(ENTRIES);

    @AfterEach
    void memoryIsGivenBack() {
        read.release();
        segment.index().unload();
    }

    @Test
    void indexOfMoreThanOneChunk_isReadAsItWasWritten() throws IOException {
        assertThat(write()).isTrue();

        assertThat(IndexFile.read(disk, segment, read, chunk)).isTrue();
        assertThat(read.size()).isEqualTo(ENTRIES);
        for (int i = 0; i < ENTRIES; i += 97) {
            assertThat(read.get(i, SparseIndex.OFFSET)).isEqualTo(i);
            assertThat(read.get(i, SparseIndex.POSITION)).isEqualTo(positionOf(i));
            assertThat(read.get(i, SparseIndex.TIME)).isEqualTo(10 + i);
        }
    }

    @Test
    void fileThatACrashLeftUnderTheNameAside_isReplaced() throws IOException {
        Path aside = DIRECTORY.resolve(Names.aside(segment.name().indexFile()));
        try (DiskFile file = disk.create(aside)) {
            file.writeFully(ByteBuffer.allocate(3), 0);
        }

        assertThat(write()).isTrue();

        assertThat(disk.files()).doesNotContain(aside);
        assertThat(IndexFile.read(disk, segment, read, chunk)).isTrue();
    }

    @Test
    void writeThatFails_leavesNoFileUnderAnyName() {
        for (int write = 1; write <= 4; write++) {
            disk.inject(Fault.full(CallMatch.on(Operation.Kind.WRITE).number(write)));
            assertThatThrownBy(this::write).isInstanceOf(IOException.class);
            assertThat(disk.files()).isEmpty();
        }
    }

    @Test
    void fileThatIsShorterThanItsSizeSaid_isNotBelieved() throws IOException {
        write();
        // Header, two chunks of entries, checksum: each of the reads may be the one that falls short.
        for (int number = 2; number <= 4; number++) {
            disk.inject(Fault.thrown(
                    CallMatch.on(Operation.Kind.READ).number(number), path -> new IOException("Input/output error")));
            assertThatThrownBy(() -> IndexFile.read(disk, segment, read, chunk)).isInstanceOf(IOException.class);
        }
        Path path = IndexFile.of(segment);
        byte[] whole = disk.contents(path);
        for (int size : new int[] {1, IndexHeader.BYTES, IndexFile.CHUNK_BYTES, whole.length - 1}) {
            disk.resize(path, size);
            assertThat(IndexFile.read(disk, segment, read, chunk))
                    .as("bytes=%d", size)
                    .isFalse();
            disk.damage(path, whole);
        }
    }

    @Test
    void indexOfAnotherSegment_isNotBelieved() throws IOException {
        write();
        Segment longer = sealedSegment(ENTRIES + 1);
        assertThat(IndexFile.read(disk, longer, read, chunk)).isFalse();
        longer.index().unload();
    }

    @Test
    void indexThatIsNotWhole_isNotWritten() throws IOException {
        Segment unknown = new Segment(segment.path(), segment.header());
        assertThat(IndexFile.write(disk, unknown, positionOf(ENTRIES), 1, chunk))
                .isFalse();
        assertThat(disk.files()).isEmpty();
    }

    private boolean write() throws IOException {
        return IndexFile.write(disk, segment, positionOf(ENTRIES), 1, chunk);
    }

    private static long positionOf(int frame) {
        return SegmentHeader.BYTES + (long) frame * FRAME_BYTES;
    }

    /** With an entry for each of its frames. */
    private static Segment sealedSegment(int frames) {
        SegmentHeader header = new SegmentHeader(new UUID(1, 2), 1, 7, new SegmentName(0, 1), Optional.empty(), 0, 0);
        Segment segment = new Segment(DIRECTORY.resolve(header.name().segmentFile()), header);
        segment.index().keepEvery(1);
        for (int i = 0; i < frames; i++) {
            segment.index().add(i, positionOf(i), 10 + i);
        }
        segment.seal(new SegmentEnd(7, header.name(), frames, positionOf(frames), 0), positionOf(frames) + 200);
        return segment;
    }
}
