package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.PartitionId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code STORE}, {@code PARTITION} and {@code OWNER}. */
class MetadataFilesTest {

    /** A file and how it is read and written again. */
    private record Subject(
            String name, byte[] file, Function<byte[], Decoded<?>> decode, Function<Object, byte[]> encode) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Subject> subjects() {
        return Stream.of(
                new Subject(
                        "STORE",
                        new StoreFile(new UUID(1, 2), 1_700_000_000_000L).encode(),
                        StoreFile::decode,
                        value -> ((StoreFile) value).encode()),
                new Subject(
                        "PARTITION",
                        PartitionSamples.full().encode(),
                        PartitionFile::decode,
                        value -> ((PartitionFile) value).encode()));
    }

    @Test
    void partitionFile_comesBackAsItWasWritten() {
        for (long seed = 1; seed <= 300; seed++) {
            PartitionFile file = PartitionSamples.random(new Random(seed));
            byte[] bytes = file.encode();
            assertThat(PartitionFile.decode(bytes)).as("seed %d", seed).isEqualTo(new Decoded.Good<>(file));
            assertThat(file.change().done()).as("seed %d", seed).isEqualTo(file);
        }
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void anyFlippedBit_isDamageAndNeverANewerVersion(Subject subject) {
        for (int bit = 0; bit < 8 * subject.file().length; bit++) {
            byte[] file = subject.file().clone();
            file[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(subject.decode().apply(file)).as("bit %d", bit).isInstanceOf(Decoded.Damaged.class);
        }
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void anyOtherSize_isDamage(Subject subject) {
        for (int length = 0; length < subject.file().length; length++) {
            assertThat(subject.decode().apply(Arrays.copyOf(subject.file(), length)))
                    .isInstanceOf(Decoded.Damaged.class);
        }
        assertThat(subject.decode().apply(Arrays.copyOf(subject.file(), subject.file().length + 1)))
                .isInstanceOf(Decoded.Damaged.class);
        assertThat(subject.decode().apply(new byte[PartitionFile.MAX_BYTES + 1]))
                .isInstanceOf(Decoded.Damaged.class);
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void newerVersion_isToldFromDamage(Subject subject) {
        byte[] file = subject.file().clone();
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(12, 2);
        assertThat(subject.decode().apply(file)).isInstanceOf(Decoded.Damaged.class);
        FormatBytes.fixFileChecksum(file);
        assertThat(subject.decode().apply(file)).isEqualTo(new Decoded.Newer<>(2));
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void changedBytesUnderAGoodChecksum_areAVerdictOrAValueThatWritesThem(Subject subject) {
        int good = 0;
        for (long seed = 1; seed <= 30_000; seed++) {
            byte[] file = FormatBytes.mutated(subject.file(), 20, new Random(seed));
            FormatBytes.fixFileChecksum(file);
            Decoded<?> decoded = subject.decode().apply(file);
            if (decoded instanceof Decoded.Good<?> value) {
                good++;
                assertThat(subject.encode().apply(value.content()))
                        .as("seed %d", seed)
                        .isEqualTo(file);
            } else {
                assertThat(decoded).as("seed %d", seed).isInstanceOf(Decoded.Damaged.class);
            }
        }
        assertThat(good).isPositive();
    }

    @Test
    void fileOfAnotherKind_isDamage() {
        byte[] store = new StoreFile(new UUID(1, 2), 3).encode();
        assertThat(PartitionFile.decode(store)).isInstanceOf(Decoded.Damaged.class);
        assertThat(StoreFile.decode(PartitionSamples.full().encode())).isInstanceOf(Decoded.Damaged.class);
    }

    @Test
    void largestPartitionFile_isStillRead() {
        PartitionFile.Change change = PartitionSamples.full().change();
        for (int i = 0; i < 4095; i++) {
            change.closed(new SegmentEnd(-1 - i, new SegmentName(Long.MAX_VALUE, 4 + i), Long.MAX_VALUE, 1L << 62, -1));
        }
        for (int i = 0; i < 1022; i++) {
            change.checkpoint("c".repeat(190) + i, Long.MAX_VALUE);
        }
        for (int i = 0; i < 4095; i++) {
            change.loss(new Loss(Long.MAX_VALUE - 1, Long.MAX_VALUE, "x".repeat(200), Long.MAX_VALUE));
        }
        PartitionFile file = change.done();
        assertThat(PartitionFile.decode(file.encode())).isEqualTo(new Decoded.Good<>(file));
        assertThatThrownBy(() -> {
                    file.change().checkpoint("one-more", 1).done();
                })
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("checkpoints");
    }

    @Test
    void partsThatCannotBeTogether_areRefused() {
        PartitionFile file = PartitionSamples.full();
        assertThatThrownBy(() -> file.change().provenEnd(file.startOffset() - 1).done())
                .hasMessageContaining("proven end");
        assertThatThrownBy(() -> file.change().lastEpoch(1).done()).hasMessageContaining("epochs");
        assertThatThrownBy(() -> file.change()
                        .cleanStamp(new CleanStamp(12345, 8192, 1, file.provenEnd(), 3))
                        .done())
                .hasMessageContaining("clean stamp");
        assertThatThrownBy(() -> file.change().checkpoint("a b", 1).done()).hasMessageContaining("checkpoint");
        assertThatThrownBy(() -> file.change().checkpoint("a", -1).done()).hasMessageContaining("checkpoint");
        assertThatThrownBy(() -> new Loss(5, 5, "empty", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Intent.Trim(4, new SegmentName(5, 1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void change_replacesWhatIsSetAndNothingElse() {
        PartitionFile first = PartitionFile.first(
                new UUID(1, 2), new PartitionId("orders", 0), 7, 1000, new SegmentRef(new SegmentName(0, 1), 11));
        SegmentEnd end = new SegmentEnd(11, new SegmentName(0, 1), 50, 8192, 99);

        PartitionFile closed = first.change().closed(end).provenEnd(50).done();
        assertThat(closed.isActiveClosed()).isTrue();
        assertThat(closed.closedEnd(11)).contains(end);
        assertThat(first.isActiveClosed()).isFalse();

        PartitionFile rotated = closed.change()
                .active(new SegmentRef(new SegmentName(50, 2), 12))
                .done();
        assertThat(rotated.isActiveClosed()).isFalse();
        assertThat(rotated.lastEpoch()).isEqualTo(2);
        assertThat(rotated.provenEnd()).isEqualTo(50);

        PartitionFile trimmed =
                rotated.change().start(60, new SegmentName(50, 2)).provenEnd(60).done();
        assertThat(trimmed.closedByRecovery()).isEmpty();

        Intent intent = new Intent.Truncate(55, new SegmentName(50, 2), 2);
        PartitionFile cutting = rotated.change()
                .intent(intent)
                .checkpoint("low", 10)
                .checkpoint("high", 70)
                .checkpointsAtMost(55)
                .done();
        assertThat(cutting.intents()).containsExactly(intent);
        assertThat(cutting.checkpoints()).containsEntry("low", 10L).containsEntry("high", 55L);
        assertThat(cutting.change()
                        .withoutIntent(intent)
                        .withoutCheckpoint("low")
                        .done()
                        .checkpoints())
                .containsOnlyKeys("high");
    }

    @Test
    void listsOfAPartitionFile_cannotBeChangedFromOutside() {
        PartitionFile file = PartitionSamples.full();
        assertThatThrownBy(() -> file.checkpoints().put("x", 1L)).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> file.losses().clear()).isInstanceOf(RuntimeException.class);
        List<Intent> intents = file.intents();
        assertThatThrownBy(() -> intents.add(new Intent.Delete(1))).isInstanceOf(RuntimeException.class);
    }

    @Test
    void owner_isReadAsItWasWritten_andAnythingElseIsNobody() {
        OwnerFile owner = new OwnerFile(4711, "host.example", 1_700_000_000_123L);
        assertThat(new String(owner.encode(), java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("pid=4711\nhost=host.example\nstarted=2023-11-14T22:13:20.123Z\n");
        assertThat(OwnerFile.decode(owner.encode())).contains(owner);
        assertThat(new OwnerFile(1, "a\nb c" + "x".repeat(5000), 0).encode().length)
                .isLessThan(OwnerFile.MAX_BYTES);
        for (long seed = 1; seed <= 5000; seed++) {
            Optional<OwnerFile> decoded = OwnerFile.decode(FormatBytes.mutated(owner.encode(), 0, new Random(seed)));
            decoded.ifPresent(
                    other -> assertThat(OwnerFile.decode(other.encode())).contains(other));
        }
        assertThat(OwnerFile.decode(new byte[0])).isEmpty();
        assertThat(OwnerFile.decode(new byte[100_000])).isEmpty();
    }
}
