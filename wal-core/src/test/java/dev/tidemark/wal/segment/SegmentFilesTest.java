package dev.tidemark.wal.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SegmentFilesTest {

    private static final Path DIRECTORY = Path.of("/data/orders-0");
    private static final SegmentOwner OWNER = new SegmentOwner(new UUID(1, 2), 1, new PartitionId("orders", 0));

    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DIRECTORY);

    @Test
    void openFile_isSharedAndOpenedOnce() throws IOException {
        SegmentFiles files = new SegmentFiles(disk, 4, false);
        Segment segment = segment(0);

        OpenSegment first = files.acquire(segment, OWNER);
        OpenSegment second = files.acquire(segment, OWNER);

        assertThat(second).isSameAs(first);
        first.release();
        second.release();
        assertThat(files.openFiles()).isEqualTo(1);
        assertThat(disk.count(Operation.Kind.OPEN)).isEqualTo(1);
        files.close();
        assertThat(files.openFiles()).isZero();
        assertThat(disk.openFiles()).isEmpty();
    }

    @Test
    void openingASegment_makesItsHeaderKnown() throws IOException {
        try (SegmentFiles files = new SegmentFiles(disk, 4, false)) {
            Segment known = segment(0);
            Segment unknown = new Segment(known.path(), known.name(), 10, 5000);

            assertThatThrownBy(() -> files.acquire(unknown)).isInstanceOf(IllegalStateException.class);
            files.acquire(unknown, OWNER).release();

            assertThat(unknown.salt()).isEqualTo(known.salt());
        }
        assertThat(disk.openFiles()).isEmpty();
    }

    @Test
    void fileOfAnotherStore_isRefusedAndClosed() throws IOException {
        try (SegmentFiles files = new SegmentFiles(disk, 4, false)) {
            Segment known = segment(0);
            Segment unknown = new Segment(known.path(), known.name(), 10, 5000);

            assertThatThrownBy(() ->
                            files.acquire(unknown, new SegmentOwner(new UUID(3, 4), 1, new PartitionId("orders", 0))))
                    .isInstanceOfSatisfying(
                            DamageException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SEGMENT_CORRUPT));

            assertThat(files.openFiles()).isZero();
            assertThat(disk.openFiles()).isEmpty();
        }
    }

    @Test
    void noMoreFilesAreOpenThanAllowed_whenTheyAreUsedOneByOne() throws IOException {
        List<Segment> segments = segments(50);
        try (SegmentFiles files = new SegmentFiles(disk, 8, false)) {
            Random random = new Random(1);
            for (int i = 0; i < 1000; i++) {
                OpenSegment open = files.acquire(segments.get(random.nextInt(50)), OWNER);
                assertThat(open.file().isOpen()).isTrue();
                assertThat(files.openFiles()).isLessThanOrEqualTo(8);
                assertThat(disk.openFiles()).hasSize(files.openFiles());
                open.release();
            }
        }
        assertThat(disk.openFiles()).isEmpty();
    }

    @Test
    void filesInUse_areNeverClosed() throws IOException {
        List<Segment> segments = segments(20);
        SegmentFiles files = new SegmentFiles(disk, 4, false);
        List<OpenSegment> held = new ArrayList<>();
        for (Segment segment : segments) {
            held.add(files.acquire(segment, OWNER));
        }

        assertThat(held).allMatch(open -> open.file().isOpen());
        assertThat(files.openFiles()).isEqualTo(20);
        held.forEach(OpenSegment::release);
        assertThat(files.openFiles())
                .as("those above the bound go with their last user")
                .isLessThanOrEqualTo(4);
        files.close();
        assertThat(disk.openFiles()).isEmpty();
    }

    @Test
    void idleFiles_makeRoomForOnesInUse() throws IOException {
        List<Segment> segments = segments(8);
        try (SegmentFiles files = new SegmentFiles(disk, 4, false)) {
            OpenSegment one = files.acquire(segments.get(0), OWNER);
            OpenSegment other = files.acquire(segments.get(1), OWNER);
            for (Segment segment : segments) {
                files.acquire(segment, OWNER).release();
                assertThat(files.openFiles()).isLessThanOrEqualTo(4);
            }
            one.release();
            other.release();
        }
    }

    @Test
    void systemWithoutDescriptors_getsIdleFilesBack() throws IOException {
        List<Segment> segments = segments(10);
        SegmentFiles files = new SegmentFiles(disk, 100, false);
        disk.withMaxOpenFiles(5);
        for (Segment segment : segments) {
            files.acquire(segment, OWNER).release();
        }
        assertThat(files.openFiles()).isLessThanOrEqualTo(5);

        files.close();
        List<OpenSegment> held = new ArrayList<>();
        try (SegmentFiles allInUse = new SegmentFiles(disk, 100, false)) {
            for (int i = 0; i < 5; i++) {
                held.add(allInUse.acquire(segments.get(i), OWNER));
            }
            assertThatThrownBy(() -> allInUse.acquire(segments.get(7), OWNER))
                    .isInstanceOf(FileSystemException.class)
                    .hasMessageContaining("Too many open files");
            assertThat(allInUse.openFiles()).isEqualTo(5);
            held.forEach(OpenSegment::release);
            allInUse.acquire(segments.get(7), OWNER).release();
        }
    }

    @Test
    void otherErrorOnOpening_isPassedOn() throws IOException {
        try (SegmentFiles files = new SegmentFiles(disk, 4, false)) {
            Segment segment = segment(0);
            disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.OPEN)));

            assertThatThrownBy(() -> files.acquire(segment)).isInstanceOf(IOException.class);
            assertThat(files.openFiles()).isZero();
            files.acquire(segment).release();
        }
    }

    @Test
    void adoptedFile_takesThePlaceOfTheOneBefore() throws IOException {
        SegmentFiles files = new SegmentFiles(disk, 4, false);
        Segment segment = segment(0);
        OpenSegment before = files.acquire(segment);
        DiskFile mine = disk.open(segment.path(), dev.tidemark.wal.io.Disk.Access.READ_WRITE);

        OpenSegment adopted = files.adopt(segment, mine);

        assertThat(adopted.file()).isSameAs(mine);
        assertThat(before.file().isOpen()).as("still in use").isTrue();
        before.release();
        assertThat(before.file().isOpen()).isFalse();
        OpenSegment again = files.acquire(segment);
        assertThat(again).isSameAs(adopted);
        again.release();
        adopted.release();
        files.close();
        assertThat(mine.isOpen()).isFalse();
    }

    @Test
    void forgottenFile_isClosedByItsLastUser() throws IOException {
        try (SegmentFiles files = new SegmentFiles(disk, 4, false)) {
            Segment segment = segment(0);
            OpenSegment open = files.acquire(segment);
            files.forget(segment);
            assertThat(open.file().isOpen()).isTrue();
            open.release();
            assertThat(open.file().isOpen()).isFalse();
            assertThat(open.tryRetain()).isFalse();
            assertThatThrownBy(open::release).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void closedFiles_openNothing() throws IOException {
        SegmentFiles files = new SegmentFiles(disk, 4, false);
        Segment segment = segment(0);
        OpenSegment held = files.acquire(segment);
        files.close();
        files.close();

        assertThat(held.file().isOpen()).isTrue();
        held.release();
        assertThat(files.openFiles()).isZero();
        assertThatThrownBy(() -> files.acquire(segment))
                .isInstanceOfSatisfying(
                        UnavailableException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_CLOSED));
    }

    @Test
    void indexOfASealedSegment_goesWithItsFile() throws IOException {
        try (SegmentFiles files = new SegmentFiles(disk, 4, false)) {
            Segment sealed = new Segment(segment(0).path(), new SegmentName(0, 1), 10, 5000);
            Segment active = segment(1);
            sealed.index().add(0, 4096, 1);
            active.index().add(0, 4096, 1);
            files.acquire(sealed, OWNER).release();
            files.acquire(active).release();

            files.forget(sealed);
            files.forget(active);

            assertThat(sealed.index().size()).isZero();
            assertThat(active.index().size()).as("its writer would miss it").isEqualTo(1);
            active.release();
            assertThat(active.index().size()).isZero();
        }
    }

    /** Threads that use, forget and adopt, far more segments than may be open, and one that closes in the middle of it. */
    @Test
    void manyThreads_neverUseAClosedFileAndLeaveNoneOpen() throws Exception {
        int threads = 6;
        List<Segment> segments = segments(12);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        for (int round = 0; round < 30; round++) {
            SegmentFiles files = new SegmentFiles(disk, 3, false);
            CountDownLatch halfWay = new CountDownLatch(threads * 100);
            List<Future<Integer>> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                Random random = new Random(round * 100L + t);
                running.add(pool.submit(() -> use(files, segments, random, halfWay)));
            }
            assertThat(halfWay.await(60, TimeUnit.SECONDS)).isTrue();
            files.close();
            int used = 0;
            for (Future<Integer> each : running) {
                used += each.get(60, TimeUnit.SECONDS);
            }
            assertThat(used).isGreaterThanOrEqualTo(threads * 100);
            assertThat(files.openFiles()).as("round=%s", round).isZero();
            assertThat(disk.openFiles()).as("round=%s", round).isEmpty();
        }
        pool.shutdown();
    }

    /** Until the files are closed. */
    private static int use(SegmentFiles files, List<Segment> segments, Random random, CountDownLatch halfWay)
            throws IOException {
        int used = 0;
        ByteBuffer header = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
        while (true) {
            Segment segment = segments.get(random.nextInt(segments.size()));
            try {
                OpenSegment open = files.acquire(segment, OWNER);
                try {
                    // A closed file would throw, another segment's would have another header.
                    open.file().readFully(header.clear(), 0);
                    SegmentHeader found = SegmentHeader.decode(header, 0, header.position())
                            .value()
                            .orElseThrow();
                    assertThat(found.name()).isEqualTo(segment.name());
                } finally {
                    open.release();
                }
                if (random.nextInt(8) == 0) {
                    files.forget(segment);
                }
                // Beside the three each thread may have one in use, one that it is opening, and two that left the cache
                // under its
                // hands and that it is about to close.
                assertThat(files.openFiles()).isLessThanOrEqualTo(3 + 4 * 6);
            } catch (UnavailableException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.STORE_CLOSED);
                return used;
            }
            used++;
            halfWay.countDown();
        }
    }

    private List<Segment> segments(int count) throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            segments.add(segment(i));
        }
        return segments;
    }

    private Segment segment(int number) throws IOException {
        SegmentName name = new SegmentName(number * 10L, number + 1);
        SegmentHeader header =
                new SegmentHeader(OWNER.storeId(), OWNER.partitionId(), 100 + number, name, Optional.empty(), 0, 0);
        ByteBuffer block = ByteBuffer.allocateDirect(SegmentHeader.BYTES);
        header.encodeTo(block, 0);
        Path path = DIRECTORY.resolve(name.segmentFile());
        try (DiskFile file = disk.create(path)) {
            file.writeFully(block, 0);
        }
        return new Segment(path, header);
    }
}
