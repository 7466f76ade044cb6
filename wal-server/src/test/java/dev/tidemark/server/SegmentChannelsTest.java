package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.Slices;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files of answers that are on their way: open once each, and no longer than that. */
class SegmentChannelsTest {
    @TempDir
    private Path directory;

    private final SegmentChannels channels = new SegmentChannels();

    /** Frames of a segment that lies where it is said to, at the moment. */
    private record SomeFrames(Supplier<Path> place, int salt) implements Slices {
        @Override
        public Path file() {
            return place.get();
        }

        @Override
        public long filePosition() {
            return 0;
        }

        @Override
        public int bytes() {
            return 1;
        }

        @Override
        public long firstOffset() {
            return 0;
        }

        @Override
        public long endOffset() {
            return 1;
        }

        @Override
        public int read(ByteBuffer target, int at) {
            return 0;
        }

        @Override
        public void close() {
            // It holds nothing.
        }
    }

    private Path file(String name) throws IOException {
        return Files.writeString(directory.resolve(name), name);
    }

    private SegmentChannels.Shared open(Path file, int salt) {
        return Objects.requireNonNull(channels.of(new SomeFrames(() -> file, salt)));
    }

    @Test
    void answersOfOneSegment_shareItsFile_whichIsClosedWithTheLast() throws IOException {
        Path file = file("a.seg");
        SegmentChannels.Shared one = open(file, 1);
        SegmentChannels.Shared two = open(file, 1);
        SegmentChannels.Shared other = open(file("b.seg"), 1);
        assertThat(two.channel).isSameAs(one.channel);
        assertThat(other.channel).isNotSameAs(one.channel);
        assertThat(channels.size()).isEqualTo(2);
        one.release();
        assertThat(two.channel.isOpen()).isTrue();
        two.release();
        assertThat(two.channel.isOpen()).isFalse();
        other.release();
        assertThat(channels.size()).isZero();
    }

    @Test
    void partitionThatGotTheNameOfADeletedOne_isNotSentFromItsFile() throws IOException {
        Path file = file("a.seg");
        SegmentChannels.Shared before = open(file, 1);
        Files.delete(file);
        file("a.seg");
        SegmentChannels.Shared after = open(file, 2);
        assertThat(after.channel).isNotSameAs(before.channel);
        before.release();
        assertThat(after.channel.isOpen()).isTrue();
        after.release();
    }

    @Test
    void fileThatIsNotUnderItsName_orMovesWhileItIsOpened_isLeftToTheLog() throws IOException {
        Path file = file("a.seg");
        assertThat(channels.of(new SomeFrames(() -> directory.resolve("gone.seg"), 1)))
                .isNull();
        List<Path> places = new ArrayList<>(List.of(file, directory.resolve("delete-1.tmp")));
        assertThat(channels.of(new SomeFrames(() -> places.remove(0), 1))).isNull();
        assertThat(channels.size()).isZero();
    }

    @Test
    void threadsThatOpenAndCloseBesideEachOther_alwaysHaveAnOpenFile_andLeaveNone() throws Exception {
        Path file = file("a.seg");
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            all.add(CompletableFuture.runAsync(() -> {
                for (int turn = 0; turn < 2_000; turn++) {
                    SegmentChannels.Shared shared = open(file, 1);
                    assertThat(shared.channel.isOpen()).isTrue();
                    shared.release();
                }
            }));
        }
        for (CompletableFuture<Void> one : all) {
            one.get(60, TimeUnit.SECONDS);
        }
        assertThat(channels.size()).isZero();
    }
}
