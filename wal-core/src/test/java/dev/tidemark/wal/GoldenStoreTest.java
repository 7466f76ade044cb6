package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo.SegmentInfo;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.engine.Engine;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.ManualClock;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * P12 for whole stores: two that version 1 wrote, one closed and one killed, are opened by this version and hold exactly what
 * was put into them; a file of a newer version is refused and stays as it is.
 *
 * <p>The stores under {@code golden/v1-store} were written once, by {@link Writer}, and are never written again.
 */
class GoldenStoreTest {
    private static final int VALUES = 60;
    private static final List<PartitionId> PARTITIONS =
            List.of(new PartitionId("orders", 0), new PartitionId("orders", 1), new PartitionId("payments.eu", 12));

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"clean", "killed"})
    void P12_storeThatVersion1Wrote_holdsExactlyWhatWasPutIntoIt(String state) throws Exception {
        Path store = copyOf(state);
        for (int opening = 0; opening < 2; opening++) {
            try (Wal wal = Wal.open(config(store).build())) {
                assertThat(wal.recovery().refused()).isEmpty();
                assertThat(wal.recovery().partitions())
                        .hasSize(PARTITIONS.size())
                        .allSatisfy(partition -> assertThat(partition.cases().contains(RecoveryCase.CLEAN))
                                .isEqualTo(state.equals("clean")));
                assertThat(wal.partitions()).containsExactlyElementsOf(PARTITIONS);
                for (PartitionId id : PARTITIONS) {
                    LocalPartition partition = wal.partition(id);
                    assertThat(entries(partition)).isEqualTo(expected(id));
                    // The last one is so old that it is about to be sealed as well.
                    List<SegmentInfo> segments = partition.describe().segments();
                    assertThat(segments).hasSizeGreaterThan(1);
                    assertThat(segments.subList(0, segments.size() - 1))
                            .as("sealed ones before the one that was in use")
                            .allMatch(SegmentInfo::isSealed);
                }
                if (state.equals("killed")) {
                    break;
                }
            }
        }
        try (Wal wal = Wal.open(config(store).build())) {
            LocalPartition orders = wal.partition(PARTITIONS.get(0));
            long end = orders.ends().logEnd();
            assertThat(orders.append(bytes("written by this version"))).isEqualTo(end);
            List<String> all = new ArrayList<>(expected(PARTITIONS.get(0)));
            assertThat(entries(orders)).startsWith(all.toArray(String[]::new)).hasSize(all.size() + 1);
        }
    }

    @Test
    void P12_storeFileOfANewerVersion_isRefusedUntouched() throws Exception {
        Path store = copyOf("clean");
        makeNewer(store.resolve("STORE"), 12);
        Map<Path, String> before = filesIn(store);
        assertThatThrownBy(() -> Wal.open(config(store).build()))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_NEWER));
        assertThat(filesIn(store)).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"clean PARTITION", "killed PARTITION", "clean segment", "killed segment"})
    void P12_partitionWithAFileOfANewerVersion_isRefusedAloneUntouched(String what) throws Exception {
        Path store = copyOf(what.substring(0, what.indexOf(' ')));
        Path partition = store.resolve(PARTITIONS.get(1).toString());
        if (what.endsWith("PARTITION")) {
            makeNewer(partition.resolve("PARTITION"), 12);
        } else {
            makeNewer(newestSegment(partition), 8);
        }
        Map<Path, String> before = filesIn(partition);
        try (Wal wal = Wal.open(config(store).build())) {
            assertThat(wal.recovery().refused()).hasSize(1);
            assertThatThrownBy(() -> wal.partition(PARTITIONS.get(1)))
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_NEWER));
            assertThat(entries(wal.partition(PARTITIONS.get(0)))).isEqualTo(expected(PARTITIONS.get(0)));
        }
        assertThat(filesIn(partition)).isEqualTo(before);
    }

    // ---------------------------------------------------------------- what is in the golden stores

    /** What one append of the golden stores looks like to a reader: offset, count, kind, key, headers, time, value. */
    private static List<String> expected(PartitionId id) {
        List<String> lines = new ArrayList<>();
        long offset = 0;
        for (int i = 0; i < VALUES; i++) {
            switch (i % 10) {
                case 3 -> {
                    lines.add(offset + " 1 RECORD key=k" + i + " headers=[trace=t" + i + "] at=" + (1_000_000 + i) + " "
                            + value(id, i));
                    lines.add(offset + 1 + " 1 RECORD key=- headers=[] at=log second " + i);
                    lines.add(offset + 2 + " 1 RECORD key=- headers=[] at=log ");
                    offset += 3;
                }
                case 7 -> {
                    lines.add(offset + " 5 OPAQUE key=- headers=[] at=log batch " + value(id, i));
                    offset += 5;
                }
                default -> {
                    lines.add(offset + " 1 RAW key=- headers=[] at=log " + value(id, i));
                    offset++;
                }
            }
        }
        return lines;
    }

    private static void fill(LocalPartition partition) {
        for (int i = 0; i < VALUES; i++) {
            byte[] value = bytes(value(partition.id(), i));
            switch (i % 10) {
                case 3 ->
                    partition.append(List.of(
                            WalRecord.of(bytes("k" + i), value)
                                    .withTimestamp(1_000_000 + i)
                                    .withHeaders(List.of(Header.of("trace", bytes("t" + i)))),
                            WalRecord.of(bytes("second " + i)),
                            WalRecord.of(new byte[0])));
                case 7 -> partition.append(AppendRequest.opaque(bytes("batch " + value(partition.id(), i)), 5));
                default -> partition.append(value);
            }
        }
    }

    private static String value(PartitionId id, int i) {
        return "golden " + id + " " + i + " " + "-".repeat(i * 37 % 900);
    }

    private static List<String> entries(LocalPartition partition) {
        List<String> lines = new ArrayList<>();
        try (Cursor cursor = partition.read(From.start())) {
            while (cursor.next()) {
                long millis = cursor.timestampMillis();
                lines.add(cursor.offset() + " " + cursor.count() + " " + cursor.kind() + " key="
                        + cursor.key().map(GoldenStoreTest::text).orElse("-") + " headers="
                        + cursor.headers().stream()
                                .map(header -> header.name() + "=" + text(header.value()))
                                .toList()
                        + " at=" + (millis == new ManualClock().millis() ? "log" : millis) + " "
                        + text(cursor.value()));
            }
        }
        return lines;
    }

    /** Wrote the golden stores; the argument is the directory that becomes {@code golden/v1-store}. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) throws IOException {
            Path target = Path.of(arguments[0]);
            ManualClock clock = new ManualClock();
            Environment environment = Environment.real().withTime(clock, clock);
            for (String state : List.of("clean", "killed")) {
                Path live = Files.createTempDirectory("golden").resolve("store");
                Engine engine = Engine.open(config(live).prefill(false).build(), environment);
                PARTITIONS.forEach(id -> fill(engine.partition(id)));
                if (state.equals("clean")) {
                    engine.close();
                }
                // Of an open store the files are what a kill leaves.
                copy(live, target.resolve(state));
                engine.close();
            }
        }
    }

    // ---------------------------------------------------------------- for the tests above

    private static WalConfig.Builder config(Path store) {
        return WalConfig.builder(store)
                .segmentBytes(16 << 10)
                .maxAppendBytes(8 << 10)
                .reserveBytes(64 << 10);
    }

    private Path copyOf(String state) throws IOException, URISyntaxException {
        URI golden = Objects.requireNonNull(getClass().getResource("/golden/v1-store/" + state))
                .toURI();
        Path store = directory.resolve(state);
        if (!golden.getScheme().equals("jar")) {
            copy(Path.of(golden), store);
            return store;
        }
        // Mutants are tried with these tests as other modules see them.
        try (FileSystem jar = FileSystems.newFileSystem(golden, Map.of())) {
            copy(jar.provider().getPath(golden), store);
        }
        return store;
    }

    /** All but what is the process's own: the lock, its owner, and the reserve, which is made anew. */
    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else if (!List.of("LOCK", "OWNER", "RESERVE")
                        .contains(file.getFileName().toString())) {
                    Files.copy(file, copy);
                }
            }
        }
    }

    private static Path newestSegment(Path partition) throws IOException {
        try (Stream<Path> files = Files.list(partition)) {
            return files.filter(file -> file.toString().endsWith(".seg"))
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    /** Raises the version and computes the checksum again, which ends the file, or the header of a segment. */
    private static void makeNewer(Path file, int versionAt) throws IOException {
        byte[] content = Files.readAllBytes(file);
        int end = file.toString().endsWith(".seg") ? 4096 : content.length;
        ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.getInt(versionAt)).isEqualTo(1);
        bytes.putInt(versionAt, 2);
        CRC32C crc = new CRC32C();
        crc.update(content, 0, end - 4);
        bytes.putInt(end - 4, (int) crc.getValue());
        Files.write(file, content);
    }

    private static Map<Path, String> filesIn(Path root) throws IOException {
        Map<Path, String> contents = new HashMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith("LOCK")) {
                    contents.put(file, new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
                }
            }
        }
        return contents;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
