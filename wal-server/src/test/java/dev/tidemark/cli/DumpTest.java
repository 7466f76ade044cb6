package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.WalConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DumpTest {

    private static final int FIRST_FRAME = 4096;
    /** A header of 40 bytes, "value N", and one byte to the next multiple of 8. */
    private static final int FRAME_BYTES = 48;

    @TempDir
    Path directory;

    private Path segment;

    @BeforeEach
    void tenRecords() throws IOException {
        CliRun.store(directory, "orders-0", 10);
        segment = StoreFiles.segments(directory, "orders-0").get(0);
    }

    private List<String> json(Object... options) {
        return CliRun.of(Stream.concat(Stream.of("dump", segment, "--json"), Stream.of(options))
                        .toArray())
                .outLines();
    }

    private static List<String> ofType(List<String> lines, String type) {
        return lines.stream()
                .filter(line -> line.startsWith("{\"type\":\"" + type + '"'))
                .toList();
    }

    @Test
    void partition_isShownFrameByFrame() {
        CliRun run = CliRun.of("dump", "--data", directory, "orders-0");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("base=0 epoch=1", "clean close: end=10 frames=10")
                .containsPattern("4096 +RAW +0 +1 +7 +\\S+Z +0 +ok")
                .containsPattern("CONTROL +10 +0 ");
    }

    @Test
    void file_isTheSameAsItsPartition() {
        assertThat(CliRun.of("dump", segment).out())
                .isEqualTo(CliRun.of("dump", "--data", directory, "orders-0").out());
    }

    @Test
    void json_isAnObjectALine() {
        List<String> lines = json();

        assertThat(lines).allMatch(line -> line.startsWith("{\"type\":") && line.endsWith("}"));
        assertThat(ofType(lines, "frame")).hasSize(11);
        assertThat(ofType(lines, "frame").get(3))
                .contains("\"position\":" + (FIRST_FRAME + 3 * FRAME_BYTES), "\"offset\":3", "\"check\":\"VALID\"");
        assertThat(ofType(lines, "end")).singleElement().asString().contains("\"frames\":11", "\"isComplete\":true");
    }

    @Test
    void limit_stopsTheDump() {
        List<String> lines = json("--max", 2);

        assertThat(ofType(lines, "frame")).hasSize(2);
        assertThat(ofType(lines, "end")).singleElement().asString().contains("\"isComplete\":false");
    }

    @Test
    void records_areShownOnRequest() throws IOException {
        Path store = directory.resolve("batches");
        CliRun.withInput("k,v1\nk,v2\n", "produce", "--data", store, "b-0", "--batch", "2", "--key-separator", ",");
        CliRun text = CliRun.of("dump", "--data", store, "b-0", "--records");
        CliRun json = CliRun.of("dump", "--data", store, "b-0", "--records", "--json");

        assertThat(text.out()).containsPattern(" 0  k = v1\n").containsPattern(" 1  k = v2\n");
        assertThat(json.out()).contains("{\"type\":\"record\",\"offset\":1,\"key\":\"k\",\"value\":\"v2\"}");
    }

    @Test
    void badPayload_isShownAndSteppedOver() throws IOException {
        StoreFiles.flip(segment, FIRST_FRAME + 2 * FRAME_BYTES + 40);
        List<String> lines = json();

        assertThat(CliRun.of("dump", segment).exitCode()).isZero();
        assertThat(ofType(lines, "frame")).hasSize(11);
        assertThat(ofType(lines, "frame").get(2)).contains("\"offset\":2", "\"check\":\"BAD_PAYLOAD_CRC\"");
        assertThat(ofType(lines, "frame").get(3)).contains("\"offset\":3", "\"check\":\"VALID\"");
    }

    @Test
    void badFrameHeader_isShownAsBytesAndTheNextFrameIsFound() throws IOException {
        StoreFiles.flip(segment, FIRST_FRAME + 2 * FRAME_BYTES + 8);
        List<String> lines = json();

        assertThat(ofType(lines, "bad"))
                .singleElement()
                .asString()
                .contains(
                        "\"position\":" + (FIRST_FRAME + 2 * FRAME_BYTES),
                        "\"endPosition\":" + (FIRST_FRAME + 3 * FRAME_BYTES),
                        "BAD_HEADER_CRC");
        assertThat(ofType(lines, "frame")).hasSize(10);
    }

    @Test
    void fileThatIsCutOff_isShownUpToThere() throws IOException {
        StoreFiles.truncate(segment, FIRST_FRAME + 3 * FRAME_BYTES + 20);
        List<String> lines = json();

        assertThat(ofType(lines, "frame")).hasSize(3);
        assertThat(ofType(lines, "bad")).singleElement().asString().contains("CUT_OFF");
    }

    @Test
    void badSegmentHeader_isMadeUpForByThePartitionFile() throws IOException {
        StoreFiles.flip(segment, 100);
        List<String> lines = json();

        assertThat(ofType(lines, "badSegment")).singleElement().asString().contains("\"segmentId\":", "checksum");
        assertThat(ofType(lines, "frame")).hasSize(11);
    }

    @Test
    void badSegmentHeader_isMadeUpForByTheNextSegment() throws IOException {
        Path store = directory.resolve("two");
        try (Wal wal = Wal.open(WalConfig.of(store))) {
            wal.partition("orders", 0).append("first".getBytes(StandardCharsets.UTF_8));
            wal.partition("orders", 0).rotate();
            wal.partition("orders", 0).append("second".getBytes(StandardCharsets.UTF_8));
        }
        Path first = StoreFiles.segments(store, "orders-0").get(0);
        StoreFiles.flip(first, 100);
        CliRun run = CliRun.of("dump", first);

        assertThat(run.out())
                .contains("BAD HEADER", "known from its neighbours", "SEAL")
                .containsPattern("RAW +0 +1 +5 ");
    }

    @Test
    void badSegmentHeaderAlone_leavesNothingToCheckFramesWith() throws IOException {
        Path alone = Files.copy(segment, directory.resolve("00000000000000000000-00000001.seg"));
        StoreFiles.flip(alone, 100);
        CliRun run = CliRun.of("dump", alone);

        assertThat(run.exitCode()).isEqualTo(ExitCode.UNREADABLE.number());
        assertThat(run.out()).contains("BAD HEADER", "cannot be checked");
    }

    @Test
    void fileThatIsNoSegment_isShownAsSuch() throws IOException {
        Path letter = Files.writeString(directory.resolve("letter.txt"), "dear reader");
        assertThat(CliRun.of("dump", letter).out()).contains("BAD HEADER", "cut off");
        Path empty = Files.createFile(directory.resolve("empty.seg"));
        assertThat(CliRun.of("dump", empty).exitCode()).isEqualTo(ExitCode.UNREADABLE.number());
    }

    @Test
    void fileThatIsMissing_isNotFound() {
        CliRun run = CliRun.of("dump", directory.resolve("absent.seg"));

        assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run.err()).startsWith("wal: FILE_UNKNOWN ");
        assertThat(CliRun.of("dump", "--data", directory, "order-0").err()).contains("did you mean orders-0?");
    }
}
