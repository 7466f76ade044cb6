package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** The hex dumps in {@code docs/format.md} are decoded, and the page and the code name the same verdicts in the same order. */
class FormatDocTest {

    private static final Pattern BLOCK = Pattern.compile("```hex (\\S+)\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern LINE = Pattern.compile("([0-9a-f]{4})  ((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:  .*)?");

    /** A dump: the bytes it shows, at their places in a file that is otherwise zeros, and where they begin and end. */
    private record Dump(String file, ByteBuffer bytes, int from, int to) {}

    @Test
    void everyDump_showsTheGoldenFileItNames() throws IOException {
        List<Dump> dumps = dumps();
        assertThat(dumps).hasSize(9);
        for (Dump dump : dumps) {
            byte[] golden = GoldenV1.read(dump.file());
            assertThat(Arrays.copyOfRange(dump.bytes().array(), dump.from(), dump.to()))
                    .as("%s at %#x", dump.file(), dump.from())
                    .isEqualTo(Arrays.copyOfRange(golden, dump.from(), dump.to()));
        }
    }

    @Test
    void dumpsOfFrames_areDecodedToTheirValues() throws IOException {
        List<FrameSample> shown = new ArrayList<>();
        for (Dump dump : dumps()) {
            if (dump.file().endsWith(".seg") && dump.from() > 0) {
                SegmentHeader header =
                        dump.file().contains("-00000003") ? GoldenV1.FIRST_HEADER : GoldenV1.SECOND_HEADER;
                CRC32C scratch = new CRC32C();
                int left = dump.to() - dump.from();
                assertThat(FrameCodec.checkHeader(
                                dump.bytes(),
                                dump.from(),
                                left,
                                header.salt(),
                                dump.from(),
                                dump.to(),
                                FrameCodec.ANY_OFFSET,
                                scratch))
                        .as("%s at %#x", dump.file(), dump.from())
                        .isEqualTo(FrameVerdict.VALID);
                assertThat(FrameCodec.checkPayload(dump.bytes(), dump.from(), scratch))
                        .isEqualTo(FrameVerdict.VALID);
                assertThat(FrameCodec.frameBytes(dump.bytes(), dump.from())).isEqualTo(left);
                shown.add(FrameSample.readFrom(dump.bytes(), dump.from()));
            }
        }
        assertThat(shown)
                .containsExactly(
                        GoldenV1.FIRST_FRAMES.get(0),
                        GoldenV1.FIRST_FRAMES.get(1),
                        GoldenV1.SEAL_FRAME,
                        GoldenV1.FIRST_FRAMES.get(5),
                        GoldenV1.CLOSE_FRAME);
    }

    @Test
    void dumpsOfHeadersAndMetadata_areDecodedToTheirValues() throws IOException {
        List<Object> shown = new ArrayList<>();
        for (Dump dump : dumps()) {
            byte[] bytes = Arrays.copyOf(dump.bytes().array(), dump.to());
            if (dump.file().endsWith(".seg") && dump.from() == 0) {
                shown.add(SegmentHeader.decode(dump.bytes(), 0, dump.to()));
            } else if (dump.file().endsWith(".idx")) {
                shown.add(IndexHeader.decode(dump.bytes(), 0, dump.to(), dump.to()));
            } else if (dump.file().endsWith("STORE")) {
                shown.add(StoreFile.decode(bytes));
            } else if (dump.file().endsWith("PARTITION")) {
                shown.add(PartitionFile.decode(bytes));
            }
        }
        assertThat(shown)
                .containsExactly(
                        new Decoded.Good<>(GoldenV1.FIRST_HEADER),
                        new Decoded.Good<>(GoldenV1.STORE),
                        new Decoded.Good<>(GoldenV1.EVERYTHING),
                        new Decoded.Good<>(GoldenV1.INDEX));
    }

    @Test
    void verdicts_areNamedInTheOrderOfTheTests() throws IOException {
        String page = page();
        String section =
                page.substring(page.indexOf("### When a frame is valid"), page.indexOf("Padding is not tested"));
        Matcher named = Pattern.compile("`([A-Z_]{5,})`").matcher(section);
        List<FrameVerdict> verdicts = new ArrayList<>();
        while (named.find()) {
            verdicts.add(FrameVerdict.valueOf(named.group(1)));
        }
        assertThat(verdicts).containsExactly(FrameVerdict.values());
    }

    @Test
    void limits_areThoseOfTheCode() throws IOException {
        assertThat(page())
                .contains(String.format(Locale.ROOT, "at most %,d", FrameCodec.MAX_PAYLOAD_BYTES))
                .contains(String.format(Locale.ROOT, "(at most %,d)", ProducerState.MAX_PRODUCERS))
                .contains(String.format(Locale.ROOT, "(1 to %d)", ProducerState.MAX_RECENT))
                .contains(String.format(Locale.ROOT, "list, up to %,d, by epoch", PartitionFile.MAX_CLOSED))
                .contains(String.format(Locale.ROOT, "intents | list, up to %d ", PartitionFile.MAX_INTENTS))
                .contains(String.format(Locale.ROOT, "list, up to %,d, by name", PartitionFile.MAX_CHECKPOINTS))
                .contains(String.format(Locale.ROOT, "list, up to %,d, by first offset", PartitionFile.MAX_LOSSES))
                .contains(String.format(Locale.ROOT, "up to %d bytes", Loss.MAX_REASON_BYTES))
                .contains(String.format(Locale.ROOT, "at most %,d; the file", IndexHeader.MAX_ENTRIES))
                .contains(String.format(Locale.ROOT, "larger than %d MiB", PartitionFile.MAX_BYTES >> 20));
    }

    private static List<Dump> dumps() throws IOException {
        List<Dump> dumps = new ArrayList<>();
        Matcher block = BLOCK.matcher(page());
        while (block.find()) {
            dumps.add(dump(block.group(1), block.group(2)));
        }
        return dumps;
    }

    private static Dump dump(String file, String text) {
        ByteBuffer bytes = ByteBuffer.allocate(8192).order(ByteOrder.LITTLE_ENDIAN);
        int from = -1;
        int to = 0;
        for (String line : text.split("\n", -1)) {
            Matcher shown = LINE.matcher(line);
            if (shown.matches()) {
                int at = Integer.parseInt(shown.group(1), 16);
                from = from < 0 ? at : from;
                for (String digits : shown.group(2).split(" ", -1)) {
                    bytes.put(at++, (byte) Integer.parseInt(digits, 16));
                }
                to = at;
            } else {
                assertThat(line).as("line of a dump").isIn("", "....  zeros");
            }
        }
        return new Dump(file, bytes, from, to);
    }

    private static String page() throws IOException {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.exists(root.resolve("docs/format.md"))) {
            root = root.getParent();
        }
        return Files.readString(root.resolve("docs/format.md"), StandardCharsets.UTF_8);
    }
}
