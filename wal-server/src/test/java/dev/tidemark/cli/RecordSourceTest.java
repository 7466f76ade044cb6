package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RecordSourceTest {

    private static RecordSource lines(String text) {
        return new RecordSource(bytes(text), "test", false, 8);
    }

    private static RecordSource prefixed(String text) {
        return new RecordSource(bytes(text), "test", true, 8);
    }

    private static ByteArrayInputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static List<String> all(RecordSource source) throws IOException {
        List<String> all = new ArrayList<>();
        for (Optional<byte[]> record = source.next(); record.isPresent(); record = source.next()) {
            all.add(new String(record.get(), StandardCharsets.ISO_8859_1));
        }
        return all;
    }

    @Test
    void lines_endAtNewlinesAndKeepEverythingElse() throws IOException {
        assertThat(all(lines("a\nb\r\n\nc d"))).containsExactly("a", "b\r", "", "c d");
    }

    @Test
    void lastLine_countsWithAndWithoutItsNewline() throws IOException {
        assertThat(all(lines("a\nb"))).containsExactly("a", "b");
        assertThat(all(lines("a\nb\n"))).containsExactly("a", "b");
        assertThat(all(lines(""))).isEmpty();
    }

    @Test
    void bytesRead_countsWhatSeparatesTheRecords() throws IOException {
        RecordSource source = lines("ab\nc");
        all(source);
        assertThat(source.bytesRead()).isEqualTo(4);
        RecordSource binary = prefixed("\0\0\0\2hi");
        all(binary);
        assertThat(binary.bytesRead()).isEqualTo(6);
    }

    @Test
    void lineOfExactlyTheLimit_isTaken() throws IOException {
        assertThat(all(lines("12345678\n"))).containsExactly("12345678");
    }

    @Test
    void lineOverTheLimit_isRefused() {
        assertThatThrownBy(() -> all(lines("ok\n123456789\n")))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("RECORD_TOO_LARGE")
                .hasMessageContaining("record=1");
    }

    @Test
    void lengthPrefixed_mayHoldAnything() throws IOException {
        assertThat(all(prefixed("\0\0\0\2\n\n\0\0\0\0\0\0\0\1x"))).containsExactly("\n\n", "", "x");
    }

    @Test
    void lengthOverTheLimit_isRefusedBeforeAnythingIsAllocated() {
        assertThatThrownBy(() -> all(prefixed("\u00ff\u00ff\u00ff\u00ff")))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("bytes=4294967295");
    }

    @Test
    void inputThatEndsInsideARecord_isAnError() {
        assertThatThrownBy(() -> all(prefixed("\0\0")))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("INPUT_TRUNCATED");
        assertThatThrownBy(() -> all(prefixed("\0\0\0\3ab")))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("INPUT_TRUNCATED");
    }
}
